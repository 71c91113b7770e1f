//! Programs of every language under `onewinner explore`: a table of programs and expected verdicts.
//!
//! A wrong lock is caught, by the property that names its fault, with an execution that replays. A right lock holds, and the
//! search is complete within its reported bounds. What cannot be controlled never counts as a pass. Knows only the command
//! line and the JSON.
//!
//! What takes long is ignored, and run by hand: `cargo test --test command explored:: -- --ignored`.

mod adversarial;
mod judge;
mod observed;
mod outcomes;
mod own_places;
pub(crate) mod programs;
mod run;
mod sources;
mod verdict;

use std::ffi::OsStr;
use std::path::Path;
use std::time::Instant;

use judge::judge;
use programs::Missing;
pub(crate) use run::Program;
use run::{Answer, explore, replay, takes_programs};
use serde_json::Value;

/// What must be said of a program.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Said {
    /// The lock holds, and the search covered every schedule within the reported bounds.
    Holds,
    /// The same, and these words are among the bounds.
    HoldsWithin(&'static str),
    /// It holds, and these words are among what is not seen.
    HoldsBut(&'static str),
    /// It is violated, in these words.
    Violated(&'static str),
    /// Nothing can be said of it, in these words.
    Inconclusive(&'static str),
    /// Anything but that it holds: it is wrong, and a tool may be blind to it, but then it must know.
    NoPass,
    /// Anything but that it is violated: it is right, and a tool may be blind to it.
    NoAlarm,
}

use crate::harness::{Capability, Test, ignore, modules, workspace};
use Said::{Holds, HoldsBut, HoldsWithin, Inconclusive, NoAlarm, NoPass, Violated};

/// Ignores the test: the machine lacks this program.
pub(crate) fn ignore_without(program: &Missing) -> ! {
    let capability = Capability::program(program).expect("the programs that tests use are listed");
    ignore(capability, "it is not on the PATH")
}

/// Explores a program and compares the answer with the expected verdict.
#[track_caller]
pub(crate) fn check(program: Result<Program, Missing>, arguments: &str, said: Said) {
    let program = match program {
        Ok(program) if takes_programs() => program,
        Ok(_) => panic!("this onewinner explores no programs"),
        Err(missing) => ignore_without(&missing),
    };
    let began = Instant::now();
    let answer = explore(&program, arguments);
    let executions: Vec<&Value> = judge::results(&answer.document)
        .iter()
        .map(|result| &result["coverage"]["executions"])
        .collect();
    eprintln!(
        "{program:?} {arguments}: {executions:?} executions, {:.1?}",
        began.elapsed()
    );
    if answer.words().contains("failed to trace a process") {
        ignore(Capability::Ptrace, answer.words());
    }
    if let Err(wrong) = judge(&answer.document, answer.code, said) {
        panic!(
            "{program:?} {arguments}: {wrong}\n{}\n{}",
            answer.words(),
            answer.stderr
        );
    }
    if answer.code == Some(1) {
        replays(answer);
    } else {
        assert!(answer.left().is_empty(), "files are left: {:?}", answer.left());
    }
}

/// The violation was reproduced ten times of ten, and the saved file reproduces it again.
#[track_caller]
fn replays(answer: Answer) {
    let violated = judge::results(&answer.document)
        .iter()
        .filter(|result| result["verdict"] == "violated");
    for result in violated {
        let reproduced = &result["reproduced"];
        assert_eq!(
            (&reproduced["same"], &reproduced["of"]),
            (&Value::from(10), &Value::from(10))
        );
    }
    let left = answer.left();
    let is_json = |name: &String| Path::new(name).extension() == Some(OsStr::new("json"));
    assert!(
        !left.is_empty() && left.iter().all(is_json),
        "beside what is saved: {left:?}"
    );
    let again = replay(&left[0], answer.place);
    assert_eq!(again.code, Some(1), "{}: {}", left[0], again.stderr);
}

fn driver(source: &str, arguments: &str) -> Result<Program, Missing> {
    programs::line(source, arguments).map(Program::Driver)
}

fn looks(how: &str) -> Result<Program, Missing> {
    driver("looks.c", &format!("{how} {{lock}}"))
}

fn timed(how: &str) -> Result<Program, Missing> {
    driver("timed.c", &format!("{how} {{lock}}"))
}

fn wrap(command: &str, line: &str) -> Result<Program, Missing> {
    programs::found(command).map(|()| Program::Wrap(line.to_owned()))
}

fn example(command: &str, file: &str) -> Result<Program, Missing> {
    let path = workspace().join("examples").join(file);
    let line = format!("{command} '{}' {{lock}}", path.display());
    programs::found(command).map(|()| Program::Driver(line))
}

macro_rules! cases {
    ($list:ident; $($(#[ignore = $slow:literal])? $name:ident: $program:expr, $arguments:literal => $said:expr;)*) => {
        fn $list() -> Vec<Test> {
            vec![$(Test::new(stringify!($name), || check($program, $arguments, $said))$(.slow($slow))?),*]
        }
    };
}

pub(crate) use cases;

/// A program that locks in itself, and runs the command as its child.
const PERL: &str =
    "perl -e 'use Fcntl q(:flock); open F, q(>), shift; flock F, LOCK_EX | LOCK_NB and system @ARGV' {lock} {hold}";

const TWICE: &str = "hold the lock at once";

// The two locks that onewinner began with, in every language.
cases! {
    the_first_two_locks;
    a_place_behind_an_append: driver("append-place.c", "{lock}"), "-n 2 --scenario contend" => Holds;
    create_new_in_c: driver("seed.c", "create-new {lock}"), "-n 3 --scenario contend" => Holds;
    create_new_in_go: driver("seed.go", "create-new {lock}"), "-n 2 --scenario contend --preemptions 1" => Holds;
    create_new_in_perl: driver("seed.pl", "create-new {lock}"), "-n 2 --scenario contend" => Holds;
    create_new_in_python: driver("seed.py", "create-new {lock}"), "-n 2 --scenario contend --preemptions 1" => Holds;
    create_new_in_rust: driver("seed.rs", "create-new {lock}"), "-n 3 --scenario contend" => Holds;
    create_new_in_the_shell: driver("seed.sh", "create-new {lock}"), "-n 2 --scenario contend" => Holds;
    stat_then_write_in_c: driver("seed.c", "stat-then-write {lock}"), "-n 2 --scenario contend" => Violated(TWICE);
    stat_then_write_in_go: driver("seed.go", "stat-then-write {lock}"), "-n 2 --scenario contend" => Violated(TWICE);
    #[ignore = "slow: node starts for each contender"]
    stat_then_write_in_node: driver("seed.js", "stat-then-write {lock}"), "-n 2 --scenario contend" => Violated(TWICE);
    stat_then_write_in_perl: driver("seed.pl", "stat-then-write {lock}"), "-n 2 --scenario contend" => Violated(TWICE);
    #[ignore = "slow: Python starts for each contender"]
    stat_then_write_in_python: driver("seed.py", "stat-then-write {lock}"), "-n 2 --scenario contend" => Violated(TWICE);
    stat_then_write_in_rust: driver("seed.rs", "stat-then-write {lock}"), "-n 2 --scenario contend" => Violated(TWICE);
    stat_then_write_in_the_shell: driver("seed.sh", "stat-then-write {lock}"), "-n 2 --scenario contend" => Violated(TWICE);
    #[ignore = "slow: a Java machine starts for each contender"]
    create_new_in_java: driver("Seed.java", "create-new {lock}"), "-n 2 --scenario contend --preemptions 0" => Holds;
    #[ignore = "slow: a Java machine starts for each contender"]
    stat_then_write_in_java: driver("Seed.java", "stat-then-write {lock}"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    #[ignore = "slow: node starts for each contender"]
    create_new_in_node: driver("seed.js", "create-new {lock}"), "-n 2 --scenario contend --preemptions 1" => Holds;
    #[ignore = "slow: Python starts for each contender"]
    create_new_in_python_by_three: driver("seed.py", "create-new {lock}"), "-n 3 --scenario contend --preemptions 1" => Holds;
    #[ignore = "slow: node starts for each contender"]
    create_new_in_node_by_three: driver("seed.js", "create-new {lock}"), "-n 3 --scenario contend --preemptions 0" => Holds;
    #[ignore = "slow: a version manager's script may stand before the interpreter"]
    the_python_that_the_path_names: example("python3", "driver.py"), "-n 2 --scenario contend --preemptions 1" => Holds;
}

// Locks that are right.
cases! {
    right_locks;
    mkdir_in_the_shell: example("sh", "driver.sh"), "-n 2 --scenario contend" => Holds;
    mkdir_in_the_shell_by_three: example("sh", "driver.sh"), "-n 3 --scenario contend --preemptions 1" => Holds;
    flock_before_a_command: wrap("flock", "flock -n {lock} {hold}"), "-n 3 --scenario contend --preemptions 1" => Holds;
    flock_that_waits_before_a_command: wrap("flock", "flock {lock} {hold}"), "-n 2 --scenario contend --preemptions 1" => Holds;
    flock_before_a_shell: wrap("flock", "flock -n {lock} -c 'exec {hold}'"), "-n 2 --scenario contend --preemptions 1" => Holds;
    flock_whose_holder_is_killed: wrap("flock", "flock -n {lock} {hold}"), "-n 2 --scenario cycle --kills 1 --preemptions 1" => Holds;
    flock_kept_by_the_shell: driver("flock-kept.sh", "{lock}"), "-n 3 --scenario contend --preemptions 1" => Holds;
    flock_kept: driver("flock-kept.c", "try {lock}"), "-n 3 --scenario contend" => Holds;
    flock_kept_in_cycles: driver("flock-kept.c", "try {lock}"), "-n 3 --scenario cycle" => Holds;
    flock_waited_for: driver("flock-kept.c", "wait {lock}"), "-n 3 --scenario cycle" => Holds;
    flock_removed_while_locked: driver("half-fix.c", "late {lock}"), "-n 3 --scenario cycle --preemptions 1" => Holds;
    record_locks_of_descriptions: driver("record-lock.c", "ofd {lock}"), "-n 3 --scenario cycle --preemptions 1" => Holds;
    memory_of_its_own: driver("memfd.c", "{lock}"), "-n 2 --scenario contend" => Holds;
    sleeping_until_it_is_free: driver("polls.sh", "{lock}"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    a_name_drawn_at_random: driver("mktemp.sh", "{lock}"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    a_daemon: driver("daemon.sh", "{lock}"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    flock_with_a_time_limit: wrap("flock", "flock -w 1 {lock} {hold}"), "-n 2 --scenario contend --preemptions 1" => NoAlarm;
    flock_under_a_time_limit: wrap("timeout", "timeout 5 flock {lock} {hold}"), "-n 2 --scenario contend --preemptions 1" => NoAlarm;
    giving_up_at_an_alarm: driver("alarm.pl", "{lock}"), "-n 2 --scenario cycle --preemptions 1" => NoAlarm;
    flock_by_a_child_of_perl: wrap("perl", PERL), "-n 2 --scenario contend --preemptions 1" => Holds;
    link_and_check_in_the_shell: driver("link-and-check.sh", "{lock}"), "-n 2 --scenario contend --preemptions 1" => Holds;
    a_server: driver("server.pl", "create-new {lock}"), "-n 2 --scenario cycle --rounds 2 --preemptions 1" => Holds;
    #[ignore = "slow: several hundred executions"]
    sleeping_until_it_is_free_in_python: driver("polls.py", "{lock}"), "-n 2 --scenario cycle --preemptions 1" => Holds;
}

// Locks that are wrong, with the least that shows it.
cases! {
    wrong_locks;
    #[ignore = "slow: several hundred executions"]
    flock_on_a_removed_file: driver("flock-unlink.sh", "{lock}"), "-n 3 --scenario cycle --preemptions 1" => Violated(TWICE);
    flock_on_a_removed_file_by_two: driver("flock-unlink.sh", "{lock}"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    #[ignore = "slow: several hundred executions"]
    flock_removed_early: driver("half-fix.c", "early {lock}"), "-n 3 --scenario cycle --preemptions 2" => Violated(TWICE);
    #[ignore = "slow: several hundred executions"]
    flock_removed_early_within_one: driver("half-fix.c", "early {lock}"), "-n 3 --scenario cycle --preemptions 1" => HoldsWithin("preemption");
    an_exit_handler: driver("exit-handler.c", "{lock}"), "-n 3 --scenario contend --preemptions 0" => Violated(TWICE);
    an_exit_trap: driver("exit-trap.sh", "{lock}"), "-n 3 --scenario contend --preemptions 0" => Violated(TWICE);
    #[ignore = "slow: several hundred executions"]
    a_pid_whose_process_has_exited: driver("pid-file.c", "kill {lock}"), "-n 3 --scenario cycle --preemptions 1" => Violated(TWICE);
    a_pid_whose_process_is_there: driver("pid-file.c", "kill {lock}"), "-n 3 --scenario contend" => Holds;
    #[ignore = "slow: several hundred executions"]
    a_pid_probed_by_getpgid: driver("pid-file.c", "getpgid {lock}"), "-n 3 --scenario cycle --preemptions 1" => NoPass;
    #[ignore = "slow: several hundred executions"]
    an_exit_between_two_looks: driver("two-looks.c", "kill {lock}"), "-n 3 --scenario contend --preemptions 3" => Violated(TWICE);
    an_exit_between_two_looks_by_getpgid: driver("two-looks.c", "getpgid {lock}"), "-n 3 --scenario contend --preemptions 3" => NoPass;
    #[ignore = "slow: several hundred executions"]
    a_pid_looked_up_in_proc: driver("pid-file.c", "proc {lock}"), "-n 3 --scenario cycle --preemptions 1" => Violated(TWICE);
    #[ignore = "slow: several hundred executions"]
    a_pid_behind_a_descriptor: driver("pid-file.c", "pidfd {lock}"), "-n 3 --scenario cycle --preemptions 1" => Violated(TWICE);
    threads_in_their_wrong_order: driver("threads.c", "main {lock}"), "-n 2 --scenario contend --preemptions 1" => NoPass;
    threads_in_their_other_order: driver("threads.c", "other {lock}"), "-n 2 --scenario contend --preemptions 1" => HoldsBut("take turns in one order");
    a_record_lock_that_a_close_frees: driver("record-lock.c", "posix {lock}"), "-n 2 --scenario contend --preemptions 0" => Violated(TWICE);
    a_child_that_keeps_the_lock: driver("background-child.sh", "{lock}"), "-n 2 --scenario cycle" => Violated("had been released");
    a_test_before_a_command: wrap("touch", "sh -c 'test -e {lock} || { touch {lock}; {hold}; rm {lock}; }'"), "-n 2 --scenario contend" => Violated(TWICE);
    #[ignore = "slow: several hundred executions"]
    a_loser_that_cleans_up: wrap("mkdir", "sh -c 'mkdir {lock} && {hold}; rmdir {lock}'"), "-n 3 --scenario contend --preemptions 0" => Violated("P0");
    a_rename_over_the_lock: driver("rename-over.sh", "{lock}"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    a_broken_server: driver("server.pl", "stat-then-write {lock}"), "-n 2 --scenario contend" => Violated(TWICE);
    #[ignore = "slow: several hundred executions"]
    the_absent_taken_for_stale: driver("absent-as-stale.c", "{lock}"), "-n 3 --scenario cycle --preemptions 4" => Violated(TWICE);
    nobody_ever_wins: driver("never.sh", "{lock}"), "-n 2 --scenario contend" => NoPass;
    #[ignore = "slow: Python starts for each contender"]
    an_exit_handler_in_python: driver("exit-handler.py", "{lock}"), "-n 3 --scenario contend --preemptions 0" => Violated(TWICE);
}

// Programs that look whether somebody holds, and then say so themselves, each through another part of the kernel.
cases! {
    programs_that_look;
    by_a_name_in_the_working_directory: looks("relative"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    by_a_descriptor_of_the_directory: looks("dirfd"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    by_openat2: looks("openat2"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    by_a_link_in_proc: looks("self"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    by_content: looks("content"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    by_content_in_memory: looks("mapped"), "-n 2 --scenario contend --preemptions 1" => Inconclusive("mmap");
    by_size: looks("size"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    by_size_allocated: looks("allocate"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    by_size_of_a_copy: looks("copy"), "-n 2 --scenario contend --preemptions 1" => NoPass;
    by_permissions: looks("mode"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    by_times: looks("time"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    by_an_attribute: looks("attribute"), "-n 2 --scenario contend --preemptions 1" => NoPass;
    by_the_number_of_links: looks("links"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    by_a_listing: looks("listing"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    by_a_file_that_is_moved: looks("moved"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    by_a_directory: looks("directory"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    by_a_symbolic_link: looks("pointer"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    by_a_lock_that_is_probed: looks("probed"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    by_a_lock_that_is_asked_for: looks("asked"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    by_a_socket: looks("socket"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    by_an_abstract_socket: looks("abstract"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    by_a_semaphore: looks("semaphore"), "-n 2 --scenario contend --preemptions 1" => Inconclusive("semget");
    by_the_name_of_a_process: looks("called"), "-n 2 --scenario contend --preemptions 1" => NoPass;
}

// Sleeps, time limits, timers and polls: time is part of the schedule.
cases! {
    programs_in_time;
    a_sleep_between_the_look_and_the_act: timed("sleep"), "-n 2 --preemptions 0" => Violated(TWICE);
    many_looks_before_the_act: timed("looks"), "-n 2 --preemptions 0" => Violated(TWICE);
    a_wait_beside_a_blocked_thread: timed("thread"), "-n 2 --preemptions 0" => Violated(TWICE);
    a_wait_beside_a_blocked_child: timed("child"), "-n 2 --preemptions 0" => Violated(TWICE);
    a_wait_for_a_silent_pipe: timed("poll"), "-n 2 --preemptions 0" => Violated(TWICE);
    a_wait_for_a_silent_pipe_by_select: timed("select"), "-n 2 --preemptions 0" => Violated(TWICE);
    a_wait_for_a_silent_pipe_by_epoll: timed("epoll"), "-n 2 --preemptions 0" => Violated(TWICE);
    a_wait_for_a_signal: timed("signal"), "-n 2 --preemptions 0" => Violated(TWICE);
    an_alarm_that_ends_a_wait_for_the_lock: timed("alarm"), "-n 2 --preemptions 0" => Violated(TWICE);
    an_interval_timer_that_ends_it: timed("itimer"), "-n 2 --preemptions 0" => Violated(TWICE);
    a_timer_that_ends_it: timed("timer"), "-n 2 --preemptions 0" => Violated(TWICE);
    a_timer_whose_handler_restarts_the_wait: timed("restart"), "-n 2 --preemptions 1" => Holds;
    a_loop_until_the_clock_shows_it: timed("clock"), "-n 2 --preemptions 0" => Violated(TWICE);
    a_loop_that_only_reads_the_clock: timed("spin"), "-n 2 --preemptions 0" => Violated(TWICE);
    a_wait_that_is_over_in_time: timed("in-time"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    a_poll_for_ever: timed("polls"), "-n 2 --preemptions 1" => HoldsWithin("2 fruitless polls");
    a_poll_for_ever_by_epoll: timed("polls-epoll"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    many_tries_before_the_act: driver("tries.c", "150 {lock}"), "-n 2 --scenario contend --preemptions 0" => Violated("");
    the_time_since_the_start_by_sysinfo: driver("sysinfo.c", "{lock}"), "-n 2 --scenario contend --preemptions 0" => Violated("");
    the_time_since_the_machine_was_started: driver("uptime.sh", "{lock}"), "-n 2 --scenario contend --preemptions 0" => Violated("");
    a_lock_that_is_kept_fresh: timed("heartbeat"), "-n 2 --preemptions 1" => Holds;
    a_pause_before_the_look: driver("pause.sh", "{lock}"), "-n 2 --preemptions 1" => Violated(TWICE);
    flock_whose_time_limit_nobody_heeds: driver("flock-limit.sh", "{lock}"), "-n 2 --preemptions 0" => Violated(TWICE);
    a_file_descriptor_that_is_a_timer: timed("timerfd"), "-n 2 --preemptions 0" => Violated(TWICE);
    a_file_descriptor_that_is_a_timer_by_epoll: timed("timerfd-epoll"), "-n 2 --preemptions 0" => Violated(TWICE);
    a_file_descriptor_that_is_a_timer_of_the_parent: timed("timerfd-child"), "-n 2 --preemptions 0" => Violated(TWICE);
    a_poll_for_ever_by_a_timer: timed("polls-timerfd"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    a_sleep_of_a_thread_in_go: driver("sleeps.go", "{lock}"), "-n 2 --preemptions 0" => Violated(TWICE);
    #[ignore = "slow: node starts for each contender"]
    retries_of_node: driver("retries.js", "{lock}"), "-n 2 --preemptions 0" => Violated(TWICE);
}

// Without a configuration: the ladder. The longest of all, they have names with which libtest begins.
cases! {
    ladders;
    a_ladder_under_a_lock_that_holds: example("sh", "driver.sh"), "" => Holds;
    a_ladder_under_a_lock_that_takes_three: driver("exit-handler.c", "{lock}"), "" => Violated("");
    #[ignore = "slow: several hundred executions"]
    a_ladder_under_two_rounds: driver("flock-unlink.sh", "{lock}"), "" => Violated("");
    #[ignore = "slow: two preemptions among three"]
    a_ladder_under_two_preemptions: driver("half-fix.c", "early {lock}"), "" => Violated("");
}

// What the tracer cannot see or control is reported.
cases! {
    unseen_locks;
    a_word_of_shared_memory: driver("mapped.c", "{lock}"), "-n 2 --scenario contend" => Inconclusive("mmap");
    #[ignore = "slow: it is waited for eight times"]
    one_that_spins: driver("spins.c", "{lock}"), "-n 2 --scenario contend" => Inconclusive("quiet");
    one_that_locks_its_own_file: driver("self-lock.sh", "{lock}"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    one_that_guards_with_its_own_file: driver("guard-own-file.sh", "{lock}"), "-n 2 --scenario contend --preemptions 1" => Violated("");
    one_that_links_from_tmp: driver("link-from-tmp.sh", "{lock}"), "-n 2 --scenario contend --preemptions 1" => NoAlarm;
    one_that_inherits_a_descriptor: driver("inherits.sh", "{lock}"), "-n 2 --scenario contend" => Holds;
    one_that_keeps_its_answer: driver("keeps-answer.sh", "{lock}"), "" => Inconclusive("flush the output");
    one_that_dies: driver("dies.c", "{lock}"), "-n 2 --scenario contend" => Inconclusive("signal 6");
    one_that_speaks_otherwise: driver("misspeaks.sh", "{lock}"), "-n 2 --scenario contend" => Inconclusive("got it");
    one_that_no_execution_repeats: driver("random-look.c", "{lock}"), "-n 2 --scenario cycle --preemptions 1" => Inconclusive("could not be followed");
    a_stale_lock_that_nobody_gets_past: example("sh", "driver.sh"), "--stale 1h -n 2 --preemptions 1" => Inconclusive("took over the stale lock");
    a_search_that_is_cut: driver("half-fix.c", "late {lock}"), "-n 3 --scenario cycle --max-executions 3" => Inconclusive("3 executions");
    a_bound_that_leaves_schedules_out: driver("absent-as-stale.c", "{lock}"), "-n 3 --scenario cycle --preemptions 1" => HoldsWithin("preemption");
}

/// The tests of this area.
pub(crate) fn tests() -> Vec<Test> {
    let mut all = modules![adversarial, judge, observed, outcomes, own_places, sources, verdict];
    all.extend(the_first_two_locks());
    all.extend(right_locks());
    all.extend(wrong_locks());
    all.extend(programs_that_look());
    all.extend(programs_in_time());
    all.extend(ladders());
    all.extend(unseen_locks());
    all
}
