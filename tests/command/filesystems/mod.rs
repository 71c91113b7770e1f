//! What holds on each file system: the calls that our layers and workers make, and what the explorer finds with real processes.
//!
//! File systems are made in namespaces, into which a process moves that has one thread. A test is named after its file system,
//! and ignored if the machine cannot make that.

#[path = "../../linux/bare_calls/layers.rs"]
mod layers;
#[path = "../../bodies/scripts.rs"]
#[expect(
    dead_code,
    reason = "the example makes the calls, and here it is asked which there are"
)]
mod scripts;
#[path = "../../linux/bare_calls/tracer.rs"]
mod tracer;

mod explorer;
mod place;
mod tree;
mod workers;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;

use onewinner_command::mount;
use onewinner_linux::sys::namespace::{Rights, enter, mount_new, show_processes, unmount};
use onewinner_linux::sys::process::{Ended, Worker};

use crate::harness::{Capability, Missing, Test, Tried, ignore};
use place::Place;

/// A name, the file systems on which it is tried, and how. An error says why the machine forbids tracing.
type Fact = (&'static str, &'static [&'static str], fn(&Place) -> place::Tried);

/// In the kernel, made in a moment, and on every Linux.
const KERNELS: &[&str] = &["ext4", "xfs", "btrfs", "tmpfs", "overlay"];

const FACTS: &[Fact] = &[
    (
        "layers_and_contender_add_no_call_and_leave_none_out",
        KERNELS,
        |place| layers::layers_make_the_bare_calls(&place.ways[0]),
    ),
    ("each_method_is_one_call", KERNELS, |place| {
        layers::each_method_is_one_call(&place.ways[0])
    }),
    (
        "measurements_hold_the_calls_of_the_lock_alone",
        KERNELS,
        workers::measurements_hold_the_calls_of_the_lock_alone,
    ),
    (
        "races_hold_the_calls_of_the_lock_alone",
        KERNELS,
        workers::races_hold_the_calls_of_the_lock_alone,
    ),
    (
        "the_explorer_decides_with_real_processes",
        &["ext4", "xfs", "btrfs", "tmpfs", "overlay", "fuse2fs"],
        explorer::it_decides_with_real_processes,
    ),
    (
        "numbers_that_are_used_again_let_a_second_process_in",
        KERNELS,
        explorer::numbers_that_are_used_again_let_a_second_process_in,
    ),
    (
        "two_mounts_keep_existence_locks_and_no_kernel_locks",
        &["overlay-shared", "bindfs"],
        explorer::two_mounts_keep_existence_locks_and_no_kernel_locks,
    ),
];

/// The fact that [`Place::make`] checks, of every recipe.
const MADE: &str = "it_is_made_and_is_of_its_type_and_all_ways_lead_to_one_store";

/// The facts that `examples/acquire.rs` shows.
const BY_THE_EXAMPLE: [&str; 2] = [
    "layers_and_contender_add_no_call_and_leave_none_out",
    "each_method_is_one_call",
];

/// The exit codes of the process in the namespaces.
const PASSED: u8 = 0;
const FAILED: u8 = 1;
const IGNORED: u8 = 2;

/// The tests of this area.
pub(crate) fn tests() -> Vec<Test> {
    let own = "a_call_beside_those_of_the_lock_is_seen";
    let mut all = vec![Test::new(own, workers::a_call_beside_those_of_the_lock_is_seen)];
    for name in mount::ALL.iter().map(|recipe| recipe.name()) {
        all.push(Test::new(MADE, move || apart(name, |_| Ok(()))).within(name));
        let of_this = FACTS.iter().filter(|(_, names, _)| names.contains(&name));
        let tests = of_this.map(|(fact, _, run)| {
            let run = move || {
                if BY_THE_EXAMPLE.contains(fact) {
                    // Not in the namespaces: cargo needs what is outside.
                    layers::example();
                }
                apart(name, *run);
            };
            Test::new(*fact, run).within(name)
        });
        all.extend(tests);
    }
    all
}

/// Tries a fact on a file system, in namespaces of its own.
fn apart(name: &'static str, run: fn(&Place) -> place::Tried) {
    let place = tempfile::tempdir().expect("a temporary directory");
    let (mounts, why) = (place.path().join("mounts"), place.path().join("why"));
    std::fs::create_dir(&mounts).expect("the directory is new");
    let rights = match enter() {
        Ok(rights) => rights,
        Err(why) => ignore(Capability::Namespaces, why),
    };
    let first = Worker::fork_first(|| match inside(&mounts, rights, name, run) {
        Ok(code) => code,
        Err(missing) => {
            let text = format!("{}\n{}", missing.capability, missing.why);
            std::fs::write(&why, text).expect("the directory is ours");
            IGNORED
        }
    });
    let mut first = first.expect("the first process of the namespaces");
    let ended = loop {
        match first.ended() {
            Some(ended) => break ended,
            None => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    };
    // What is a mount point cannot be removed; nothing is mounted there if nothing can be.
    let _gone = unmount(&mounts);
    match ended {
        Ended::Exited(code) if code == PASSED => {}
        Ended::Exited(code) if code == IGNORED => {
            let text = std::fs::read_to_string(&why).expect("the process wrote why");
            let (capability, why) = text.split_once('\n').expect("two lines");
            ignore(Capability::by_name(capability).expect("a name of ours"), why);
        }
        ended => panic!("{name}: {ended}"),
    }
}

/// The first process in the namespaces: when it ends, all that was mounted and started is gone.
fn inside(mounts: &Path, rights: Rights, name: &'static str, run: fn(&Place) -> place::Tried) -> Result<u8, Missing> {
    // A container, or a rule of the machine, may refuse mounts in namespaces too.
    let prepared = show_processes().and_then(|()| mount_new("tmpfs", mounts, "size=75%,mode=0755"));
    prepared.map_err(|errno| Missing::new(Capability::Namespaces, errno))?;
    let tried = catch_unwind(AssertUnwindSafe(|| -> Tried {
        let place = Place::make(name, mounts, rights);
        let place = place.map_err(|why| Missing::new(Capability::FileSystems, why))?;
        run(&place).map_err(|why| Missing::new(Capability::Ptrace, why))
    }));
    match tried {
        Ok(Ok(())) => Ok(PASSED),
        Ok(Err(missing)) => Err(missing),
        Err(_) => Ok(FAILED),
    }
}
