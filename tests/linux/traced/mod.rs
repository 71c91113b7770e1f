//! Locks explored with real processes, each stopped before its system calls. The
//! binary is its own worker.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::OsStr;
use std::ops::ControlFlow;
use std::os::unix::ffi::OsStrExt;
use std::path::Path;
use std::process::ExitCode;
use std::time::Duration;

use onewinner_core::access::Object;
use onewinner_core::backend::sim;
use onewinner_core::explore::{Limits, Stop, Strategy};
use onewinner_core::fs::inject::Injection;
use onewinner_core::fs::{Errno, Fs, Mode};
use onewinner_core::history::{End, Event, Execution, Outcome, Snapshot};
use onewinner_core::id::ProcessId;
use onewinner_core::primitive::{self, AcquireError, Expectation, Held, LockPrimitive, StatThenWrite};
use onewinner_core::primitive::{CallError, CreateNew};
use onewinner_core::property;
use onewinner_core::scenario::{Kill, Program, ProgramKind, Scenario, Start, Subject};
use onewinner_linux::sys::machine;
use onewinner_linux::tracer::channel::pipes::{HOLD, hold};
use onewinner_linux::tracer::{Run, SearchReport, TracerError, WORKER, explore, serve_knowing};

mod calls;
#[path = "../../portable/zoo/every_call.rs"]
mod every_call;
#[path = "../../portable/zoo/locks.rs"]
#[expect(dead_code, reason = "the zoo has more locks than are tried here")]
mod locks;
mod losses;
mod session;

use crate::harness::{Capability, Missing, Test, Tried, tests};
use calls::links_record_locks_expiry_and_liveness_are_answered_as_in_the_simulated_world;
use locks::{ABSENT_AS_STALE, FLOCK_UNLINK, FLOCK_UNLINK_WAITING, HALF_FIX};
use losses::{
    EXECUTE_IN_A_THREAD, a_search_ends_with_the_process_that_starts_contenders, a_thread_that_calls_execve_is_followed,
};
use session::one_session_searches_again_and_again_from_a_fresh_state;

/// The tests of this area.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        sixteen_contenders_of_create_new_need_sixteen_executions,
        classes_and_outcomes_are_those_of_the_simulated_world,
        random_schedules_are_answered_call_by_call_as_in_the_simulated_world,
        waiting_exits_and_kernel_locks_are_as_in_the_simulated_world,
        kills_stale_locks_and_failing_calls_are_as_in_the_simulated_world,
        links_record_locks_expiry_and_liveness_are_answered_as_in_the_simulated_world,
        numbers_are_used_again_where_the_file_system_does_and_the_lock_asks_for_them,
        a_schedule_is_replayed_to_the_same_history,
        programs_lock_as_the_primitives_do,
        one_session_searches_again_and_again_from_a_fresh_state,
        a_contender_that_kills_itself_is_lost,
        a_thread_that_calls_execve_is_followed,
        a_search_ends_with_the_process_that_starts_contenders,
        a_call_that_is_not_controlled_is_named,
        an_answer_that_the_model_does_not_give_is_a_mismatch,
    ]
}

/// How long a search may take: none is to be cut by it, however slow the machine is.
const TIME: Duration = Duration::from_secs(600);
/// What this binary does when the tracer starts it with these arguments, if it does.
pub(crate) fn serve(arguments: &[String]) -> Option<ExitCode> {
    match arguments {
        [only] if only == WORKER => Some(work()),
        [only, lock] if only == EXECUTE_IN_A_THREAD => Some(losses::execute_in_a_thread(lock.as_ref())),
        [only] if only == HOLD => Some(ExitCode::from(u8::from(hold().is_err()))),
        _ => None,
    }
}

