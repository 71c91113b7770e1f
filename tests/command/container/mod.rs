//! The command in a container: under the filter of Docker's default profile, without added capabilities.
//!
//! `explore` decides there, as root and as a normal user, and `doctor` names what the container refuses. Each test runs in a
//! process of its own, which enters the filter; what it starts is under it too.

mod filter;

use std::fs;
use std::os::unix::fs::{PermissionsExt, chown};
use std::path::Path;
use std::process::Command;

use nix::errno::Errno;
use nix::sys::personality::{self, Persona};
use tempfile::TempDir;

use super::cli::command::{Ran, left_in, run};
use super::explored::programs::found;
use crate::harness::{Capability, Test, ignore, tests, workspace};

/// The user nobody.
const USER: u32 = 65_534;

/// Where the command finds interpreters: a normal user may have no access to those of root's.
const PATH: &str = "/usr/bin:/bin";

/// Who runs the command in the container.
#[derive(Clone, Copy, Debug)]
enum User {
    /// Root with the capabilities of a container.
    Root,
    /// A normal user without capabilities.
    Nobody,
}

/// A directory for the command and its files; the test is ignored if this user cannot become another one.
fn place(user: User) -> TempDir {
    if !nix::unistd::geteuid().is_root() {
        ignore(
            Capability::Root,
            "only root sets its capabilities and becomes another user",
        );
    }
    if found("setpriv").is_err() {
        ignore(Capability::Program("setpriv"), "it is not on the PATH");
    }
    let place = tempfile::tempdir().expect("root has the rights");
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).expect("it is ours");
    // A normal user may have no access to the directory of the build, or to the sources.
    fs::copy(env!("CARGO_BIN_EXE_onewinner"), place.path().join("onewinner")).expect("it is ours");
    for example in ["driver.py", "driver.sh", "stat-then-write.sh"] {
        fs::copy(workspace().join("examples").join(example), place.path().join(example)).expect("it is ours");
    }
    let own = place.path().join("tmp");
    fs::create_dir(&own).expect("it is new");
    if matches!(user, User::Nobody) {
        chown(&own, Some(USER), Some(USER)).expect("root has the rights");
    }
    place
}

/// The command with these arguments in the container.
fn contained(user: User, place: &Path, arguments: &[&str]) -> Ran {
    filter::enter().expect("the kernel takes filters");
    let mut command = Command::new("setpriv");
    match user {
        User::Root => command.args(["--bounding-set", filter::CAPABILITIES, "--inh-caps=-all"]),
        User::Nobody => {
            let id = USER.to_string();
            command.args(["--reuid", &id, "--regid", &id, "--clear-groups"]);
            command.args(["--bounding-set=-all", "--inh-caps=-all"])
        }
    };
    command
        .arg(place.join("onewinner"))
        .args(arguments)
        .current_dir(place.join("tmp"))
        .env("TMPDIR", place.join("tmp"))
        .env("NO_COLOR", "1")
        .env("PATH", PATH);
    run(command)
}

/// Explores a driver of the examples.
fn explored(user: User, driver: &str, more: &[&str]) -> Ran {
    let interpreter = if driver.ends_with("py") { "python3" } else { "sh" };
    if !Path::new("/usr/bin").join(interpreter).exists() {
        let capability = Capability::program(interpreter).expect("the programs that tests use are listed");
        ignore(capability, format!("it is not in {PATH}"));
    }
    let place = place(user);
    let line = format!("{interpreter} {} {{lock}}", place.path().join(driver).display());
    let arguments = [&["explore", "--driver", &line, "--time", "600"], more].concat();
    // The suite needs ptrace outside of the container: a refusal inside is a failure.
    let ran = contained(user, place.path(), &arguments);
    assert_eq!(left_in(&place.path().join("tmp")), [""; 0], "{ran:?}");
    ran
}

/// Few executions of a search that is complete.
const SMALL: &[&str] = &["--scenario", "contend", "-n", "2", "--preemptions", "1"];

fn a_right_lock_holds_in_a_container_for_root() {
    explored(User::Root, "driver.py", SMALL)
        .exits(0)
        .says(&["  holds", "as claimed: exactly one winner"]);
}

