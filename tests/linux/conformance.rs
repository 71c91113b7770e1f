//! The simulated file system against the kernel's: random call sequences, the same replies, the same end.
//!
//! `bodies/calls.rs` compares, for the fuzzer too. The tests run on the file system of the temporary directory, and on tmpfs.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::env;
use std::path::Path;

use nix::sys::statfs::{TMPFS_MAGIC, statfs};
use onewinner_core::fs::call::{Call, Reply, Value};
use onewinner_core::fs::sim::State;
use onewinner_core::fs::{Errno, Fd, Flock, Mode, OpenFlags};
use onewinner_core::id::ProcessId;
use onewinner_linux::real_fs::RealFs;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestRunner};

use super::calls::agree;
use super::kernel::Kernel;
use super::numbers::{Pattern, SCRIPTS, play};
use super::steps::{PROCESSES, Step, WIDTH};
use super::world::{Simulated, World};
use crate::harness::{Capability, Test, ignore, tests};

const LONGEST_SEQUENCE: usize = 64;

fn runner(cases: u32, seed: u64) -> TestRunner {
    TestRunner::new(ProptestConfig {
        cases,
        failure_persistence: None,
        rng_seed: RngSeed::Fixed(seed),
        ..ProptestConfig::default()
    })
}

/// Holds the simulation against the kernel below `place`; the seed makes a red run come again.
#[track_caller]
fn check(place: &Path, sequences: u32, seed: u64) {
    check_from(&State::new(usize::from(PROCESSES)), place, sequences, seed);
}

/// The same of a simulation that starts so.
#[track_caller]
fn check_from(first: &State, place: &Path, sequences: u32, seed: u64) {
    if !place.is_dir() {
        ignore(
            Capability::FileSystems,
            format!("{} is not a directory", place.display()),
        );
    }
    let steps = vec(any::<[u8; WIDTH]>().prop_map(Step::from), 0..=LONGEST_SEQUENCE);
    let outcome = runner(sequences, seed).run(&steps, |steps| {
        agree(&mut Simulated(first.clone()), &mut Kernel::new_in(place), &steps);
        Ok(())
    });
    if let Err(error) = outcome {
        panic!("below {}, seed {seed}: {error}", place.display());
    }
}

fn simulation_and_kernel_agree_in_the_temporary_directory() {
    check(&env::temp_dir(), 1_500, 1);
}

fn a_simulation_that_uses_numbers_again_agrees_as_well() {
    let first = State::new(usize::from(PROCESSES)).reusing_numbers();
    check_from(&first, &env::temp_dir(), 500, 5);
}

fn simulation_and_kernel_agree_on_tmpfs() {
    check(Path::new("/dev/shm"), 1_500, 2);
}

fn simulation_and_kernel_agree_in_the_temporary_directory_100_000_times() {
    check(&env::temp_dir(), 100_000, 3);
}

fn simulation_and_kernel_agree_on_tmpfs_100_000_times() {
    check(Path::new("/dev/shm"), 100_000, 4);
}

/// The root has no name that a call could take away, which no directory below it can show. None of these calls can succeed
/// in changing anything.
fn the_simulated_root_answers_as_the_kernels() {
    let mut calls = Vec::new();
    for path in ["/", "//", "/.", "/..", "/../.."].map(Path::new).map(Path::to_owned) {
        for flags in [
            OpenFlags::WRITE,
            OpenFlags::OVERWRITE,
            OpenFlags::CREATE_NEW,
            OpenFlags {
                truncate: true,
                ..OpenFlags::READ
            },
        ] {
            let (path, mode) = (path.clone(), Mode::FILE);
            calls.push(Call::Open { path, flags, mode });
        }
        let (mode, root) = (Mode::DIRECTORY, Path::new("/").to_owned());
        calls.extend([
            Call::Unlink { path: path.clone() },
            Call::Rmdir { path: path.clone() },
            Call::Link {
                existing: path.clone(),
                new: root.clone(),
            },
            Call::Rename {
                from: path.clone(),
                to: root.clone(),
            },
            Call::Rename {
                from: root,
                to: path.clone(),
            },
            Call::Mkdir { path, mode },
        ]);
    }
    for call in calls {
        let simulated: Reply = State::new(1).step(ProcessId(0), &call).0;
        assert_eq!(simulated, call.perform(&RealFs::new()), "simulation and kernel: {call}");
        assert!(simulated.is_err(), "{call}");
    }
}