/// The worker, which knows the locks of these tests.
fn work() -> ExitCode {
    let locks: [&'static dyn LockPrimitive; 7] = [
        &Suicide,
        &Outside,
        &Unmodelled,
        &FLOCK_UNLINK,
        &FLOCK_UNLINK_WAITING,
        &HALF_FIX,
        &ABSENT_AS_STALE,
    ];
    let made_of_every_call = every_call::ALL.map(|lock| lock as &'static dyn LockPrimitive);
    serve_knowing(&[&locks[..], &made_of_every_call].concat())
}

/// Explores in a directory of its own, which is empty afterwards.
fn explored(
    primitive: &'static dyn LockPrimitive,
    scenario: &Scenario,
    strategy: &Strategy,
    executions: u64,
) -> Result<(SearchReport, Vec<Execution>), Missing> {
    explored_of(&Subject::Primitive(primitive), scenario, strategy, executions)
}

fn explored_of(
    subject: &Subject,
    scenario: &Scenario,
    strategy: &Strategy,
    executions: u64,
) -> Result<(SearchReport, Vec<Execution>), Missing> {
    let parent = tempfile::tempdir().expect("a temporary directory");
    let mut seen = Vec::new();
    let limits = Limits {
        executions,
        time: TIME,
        ..Limits::default()
    };
    let run = Run {
        subject,
        scenario,
        strategy,
        limits,
        directories: &[parent.path().to_owned()],
    };
    let result = explore(&run, &mut |execution| {
        seen.push(execution);
        ControlFlow::Continue(())
    });
    match result {
        Ok(explored) => {
            let left = std::fs::read_dir(parent.path()).expect("it is there").count();
            assert_eq!(left, 0, "files are left");
            Ok((explored, seen))
        }
        // A machine that forbids tracing is no failure.
        Err(TracerError::Unavailable(why)) => Err(Missing::new(Capability::Ptrace, why)),
        Err(error) => panic!("{error}"),
    }
}

/// The same of the simulated world. It uses numbers again if the shadow of the traced one did, which does where it could not
/// find out that the lock asks for none.
fn simulated(
    real: &[Execution],
    primitive: &'static dyn LockPrimitive,
    scenario: &Scenario,
    strategy: &Strategy,
    executions: u64,
) -> Vec<Execution> {
    let mut seen = Vec::new();
    let limits = Limits {
        executions,
        time: TIME,
        ..Limits::default()
    };
    let scenario = Scenario {
        reuse_inodes: uses_numbers_again(real),
        ..scenario.clone()
    };
    let mut scheduler = strategy.scheduler();
    sim::explore(primitive, &scenario, &mut *scheduler, limits, &mut |execution| {
        seen.push(execution);
        ControlFlow::Continue(())
    });
    seen
}

/// Whether calls were taken to touch which numbers are free.
fn uses_numbers_again(executions: &[Execution]) -> bool {
    let mut steps = executions.iter().flat_map(|each| each.history.steps());
    steps.any(|step| step.accesses.iter().any(|access| access.object == Object::Allocator))
}

fn outcomes(executions: &[Execution]) -> BTreeMap<Outcome, usize> {
    let mut outcomes = BTreeMap::new();
    for execution in executions {
        assert_eq!(execution.end, End::Completed);
        *outcomes.entry(Outcome::of(&execution.history)).or_default() += 1;
    }
    outcomes
}

fn numbers_are_used_again_where_the_file_system_does_and_the_lock_asks_for_them() -> Tried {
    let kind = machine::file_system(&std::env::temp_dir()).expect("it is there").kind;
    let reuses = !["tmpfs", "btrfs"].contains(&kind.as_str());
    let scenario = Scenario {
        start: Start::Stale { age_s: 3_600 },
        ..Scenario::cycle(2, 1)
    };
    for (name, asks) in [
        ("flock-same-inode", true),
        ("break-unlink-inode", true),
        ("break-rename-restore-inode", true),
        // They look too, and not at the number.
        ("flock-nlink", false),
        ("stat-then-write", false),
        ("lease-unlink", false),
    ] {
        let lock = primitive::by_name(name).expect("a shipped lock");
        let (_, real) = explored(lock, &scenario, &Strategy::Dpor, 10_000)?;
        assert_eq!(uses_numbers_again(&real), asks && reuses, "{name} on {kind}");
    }
    Ok(())
}

fn sixteen_contenders_of_create_new_need_sixteen_executions() -> Tried {
    let (exploration, seen) = explored(&CreateNew, &Scenario::contend(16), &Strategy::Dpor, 1000)?;
    assert_eq!(
        (exploration.searched.stop, exploration.searched.executions),
        (Stop::Exhausted, 16)
    );
    assert!(
        outcomes(&seen)
            .keys()
            .all(|outcome| outcome.winners == 1 && outcome.busy == 15)
    );
    Ok(())
}

fn classes_and_outcomes_are_those_of_the_simulated_world() -> Tried {
    for primitive in primitive::ALL.iter().copied() {
        for scenario in [Scenario::contend(2), Scenario::contend(3), Scenario::cycle(2, 1)] {
            let (exploration, real) = explored(primitive, &scenario, &Strategy::Dpor, 10_000)?;
            let model = simulated(&real, primitive, &scenario, &Strategy::Dpor, 10_000);
            assert_eq!(exploration.searched.stop, Stop::Exhausted);
            assert_eq!(events(&real), events(&model), "{}, {scenario}", primitive.name());
            assert_eq!(outcomes(&real), outcomes(&model));
        }
    }
    let (_, seen) = explored(&StatThenWrite, &Scenario::contend(3), &Strategy::Dpor, 10_000)?;
    assert_eq!(seen.len(), 174);
    Ok(())
}

fn events(executions: &[Execution]) -> Vec<&[Event]> {
    executions.iter().map(|each| each.history.events.as_slice()).collect()
}

fn random_schedules_are_answered_call_by_call_as_in_the_simulated_world() -> Tried {
    let strategy = Strategy::Random { seed: 7 };
    // What is longer has its worker search the simulated world for seconds beforehand: `asks_for_numbers` in its worker.rs.
    let short = || vec![Scenario::contend(3), Scenario::cycle(2, 1)];
    let long = || vec![Scenario::contend(4), Scenario::cycle(3, 2), Scenario::hub_sync(2)];
    let all = primitive::ALL.iter().map(|lock| (*lock, short()));
    for (primitive, scenarios) in all.chain(primitive::CONTROLS.iter().map(|lock| (*lock, long()))) {
        for scenario in scenarios {
            let (_, real) = explored(primitive, &scenario, &strategy, 40)?;
            let model = simulated(&real, primitive, &scenario, &strategy, 40);
            assert_eq!(real.len(), 40);
            assert_eq!(events(&real), events(&model), "{}, {scenario}", primitive.name());
        }
    }
    Ok(())
}

/// The same executions, event by event.
#[track_caller]
fn check(primitive: &'static dyn LockPrimitive, scenario: &Scenario) -> Result<usize, Missing> {
    let (exploration, real) = explored(primitive, scenario, &Strategy::Dpor, 10_000)?;
    let model = simulated(&real, primitive, scenario, &Strategy::Dpor, 10_000);
    assert_eq!(exploration.searched.failure, None, "{}, {scenario}", primitive.name());
    assert_eq!(exploration.searched.stop, Stop::Exhausted);
    assert_eq!(events(&real), events(&model), "{}, {scenario}", primitive.name());
    assert_eq!(snapshots(&real), snapshots(&model), "{}, {scenario}", primitive.name());
    Ok(real.len())
}

fn snapshots(executions: &[Execution]) -> Vec<&[Snapshot]> {
    executions
        .iter()
        .map(|each| each.history.snapshots.as_slice())
        .collect()
}

fn waiting_exits_and_kernel_locks_are_as_in_the_simulated_world() -> Tried {
    let cycle = Scenario::cycle(3, 1);
    assert_eq!(check(&FLOCK_UNLINK, &cycle)?, 261);
    assert_eq!(check(&FLOCK_UNLINK_WAITING, &cycle)?, 156);
    assert_eq!(check(&ABSENT_AS_STALE, &cycle)?, 159);
    check(&HALF_FIX, &Scenario::cycle(2, 1))?;
    Ok(())
}

fn kills_stale_locks_and_failing_calls_are_as_in_the_simulated_world() -> Tried {
    let locks: [&'static dyn LockPrimitive; 4] = [&StatThenWrite, &CreateNew, &FLOCK_UNLINK, &FLOCK_UNLINK_WAITING];
    for lock in locks {
        for (victim, step) in [(0, 0), (0, 2), (1, 1), (1, 4)] {
            let victim = ProcessId(victim);
            let kills = vec![Kill { victim, step }];
            check(
                lock,
                &Scenario {
                    kills,
                    ..Scenario::cycle(2, 1)
                },
            )?;
        }
        let start = Start::Stale { age_s: 60 };
        check(
            lock,
            &Scenario {
                start,
                ..Scenario::cycle(2, 1)
            },
        )?;
        for call in 0..5 {
            check(
                lock,
                &Scenario::fault(Injection {
                    call,
                    errno: Errno::EIO,
                }),
            )?;
        }
    }
    Ok(())
}

fn a_schedule_is_replayed_to_the_same_history() -> Tried {
    let scenario = Scenario::contend(3);
    let (_, seen) = explored(&StatThenWrite, &scenario, &Strategy::Dpor, 5)?;
    let last = seen.last().expect("there are five");
    let schedule = last.schedule.clone();
    let (_, again) = explored(&StatThenWrite, &scenario, &Strategy::Replay { schedule }, 5)?;
    assert_eq!(again, std::slice::from_ref(last));
    Ok(())
}

/// Why the first execution was lost.
fn loss(primitive: &'static dyn LockPrimitive) -> Result<String, Missing> {
    let (_, seen) = explored(primitive, &Scenario::contend(2), &Strategy::Random { seed: 1 }, 1)?;
    match &seen[0].end {
        End::Diverged { reason, .. } => Ok(reason.clone()),
        other => panic!("it ended as {other:?}"),
    }
}

/// The properties that a program's lock violates, in all schedules with at most one preemption.
fn violated(kind: ProgramKind, line: &str, scenario: &Scenario) -> Result<BTreeSet<&'static str>, Missing> {
    let subject = Subject::Program(Program::new(kind, line));
    let (exploration, seen) = explored_of(&subject, scenario, &Strategy::Bounded { preemptions: 1 }, 10_000)?;
    assert_eq!(exploration.searched.failure, None, "{}, {scenario}", subject.name());
    assert!(outcomes(&seen).keys().any(|outcome| outcome.busy > 0));
    Ok(seen
        .iter()
        .filter_map(|execution| Some(property::first_violation(&execution.history)?.0.name()))
        .collect())
}

fn programs_lock_as_the_primitives_do() -> Tried {
    use ProgramKind::{Driver, Wrap};
    let unlinking = "sh -c 'exec 9>$0; if ! flock -n 9; then echo busy; exit; fi; echo acquired; read -r line; exec 9>&-; \
                     rm -f $0; echo released' {lock}";
    let (cycle, twice) = (Scenario::cycle(2, 1), Scenario::cycle(2, 2));
    for (kind, line, scenario, expected) in [
        (Driver, "sh examples/driver.sh {lock}", &twice, None),
        (Wrap, "flock -n {lock} {hold}", &cycle, None),
        (Driver, unlinking, &twice, Some("mutual-exclusion")),
    ] {
        let violated = violated(kind, line, scenario)?;
        match expected {
            None => assert_eq!(violated, BTreeSet::new(), "{line}"),
            Some(expected) => assert!(violated.contains(expected), "{line}: {violated:?}"),
        }
    }
    Ok(())
}

fn a_contender_that_kills_itself_is_lost() -> Tried {
    let reason = loss(&Suicide)?;
    assert!(reason.contains("was lost: signal"), "{reason}");
    Ok(())
}

fn a_call_that_is_not_controlled_is_named() -> Tried {
    let reason = loss(&Outside)?;
    assert!(reason.starts_with("uncontrolled call socket of P"), "{reason}");
    Ok(())
}

fn an_answer_that_the_model_does_not_give_is_a_mismatch() -> Tried {
    let reason = loss(&Unmodelled)?;
    assert!(reason.starts_with("model mismatch: mkdir("), "{reason}");
    assert!(reason.ends_with("= 0 but the model says EILSEQ"), "{reason}");
    Ok(())
}

/// A lock whose name is no text: the kernel takes it, and the model does not.
struct Unmodelled;

impl LockPrimitive for Unmodelled {
    fn name(&self) -> &'static str {
        "unmodelled"
    }

    fn protocol(&self) -> &'static str {
        "a name that is no text"
    }

    fn expectation(&self) -> Expectation {
        Expectation::ExactlyOneWinner
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        let odd = lock.with_file_name(OsStr::from_bytes(b"lock \xff"));
        fs.mkdir(&odd, Mode::DIRECTORY).map_err(CallError::when("make", &odd))?;
        Ok(Held::by_name())
    }

    fn release(&self, _: &dyn Fs, _: &Path, _: Held) -> Result<(), CallError> {
        Ok(())
    }
}

