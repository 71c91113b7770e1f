//! Drivers in turn, through the driver protocol. Each answers in the agreed words, and none stays behind.
//!
//! No schedule is explored here, so a wrong lock passes too. Where the machine lacks the program the test is ignored.

mod driver;

use std::path::Path;

use super::explored::ignore_without;
use super::explored::programs::{self, Missing, line};
use crate::harness::Test;
use driver::Driver;
use onewinner_core::history::What::{self, AcquireBegan, Acquired, Busy, ReleaseBegan, Released};

/// All that a holder reports.
const WHOLE: [What; 4] = [AcquireBegan, Acquired, ReleaseBegan, Released];

/// One that holds the lock.
#[track_caller]
fn holder(line: &str, lock: &Path) -> Driver {
    let mut holder = Driver::start(line, lock);
    holder.answer();
    assert!(holder.holds(), "{line}");
    holder
}

/// One acquires, releases and ends; so does the next.
#[track_caller]
fn alone(line: &str, lock: &Path) {
    for _ in 0..2 {
        let mut holder = holder(line, lock);
        holder.release();
        assert_eq!(holder.end(), WHOLE, "{line}");
    }
}

/// As [`alone`], and one that comes while the lock is held reports *busy*.
#[track_caller]
fn one_after_another(line: &str, lock: &Path) {
    one_at_a_time(line, lock);
    alone(line, lock);
}

/// One acquires, and one that comes while the lock is held reports *busy*.
#[track_caller]
fn one_at_a_time(line: &str, lock: &Path) {
    let mut holder = holder(line, lock);
    let mut loser = Driver::start(line, lock);
    loser.answer();
    assert!(!loser.holds(), "{line}");
    assert_eq!(loser.end(), [AcquireBegan, Busy], "{line}");
    holder.release();
    assert_eq!(holder.end(), WHOLE, "{line}");
}

/// As [`alone`], and one that comes while the lock is held gets it later.
#[track_caller]
fn one_waits_for_the_other(line: &str, lock: &Path) {
    let mut holder = holder(line, lock);
    let mut waiting = Driver::start(line, lock);
    holder.release();
    assert_eq!(holder.end(), WHOLE, "{line}");
    waiting.answer();
    waiting.release();
    assert_eq!(waiting.end(), WHOLE, "{line}");
    alone(line, lock);
}

/// As [`one_after_another`]; the lock exists exactly while it is held, and where it cannot exist the driver reports an error.
#[track_caller]
fn the_name_is_the_lock(line: &str, lock: &Path) {
    let mut holder = holder(line, lock);
    assert!(lock.exists(), "{line}");
    let mut loser = Driver::start(line, lock);
    loser.answer();
    loser.end();
    assert!(lock.exists(), "{line}: a loser leaves the lock alone");
    holder.release();
    holder.end();
    assert!(!lock.exists(), "{line}");
    one_after_another(line, lock);

    let mut failing = Driver::start(line, &lock.join("no such directory").join("lock"));
    failing.answer();
    assert!(
        matches!(failing.end()[..], [AcquireBegan, What::Failed { .. }]),
        "{line}"
    );
}

/// Tries a program, if there is one.
#[track_caller]
fn check(line: Result<String, Missing>, fact: fn(&str, &Path)) {
    let directory = tempfile::tempdir().expect("a directory");
    match line {
        Ok(line) => fact(&line, &directory.path().join("lock")),
        Err(missing) => ignore_without(&missing),
    }
}

/// A driver of `examples/`.
#[track_caller]
fn check_example(command: &str, example: &str) {
    let line = || Ok(format!("{command} examples/{example} {{lock}}"));
    check(programs::found(command).and_then(|()| line()), the_name_is_the_lock);
}

/// Both locks that onewinner began with, in one language.
#[track_caller]
fn check_seed(source: &str) {
    for lock in ["create-new", "stat-then-write"] {
        check(line(source, &format!("{lock} {{lock}}")), the_name_is_the_lock);
    }
}

/// The ways in which `looks.c` looks and reports.
const WAYS: &str = "relative dirfd openat2 self content mapped size allocate copy mode time attribute links listing moved directory \
                    pointer probed asked socket abstract semaphore called";

/// The ways in which `sees.c` does, but for the port, which only one test may use.
const OBJECTS: &str =
    "access attribute folders times emptied linked unnamed counted device folder pipe bytes task detour";

/// What `harmless.c` does besides. What only a tracer makes harmless is left out.
const HARMLESS: &str = "touch empty mode owner log twice copy duplicate unnamed port pair disk hidden";

/// The ways in which `pid-file.c` learns that a process is gone.
const PROBES: &str = "kill getpgid getsid scheduler priority limits pidfd proc";