/// How often a script is played on the kernel: others take and give back numbers in between.
const PLAYED: usize = 50;

fn simulated(state: State, script: &str) -> Pattern {
    play(&mut Simulated(state), script)
}

fn a_simulated_number_is_used_again_once_its_last_name_and_descriptor_are_gone_or_never() {
    for (script, pattern) in SCRIPTS {
        assert_eq!(simulated(State::new(3).reusing_numbers(), script), *pattern, "{script}");
        assert_eq!(simulated(State::new(3), script), Pattern::New, "{script}");
    }
}

fn the_kernel_uses_a_number_again_where_the_simulation_does_if_its_file_system_ever_does() {
    let place = env::temp_dir();
    let again = |script: &str| {
        let played = (0..PLAYED).map(|_| play(&mut Kernel::new_in(&place), script));
        played.filter(|pattern| *pattern == Pattern::Reused).count()
    };
    let (plainest, _) = SCRIPTS[0];
    if again(plainest) == 0 {
        let why = format!("the file system of {} reuses no inode number", place.display());
        ignore(Capability::FileSystems, why);
    }
    for (script, pattern) in SCRIPTS {
        let again = again(script);
        assert_eq!(
            again > 0,
            *pattern == Pattern::Reused,
            "{again} of {PLAYED} times: {script}"
        );
    }
}

fn tmpfs_uses_no_number_again() {
    let place = Path::new("/dev/shm");
    if statfs(place).ok().map(|seen| seen.filesystem_type()) != Some(TMPFS_MAGIC) {
        ignore(Capability::FileSystems, format!("{} is not a tmpfs", place.display()));
    }
    for (script, _) in SCRIPTS {
        assert_eq!(play(&mut Kernel::new_in(place), script), Pattern::New, "{script}");
    }
}

/// Linux gives up what a description has before it looks for others (`fs/locks.c`, `flock_lock_inode`).
fn a_conversion_that_fails_loses_the_lock_in_both() {
    let open = Call::Open {
        path: "/a".into(),
        flags: OpenFlags::APPEND,
        mode: Mode::FILE,
    };
    let flock = |fd, operation| Call::Flock { fd: Fd(fd), operation };
    let step = |process, call| Step {
        process: ProcessId(process),
        call,
    };
    let steps = [
        step(0, open.clone()),
        step(1, open.clone()),
        step(2, open),
        step(0, flock(0, Flock::TryShared)),
        step(1, flock(0, Flock::TryShared)),
        step(0, flock(0, Flock::TryExclusive)),
        step(1, flock(0, Flock::TryExclusive)),
        step(2, flock(0, Flock::TryShared)),
        step(1, flock(0, Flock::TryShared)),
    ];
    let mut simulated = Simulated(State::new(usize::from(PROCESSES)));
    agree(&mut simulated, &mut Kernel::new_in(&env::temp_dir()), &steps);
}

fn link(target: &str, path: &str) -> Call {
    Call::Symlink {
        target: target.into(),
        path: path.into(),
    }
}

fn create(path: &str) -> Call {
    Call::Open {
        path: path.into(),
        flags: OpenFlags::APPEND,
        mode: Mode::FILE,
    }
}

/// The calls of one process, the same on both file systems.
#[track_caller]
fn check_script(calls: impl IntoIterator<Item = Call>) {
    let process = ProcessId(0);
    let steps: Vec<Step> = calls.into_iter().map(|call| Step { process, call }).collect();
    let mut simulated = Simulated(State::new(usize::from(PROCESSES)));
    agree(&mut simulated, &mut Kernel::new_in(&env::temp_dir()), &steps);
}

/// Random links must not do this: they might leave the directory that is the root.
fn targets_that_climb_or_begin_at_the_root_lead_to_the_same_in_both() {
    let mkdir = |path: &str| Call::Mkdir {
        path: path.into(),
        mode: Mode::DIRECTORY,
    };
    let stat = |path: &str| Call::Stat { path: path.into() };
    check_script([
        mkdir("/d"),
        mkdir("/d/e"),
        link("../a", "/d/up"),
        create("/d/up"),
        link("..", "/d/e/above"),
        stat("/d/e/above"),
        stat("/d/e/above/up"),
        create("/d/e/above/e/../b"),
        link("above/up", "/d/e/twice"),
        stat("/d/e/twice"),
        stat("/d/e/twice/"),
        link("/", "/d/root"),
        stat("/d/root"),
        create("/d/root"),
        Call::Unlink { path: "/d/root".into() },
        Call::Rmdir {
            path: "/d/e/above".into(),
        },
        Call::Readlink { path: "/d/up".into() },
    ]);
}

