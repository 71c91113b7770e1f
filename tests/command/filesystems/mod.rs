//! What holds on each file system: the calls that our layers and workers make, and what the explorer finds with real processes.
//!
//! Without libtest, whose tests are threads: file systems are made in namespaces, into which a process moves that has one
//! thread. `tests/command/filesystems [NAME]` runs the facts whose name, or whose file system, contains NAME. What the machine does not
//! give is said: `skipped: why`.

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
use std::process::ExitCode;

use onewinner_command::mount;
use onewinner_linux::sys::namespace::{Rights, enter, mount_new, show_processes, unmount};
use onewinner_linux::sys::process::{Ended, Worker};
use place::{Place, Tried};

/// A name, the file systems on which it is tried, and how.
type Fact = (&'static str, &'static [&'static str], fn(&Place) -> Tried);

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

/// The fact that [`Place::make`] looks at, of every recipe.
const MADE: &str = "it_is_made_and_is_of_its_type_and_all_ways_lead_to_one_store";

/// How long the whole suite may take, in seconds: ten times what it needs.
const LONGEST_SECONDS: u32 = 600;
/// The exit code of the process in the namespaces, if a fact fails.
const FAILED: u8 = 1;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    // SIGALRM ends a suite that hangs; what is in the namespaces dies with it.
    nix::unistd::alarm::set(LONGEST_SECONDS);
    workers::a_call_beside_those_of_the_lock_is_seen();
    // Not in the namespaces: cargo needs what is outside.
    layers::example();
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));
    let ground = tempfile::tempdir().expect("a temporary directory");
    let rights = match enter() {
        Ok(rights) => rights,
        Err(why) => {
            println!("skipped: every fact: {why}");
            return ExitCode::SUCCESS;
        }
    };
    let first = Worker::fork_first(|| inside(ground.path(), rights, wanted.map(String::as_str)));
    let mut first = first.expect("the first process of the namespaces");
    let ended = loop {
        match first.ended() {
            Some(ended) => break ended,
            None => std::thread::sleep(std::time::Duration::from_millis(5)),
        }
    };
    // What is a mount point cannot be removed; nothing is mounted there if nothing can be.
    let _gone = unmount(ground.path());
    match ended {
        Ended::Exited(0) => ExitCode::SUCCESS,
        ended => {
            println!("FAILED  {ended}");
            ExitCode::FAILURE
        }
    }
}

/// The first process in the namespaces: when it ends, all that was mounted and started is gone.
fn inside(ground: &Path, rights: Rights, wanted: Option<&str>) -> u8 {
    // A container, or a rule of the machine, may refuse mounts in namespaces too.
    let prepared = show_processes().and_then(|()| mount_new("tmpfs", ground, "size=75%,mode=0755"));
    if let Err(errno) = prepared {
        println!("skipped: every fact: nothing can be mounted in namespaces of our own: {errno}");
        return 0;
    }
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for name in mount::ALL.iter().map(|recipe| recipe.name()) {
        let is_wanted = |fact: &str| wanted.is_none_or(|wanted| fact.contains(wanted) || name.contains(wanted));
        let facts = FACTS
            .iter()
            .filter(|(fact, places, _)| places.contains(&name) && is_wanted(fact));
        let facts: Vec<&Fact> = facts.collect();
        if facts.is_empty() && !is_wanted(MADE) {
            continue;
        }
        let mut tell = |fact: &str, tried: std::thread::Result<Tried>| match tried {
            Ok(Ok(())) => {
                passed += 1;
                println!("ok      {name}: {fact}");
            }
            Ok(Err(why)) => {
                skipped += 1;
                println!("skipped: {name}: {fact}: {why}");
            }
            Err(_) => {
                failed += 1;
                println!("FAILED  {name}: {fact}");
            }
        };
        match catch_unwind(AssertUnwindSafe(|| Place::make(name, ground, rights))) {
            Ok(Ok(place)) => {
                tell(MADE, Ok(Ok(())));
                for (fact, _, try_it) in facts {
                    tell(fact, catch_unwind(AssertUnwindSafe(|| try_it(&place))));
                }
            }
            Ok(Err(why)) => {
                tell(MADE, Ok(Err(why.clone())));
                for (fact, ..) in facts {
                    tell(fact, Ok(Err(why.clone())));
                }
            }
            Err(panicked) => tell(MADE, Err(panicked)),
        }
    }
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    if failed > 0 { FAILED } else { 0 }
}