/// A lock that dies by a signal before it does anything.
struct Suicide;

/// A lock that asks somebody beside the file system.
struct Outside;

macro_rules! odd_lock {
    ($lock:ident, $name:literal, $deed:expr) => {
        impl LockPrimitive for $lock {
            fn name(&self) -> &'static str {
                $name
            }

            fn protocol(&self) -> &'static str {
                "something that no lock should do"
            }

            fn expectation(&self) -> Expectation {
                Expectation::ExactlyOneWinner
            }

            fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
                let deed: fn() = $deed;
                deed();
                CreateNew.try_acquire(fs, lock)
            }

            fn release(&self, fs: &dyn Fs, lock: &Path, held: Held) -> Result<(), CallError> {
                CreateNew.release(fs, lock, held)
            }
        }
    };
}

odd_lock!(Suicide, "suicide", || {
    // SIGSEGV where the stack may not grow any more: a signal that no call asks for.
    let limit = nix::sys::resource::Resource::RLIMIT_STACK;
    nix::sys::resource::setrlimit(limit, 0, 0).expect("less is allowed");
    assert_eq!(deeper(1 << 20), 0, "it outlives a stack overflow");
});

/// Takes a page of the stack for each step down.
fn deeper(depth: u64) -> u64 {
    let page = std::hint::black_box([depth; 512]);
    if depth == 0 { 0 } else { deeper(depth - 1) & page[511] }
}

odd_lock!(Outside, "outside", || {
    let _nobody = std::os::unix::net::UnixStream::connect("/nobody/listens");
});