fn as_many_links_are_followed_in_both() {
    let name = |number: usize| format!("l{number}");
    for length in [40, 41] {
        for end in ["", "/"] {
            let links = (0..length).map(|number| link(&(name(number + 1) + end), &format!("/{}", name(number))));
            let read = Call::Readlink { path: "/l0/".into() };
            check_script(links.chain([create("/l0"), read]));
        }
    }
    check_script([link("l/a", "/l"), create("/l/b"), create("/l")]);
}

/// A suite that meets no link and no lock in its sequences proves nothing about them.
fn the_random_sequences_meet_each_answer_of_the_calls_on_links_and_locks() {
    use onewinner_core::fs::Errno::{EAGAIN, EBADF, EEXIST, EINVAL, ELOOP, ENOENT, ENOTDIR, ESRCH};
    let wanted: [(&str, &[Option<Errno>]); 8] = [
        ("open", &[None, Some(ELOOP), Some(EEXIST)]),
        ("symlink", &[None, Some(EEXIST), Some(ENOENT), Some(ENOTDIR)]),
        ("readlink", &[None, Some(EINVAL), Some(ENOENT)]),
        ("renameat2", &[None, Some(EEXIST), Some(ENOENT)]),
        ("record", &[None, Some(EAGAIN), Some(EBADF)]),
        ("ofd", &[None, Some(EAGAIN), Some(EBADF)]),
        ("old", &[None]),
        ("kill", &[None, Some(ESRCH)]),
    ];
    let met = RefCell::new(BTreeSet::new());
    let steps = vec(any::<[u8; WIDTH]>().prop_map(Step::from), 0..=LONGEST_SEQUENCE);
    let outcome = runner(1_500, 1).run(&steps, |steps| {
        let mut simulated = Simulated(State::new(usize::from(PROCESSES)));
        for Step { process, call } in steps {
            let reply = simulated.perform(process, &call);
            let name = match (&call, &reply) {
                (Call::RecordLock { .. }, _) => "record",
                (Call::OfdLock { .. }, _) => "ofd",
                (_, Ok(Value::Stat(stat))) if stat.old => "old",
                _ => call.name(),
            };
            met.borrow_mut().insert((name.to_owned(), reply.err()));
        }
        Ok(())
    });
    assert!(outcome.is_ok(), "{outcome:?}");
    let met = met.into_inner();
    for (name, answers) in wanted {
        for answer in answers {
            assert!(
                met.contains(&(name.to_owned(), *answer)),
                "{name} never answers {answer:?}"
            );
        }
    }
}

fn a_simulated_link_has_a_number_until_its_last_name_is_gone() {
    for (script, pattern) in [
        ("open a; close 0; unlink a; symlink s; open b", Pattern::New),
        (
            "open a; close 0; unlink a; symlink s; unlink s; open b",
            Pattern::Reused,
        ),
        (
            "open a; close 0; unlink a; symlink s; link s t; unlink s; open b",
            Pattern::New,
        ),
        (
            "open a; close 0; unlink a; symlink s; rename-new s t; open b",
            Pattern::New,
        ),
    ] {
        assert_eq!(simulated(State::new(3).reusing_numbers(), script), pattern, "{script}");
    }
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        simulation_and_kernel_agree_in_the_temporary_directory,
        a_simulation_that_uses_numbers_again_agrees_as_well,
        simulation_and_kernel_agree_on_tmpfs,
        simulation_and_kernel_agree_in_the_temporary_directory_100_000_times: "slow suite: run with cargo test --release --test linux conformance:: -- --ignored",
        simulation_and_kernel_agree_on_tmpfs_100_000_times: "slow suite: run with cargo test --release --test linux conformance:: -- --ignored",
        the_simulated_root_answers_as_the_kernels,
        a_simulated_number_is_used_again_once_its_last_name_and_descriptor_are_gone_or_never,
        the_kernel_uses_a_number_again_where_the_simulation_does_if_its_file_system_ever_does,
        tmpfs_uses_no_number_again,
        a_conversion_that_fails_loses_the_lock_in_both,
        targets_that_climb_or_begin_at_the_root_lead_to_the_same_in_both,
        as_many_links_are_followed_in_both,
        the_random_sequences_meet_each_answer_of_the_calls_on_links_and_locks,
        a_simulated_link_has_a_number_until_its_last_name_is_gone,
    ]
}
