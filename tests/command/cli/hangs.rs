//! Programs that hang, under `explore`: the time limit and Ctrl-C are honoured within a second, whatever a program does, and
//! nothing is left of it.

use std::fs::{self, Permissions};
use std::os::unix::fs::{PermissionsExt, chown};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, geteuid};

use super::command::{BINARY, LIMIT, command, directory, end_of, eventually, left_in, processes_with, run};
use crate::explored::programs::line;
use crate::harness::{Capability, Test, ignore, tests};

/// What `hangs.c` does for ever.
const WAYS: &[&str] = &["fifo", "epoll", "deaf", "spin", "calls", "outside"];

/// What `leaves.c` leaves.
const THINGS: &[&str] = &["untraced", "daemon", "closed"];

/// The time limit that a command gets, in seconds.
const TIME_S: u64 = 2;
/// How much longer it may take: a second, and as much for a busy machine to start and to end it.
const SLACK: Duration = Duration::from_secs(2);

/// Explores a driver; the test is ignored if there is no compiler.
fn explore(place: &Path, source: &str, how: &str, more: &str) -> Command {
    let line = line(source, &format!("{how} {{lock}}"));
    let line = line.unwrap_or_else(|missing| {
        let capability = Capability::program(&missing).expect("the programs that tests use are listed");
        ignore(capability, "it is not on the PATH")
    });
    let mut explore = command(place, "explore --scenario contend -n 2 --save none.json --driver");
    explore.arg(line).args(more.split_whitespace());
    explore
}

/// Waits until a contender runs: it has the name of its source, and its environment is that of the command.
#[track_caller]
fn await_contender(place: &Path, source: &str) {
    let runs = |pid: &i32| {
        let line = fs::read_to_string(format!("/proc/{pid}/cmdline")).unwrap_or_default();
        line.split('\0').next().is_some_and(|program| program.contains(source))
    };
    let found = || processes_with(place).iter().any(runs);
    assert!(eventually(LIMIT, found), "no contender runs");
}

/// Asserts that no process and no file is left of a command.
#[track_caller]
fn nothing_is_left(place: &Path, of: &str) {
    let gone = eventually(Duration::from_secs(5), || processes_with(place).is_empty());
    assert!(gone, "{of}: {:?}", processes_with(place));
    assert_eq!(left_in(place), [""; 0], "{of}");
}

fn the_time_limit_is_kept_whatever_a_program_does() {
    for how in WAYS {
        let place = directory();
        let began = Instant::now();
        let child = explore(place.path(), "hangs.c", how, &format!("--time {TIME_S}"));
        let ran = run(child).traced();
        let took = began.elapsed();
        // A loop of epoll_wait(2) is a poll: the search ends by itself, if it is quick enough.
        let decided = *how == "epoll" && ran.code == Some(0);
        assert!(decided || ran.code == Some(3), "{how}: {}", ran.stdout);
        assert_eq!(ran.stderr, "", "{how}");
        assert!(
            took < Duration::from_secs(TIME_S) + SLACK,
            "{how}: {took:?}: {}",
            ran.stdout
        );
        nothing_is_left(place.path(), how);
    }
}

fn an_interrupt_ends_the_command_whatever_a_program_does() {
    for (how, signal) in WAYS.iter().zip([Signal::SIGINT, Signal::SIGTERM].into_iter().cycle()) {
        let place = directory();
        let child: Child = explore(place.path(), "hangs.c", how, "--time 600")
            .spawn()
            .expect("it starts");
        await_contender(place.path(), "hangs.c");
        let began = Instant::now();
        let pid = Pid::from_raw(i32::try_from(child.id()).expect("a pid"));
        kill(pid, signal).expect("it is ours");
        let ran = end_of(child).says(&["interrupted: the part completed until then is above"]);
        let took = began.elapsed();
        assert_eq!((ran.code, &*ran.stderr), (Some(130), ""), "{how}: {}", ran.stdout);
        assert!(took < SLACK, "{how}: {took:?}");
        nothing_is_left(place.path(), how);
    }
}

fn nothing_stays_of_what_a_program_leaves_behind() {
    for what in THINGS {
        let place = directory();
        let child = explore(place.path(), "leaves.c", what, "--preemptions 1 --time 60");
        let ran = run(child).traced();
        // A tracer may refuse what it cannot follow.
        assert!(matches!(ran.code, Some(0 | 3)), "{what}: {ran:?}");
        nothing_is_left(place.path(), what);
    }
}

fn nothing_stays_of_what_a_normal_user_may_not_enter() {
    const USER: u32 = 65_534;
    if !geteuid().is_root() {
        ignore(
            Capability::Root,
            "only root becomes another user; the test above covers this one",
        );
    }
    let place = directory();
    let open = |path: &Path| fs::set_permissions(path, Permissions::from_mode(0o755)).expect("it is ours");
    open(place.path());
    let (own, binary) = (place.path().join("own"), place.path().join("onewinner"));
    fs::create_dir(&own).expect("it is new");
    chown(&own, Some(USER), Some(USER)).expect("root has the rights");
    fs::copy(BINARY, &binary).expect("it is ours");
    let line = line("leaves.c", "").unwrap_or_else(|_| ignore(Capability::Program("cc"), "it is not on the PATH"));
    let driver = place.path().join("leaves");
    fs::copy(line.trim(), &driver).expect("it is ours");
    let mut explore = Command::new(&binary);
    explore
        .args([
            "explore",
            "--scenario",
            "contend",
            "-n",
            "2",
            "--preemptions",
            "1",
            "--time",
            "60",
            "--driver",
        ])
        .arg(format!("{} closed {{lock}}", driver.display()))
        .current_dir(&own)
        .env("TMPDIR", &own)
        .uid(USER)
        .gid(USER);
    let ran = run(explore).traced();
    assert_eq!((ran.code, &*ran.stderr), (Some(0), ""), "{}", ran.stdout);
    nothing_is_left(&own, "closed");
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        the_time_limit_is_kept_whatever_a_program_does,
        an_interrupt_ends_the_command_whatever_a_program_does,
        nothing_stays_of_what_a_program_leaves_behind,
        nothing_stays_of_what_a_normal_user_may_not_enter,
    ]
}
