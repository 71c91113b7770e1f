//! The measured truth about kernel locks (`flock`, record locks, OFD locks), of the kernel and of the simulation.
//!
//! The same scripts (`table.rs`) are played by real processes and in the simulation. The processes are forked, and only a
//! process with a single thread forks.

mod kernel;
mod table;

use onewinner_core::fs::Errno;
use onewinner_core::fs::call::{Call, Reply, Value};
use onewinner_core::fs::sim::State;
use onewinner_core::id::ProcessId;

use crate::harness::{Test, tests};
use kernel::Processes;
use table::{ACCESS, Answer, BESIDE, COLUMNS, KINDS, Script, WITHIN, Who, beside, by_access, within};

/// The tests of this area.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        the_table_is_as_measured,
        flock_conflicts_with_no_other_kind_and_record_locks_of_both_kinds_do,
        an_ofd_lock_is_in_the_way_of_its_own_process,
        a_record_lock_asks_for_a_descriptor_of_its_own_kind_and_flock_for_any,
        a_process_that_is_gone_is_not_alive,
    ]
}

/// Plays a script on the kernel and in the simulation; all but the last call must succeed, and the last must answer so.
#[track_caller]
fn check(what: &str, script: &Script, expected: Answer) {
    let mut processes = Processes::new();
    let mut state = State::new(2);
    let kernel = play(script, |who, call| processes.perform(who, call));
    let model = play(script, |who, call| simulated(&mut state, who, call));
    assert_eq!(kernel, expected, "the kernel: {what}");
    assert_eq!(model, expected, "the simulation: {what}");
}

fn play(script: &Script, mut perform: impl FnMut(Who, &Call) -> Reply) -> Answer {
    let ((who, last), before) = script.split_last().expect("a script ends with a question");
    for (who, call) in before {
        let reply = perform(*who, call);
        assert!(reply.is_ok(), "{who:?} {call}: {reply:?}");
    }
    Answer::of(&perform(*who, last))
}

fn simulated(state: &mut State, who: Who, call: &Call) -> Reply {
    let (process, call) = match who {
        Who::P => (ProcessId(0), call.clone()),
        Who::Q => (ProcessId(1), call.clone()),
        Who::C => {
            let made = Box::new(call.clone());
            (ProcessId(0), Call::InChild { made })
        }
    };
    state.step(process, &call).0
}

fn the_table_is_as_measured() {
    for column in COLUMNS {
        for (kind, expected) in KINDS.into_iter().zip(column.answers) {
            check(&format!("{kind:?}, {}", column.name), &column.script(kind), expected);
        }
    }
}

fn flock_conflicts_with_no_other_kind_and_record_locks_of_both_kinds_do() {
    for (held, row) in KINDS.into_iter().zip(BESIDE) {
        for (tried, expected) in KINDS.into_iter().zip(row) {
            check(&format!("{tried:?} beside {held:?}"), &beside(held, tried), expected);
        }
    }
}

fn an_ofd_lock_is_in_the_way_of_its_own_process() {
    for (held, row) in KINDS.into_iter().zip(WITHIN) {
        for (tried, expected) in KINDS.into_iter().zip(row) {
            check(&format!("{tried:?} within {held:?}"), &within(held, tried), expected);
        }
    }
}

fn a_record_lock_asks_for_a_descriptor_of_its_own_kind_and_flock_for_any() {
    for (access, exclusive, shared) in ACCESS {
        for ((kind, exclusive), shared) in KINDS.into_iter().zip(exclusive).zip(shared) {
            let what = format!("{kind:?} by {access:?}");
            check(&format!("{what}, alone"), &by_access(access, kind.take(0)), exclusive);
            check(&format!("{what}, shared"), &by_access(access, kind.share(0)), shared);
        }
    }
}

fn a_process_that_is_gone_is_not_alive() {
    let alive = |process| Call::Alive { process };
    let (p, q) = (ProcessId(0), ProcessId(1));
    let mut processes = Processes::new();
    let mut state = State::new(2);
    for (who, call, expected) in [
        (Who::P, alive(q), Ok(Value::Done)),
        (Who::Q, alive(p), Ok(Value::Done)),
        (Who::P, alive(ProcessId::GONE), Err(Errno::ESRCH)),
        (Who::P, Call::Exit, Ok(Value::Done)),
        (Who::Q, alive(p), Err(Errno::ESRCH)),
        (Who::Q, alive(q), Ok(Value::Done)),
    ] {
        assert_eq!(processes.perform(who, &call), expected, "the kernel: {who:?} {call}");
        assert_eq!(
            simulated(&mut state, who, &call),
            expected,
            "the simulation: {who:?} {call}"
        );
    }
}