#[track_caller]
fn check_each(source: &str, words: &str, fact: fn(&str, &Path)) {
    for word in words.split_whitespace() {
        check(line(source, &format!("{word} {{lock}}")), fact);
    }
}

macro_rules! facts {
    ($($name:ident: $check:ident($($argument:expr),+);)*) => {
        /// The tests of this area.
        pub(crate) fn tests() -> Vec<Test> {
            vec![$(Test::new(stringify!($name), || $check($($argument),+))),*]
        }
    };
}

facts! {
    the_shell_example_locks: check_example("sh", "driver.sh");
    the_python_example_locks: check_example("python3", "driver.py");
    the_node_example_locks: check_example("node", "driver.js");
    the_seed_in_c: check_seed("seed.c");
    the_seed_in_go: check_seed("seed.go");
    the_seed_in_java: check_seed("Seed.java");
    the_seed_in_node: check_seed("seed.js");
    the_seed_in_perl: check_seed("seed.pl");
    the_seed_in_python: check_seed("seed.py");
    the_seed_in_rust: check_seed("seed.rs");
    the_seed_in_the_shell: check_seed("seed.sh");
    a_lock_by_link_and_check: check(line("link-and-check.sh", "{lock}"), the_name_is_the_lock);
    a_lock_under_a_name_drawn_at_random: check(line("mktemp.sh", "{lock}"), the_name_is_the_lock);
    one_that_gives_up_at_an_alarm: check(line("alarm.pl", "{lock}"), one_after_another);
    a_lock_that_a_child_keeps: check(line("background-child.sh", "{lock}"), one_at_a_time);
    a_lock_of_a_daemon: check(line("daemon.sh", "{lock}"), one_at_a_time);
    a_lock_by_rename: check(line("rename-over.sh", "{lock}"), the_name_is_the_lock);
    a_program_with_memory_of_its_own: check(line("memfd.c", "{lock}"), the_name_is_the_lock);
    one_that_takes_the_absent_for_stale: check(line("absent-as-stale.c", "{lock}"), the_name_is_the_lock);
    a_kernel_lock_on_a_file_that_is_removed: check(line("flock-unlink.sh", "{lock}"), one_after_another);
    a_kernel_lock_that_is_removed_early: check(line("half-fix.c", "early {lock}"), one_after_another);
    a_kernel_lock_that_is_removed_late: check(line("half-fix.c", "late {lock}"), one_after_another);
    a_kernel_lock_that_is_tried: check(line("flock-kept.c", "try {lock}"), one_after_another);
    a_record_lock_of_the_description: check(line("record-lock.c", "ofd {lock}"), one_after_another);
    a_pid_in_a_file: check_each("pid-file.c", PROBES, one_after_another);
    one_that_looks_and_then_reports: check_each("looks.c", WAYS, one_at_a_time);
    one_that_sees_one_object: check_each("sees.c", OBJECTS, one_at_a_time);
    one_that_does_something_harmless: check_each("harmless.c", HARMLESS, one_after_another);
    one_that_draws_random_bytes: check_each("draws.c", "threads children uuid", the_name_is_the_lock);
    one_that_writes_a_random_word: check(line("own-token.c", "{lock}"), the_name_is_the_lock);
    one_that_reads_the_counter: check_each("counter.c", "reads faults cpu-time", the_name_is_the_lock);
    one_that_takes_a_slow_holder_for_dead: check(line("counter-lease.c", "{lock}"), alone);
    one_that_looks_twice: check_each("two-looks.c", "kill getpgid", one_after_another);
    threads_that_lock_and_unlock: check_each("threads.c", "main other", alone);
    a_word_of_shared_memory: check(line("mapped.c", "{lock}"), one_after_another);
    a_lock_in_another_place: check(line("elsewhere.c", "create-new {lock}"), one_after_another);
    a_broken_lock_in_another_place: check(line("elsewhere.c", "stat-then-write {lock}"), one_after_another);
    a_server: check(line("server.pl", "create-new {lock}"), one_after_another);
    a_broken_server: check(line("server.pl", "stat-then-write {lock}"), one_after_another);
    a_record_lock_of_the_process: check(line("record-lock.c", "posix {lock}"), alone);
    an_exit_handler: check(line("exit-handler.c", "{lock}"), alone);
    an_exit_handler_in_python: check(line("exit-handler.py", "{lock}"), alone);
    a_trap: check(line("exit-trap.sh", "{lock}"), alone);
    one_that_dies_when_it_loses: check(line("dies.c", "{lock}"), alone);
    a_kernel_lock_that_is_waited_for: check(line("flock-kept.c", "wait {lock}"), one_waits_for_the_other);
    one_that_sleeps_and_tries_again: check(line("polls.sh", "{lock}"), one_waits_for_the_other);
    one_that_sleeps_and_tries_again_in_python: check(line("polls.py", "{lock}"), one_waits_for_the_other);
}