fn a_right_lock_holds_in_a_container_for_a_normal_user() {
    explored(User::Nobody, "driver.py", SMALL).exits(0).says(&[
        "  holds",
        "as claimed: exactly one winner",
        "personality(2) is refused",
    ]);
}

fn a_broken_lock_is_caught_and_replayed_in_a_container() {
    let more = [SMALL, &["--save", "/dev/null"]].concat();
    explored(User::Nobody, "stat-then-write.sh", &more)
        .exits(1)
        .says(&["2 of 2 hold the lock at once", "reproduced 10/10"]);
}

/// The program makes a folder with mktemp(1), and is killed before it removes it in most schedules.
fn nothing_stays_in_the_directory_for_temporary_files() {
    for user in [User::Root, User::Nobody] {
        let place = place(user);
        let script = place.path().join("folder.sh");
        let text = "d=$(mktemp -d) && echo x >\"$d/x\"\nmkdir \"$1\" 2>/dev/null || { rm -rf \"$d\"; echo busy; exit; }\n\
                    echo acquired; read x; rmdir \"$1\"; rm -rf \"$d\"; echo released\n";
        fs::write(&script, text).expect("it is ours");
        let driver = format!("sh {} {{lock}}", script.display());
        contained(
            user,
            place.path(),
            &["explore", "--driver", &driver, "-n", "2", "--scenario", "contend"],
        )
        .exits(0);
        assert_eq!(left_in(&place.path().join("tmp")), Vec::<String>::new(), "{user:?}");
    }
}

fn doctor_names_what_a_container_refuses_and_how_to_allow_it() {
    for user in [User::Root, User::Nobody] {
        let place = place(user);
        let ran = contained(user, place.path(), &["doctor"]).exits(0);
        let from = ran.stdout.find("ptrace").expect("a line for it");
        assert_eq!(
            &ran.stdout[from..],
            "\
ptrace       allowed
seccomp      allowed
addresses    random: operation not permitted (EPERM); a program that depends on addresses may not replay
             → in a container, add `--security-opt seccomp=unconfined`
namespaces   none
namespace    user refused: operation not permitted (EPERM); a normal user can make no other namespace
namespace    process refused: operation not permitted (EPERM); process numbers differ from one execution to the next, and \
programs see the processes of the machine
namespace    mount refused: operation not permitted (EPERM); programs can change files of the machine beside the lock
namespace    network refused: operation not permitted (EPERM); programs share the ports of the machine
namespace    ipc refused: operation not permitted (EPERM); programs share the message queues and semaphores of the machine
             → in a container, add `--cap-add=SYS_ADMIN --security-opt apparmor=unconfined`
ns_last_pid  not writable: operation not permitted (EPERM); a program that shows its process number is started anew for \
each execution, which takes longer
             → allow the namespaces above
",
            "{user:?}"
        );
    }
}

/// The filter is the oracle of this suite.
fn the_filter_refuses_what_the_published_profile_refuses() {
    let fixed = || personality::set(Persona::ADDR_NO_RANDOMIZE);
    let isolated = || nix::sched::unshare(nix::sched::CloneFlags::CLONE_NEWUSER);
    filter::enter().expect("the kernel takes filters");
    assert_eq!(fixed(), Err(Errno::EPERM));
    assert!(personality::get().is_ok());
    assert_eq!(isolated(), Err(Errno::EPERM));
    assert_eq!(
        nix::sched::setns(std::io::stdin(), nix::sched::CloneFlags::empty()),
        Err(Errno::EPERM)
    );
    assert_eq!(nix::mount::umount("/nowhere"), Err(Errno::EPERM));
}

/// The tests of this area.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_right_lock_holds_in_a_container_for_root,
        a_right_lock_holds_in_a_container_for_a_normal_user,
        a_broken_lock_is_caught_and_replayed_in_a_container,
        nothing_stays_in_the_directory_for_temporary_files,
        doctor_names_what_a_container_refuses_and_how_to_allow_it,
        the_filter_refuses_what_the_published_profile_refuses,
    ]
}
