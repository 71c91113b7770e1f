//! A violated property with the execution that shows it.

use onewinner_core::history::{End, Event, Execution, History, What};
use onewinner_core::id::ProcessId;
use onewinner_core::property::{self, Case, Finding, Property, Violation};
use onewinner_core::scenario::Scenario;

/// A violated property with the execution that shows it.
pub(crate) struct FoundViolation {
    pub(crate) property: &'static dyn Property,
    pub(crate) violation: Violation,
    pub(crate) execution: Execution,
    /// The scenario of the execution, with its injected faults.
    pub(crate) scenario: Scenario,
}

impl FoundViolation {
    /// Orders violations by how easy they are to read, the easiest first: by the order of properties, then holds that
    /// overlap as run before those that overlap by happens-before alone, then by preemptions, then by steps.
    pub(crate) fn complexity(&self) -> (usize, bool, usize, usize) {
        let rank = property::ALL
            .iter()
            .position(|each| each.name() == self.property.name());
        let schedule = &self.execution.schedule;
        let reordered = self.property.name() == "mutual-exclusion" && !holds_overlap_as_run(&self.execution.history);
        (
            rank.unwrap_or(usize::MAX),
            reordered,
            schedule.switches(),
            schedule.len(),
        )
    }
}

/// The execution up to where the violation is complete: what processes do afterwards is no part of it. `None` if it is complete
/// only at the end.
///
/// An answer of a process completes a violation, never a call alone, because an attempt and a release end by an answer. A
/// property that is violated by a beginning of a history is violated by all of it: later events do not happen before earlier
/// ones. Only whether nobody wins shows at the end alone.
pub(crate) fn until_complete(found: &FoundViolation) -> Option<FoundViolation> {
    let FoundViolation {
        execution, property, ..
    } = found;
    let history = &execution.history;
    if property.name() == "at-least-one-winner" || history.calls().count() != execution.schedule.len() {
        return None;
    }
    let is_answer = |event: &Event| !matches!(event.what, What::Performed { .. } | What::AcquireBegan);
    let answers = (0..history.events.len()).filter(|position| is_answer(&history.events[*position]));
    answers.into_iter().find_map(|position| {
        let beginning = History {
            events: history.events[..=position].to_vec(),
            ..history.clone()
        };
        let (_, violation) = violation_of(&beginning, property.name())?;
        let steps = beginning.calls().count();
        let cut = steps < execution.schedule.len();
        Some(FoundViolation {
            property: *property,
            violation,
            execution: Execution {
                schedule: execution.schedule.steps()[..steps].iter().copied().collect(),
                history: beginning,
                end: if cut { End::Cut } else { execution.end.clone() },
            },
            scenario: found.scenario.clone(),
        })
    })
}

/// How the history violates the property of this name, if it does.
pub(crate) fn violation_of(history: &History, name: &str) -> Option<(&'static str, Violation)> {
    let property = property::by_name(name)?;
    match property.judge(&Case::new(history)) {
        Finding::Violated(violation) => Some((property.name(), violation)),
        Finding::Holds | Finding::NotApplicable => None,
    }
}

/// Whether two processes hold the lock at the same time in the order of the run, and not only in an equivalent one.
pub(crate) fn holds_overlap_as_run(history: &History) -> bool {
    let attempts = history.attempts();
    let holds = attempts.iter().filter_map(|attempt| {
        let begins = attempt.hold_begins()?;
        // A release without a call ends where it begins.
        let ends = attempt.hold_ends().or_else(|| attempt.stops_holding());
        Some((attempt.process, begins, ends.unwrap_or(usize::MAX)))
    });
    let holds: Vec<_> = holds.collect();
    let overlap = |(one, other): (&(ProcessId, usize, usize), &(ProcessId, usize, usize))| {
        one.0 != other.0 && one.1 < other.2 && other.1 < one.2
    };
    let pairs = holds.iter().enumerate();
    pairs
        .flat_map(|(position, one)| holds[position + 1..].iter().map(move |other| (one, other)))
        .any(overlap)
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use onewinner_core::access::{Accesses, InodeId, Object};
    use onewinner_core::fs::call::{Call, Value};
    use onewinner_core::primitive::CallError;

    /// A violation by processes 0 and 1, each event in its turn: a call on a file of its own, or an answer.
    fn found(name: &str, events: Vec<(u8, What)>) -> FoundViolation {
        let mut history = History::new(2, PathBuf::from("/lock"));
        let event = |(process, what)| Event {
            process: ProcessId(process),
            what,
        };
        history.events = events.into_iter().map(event).collect();
        let property = property::by_name(name).expect("a property");
        let (_, violation) = violation_of(&history, name).expect("it is violated");
        FoundViolation {
            property,
            violation,
            scenario: Scenario::cycle(2, 1),
            execution: Execution {
                schedule: history.steps().iter().map(|step| step.process).collect(),
                history,
                end: End::Completed,
            },
        }
    }

    fn call(process: u8) -> (u8, What) {
        let mut accesses = Accesses::none();
        accesses.store(Object::Entry(InodeId::ROOT, process.to_string().into()));
        let what = What::Performed {
            call: Call::Unlink { path: "/lock".into() },
            reply: Ok(Value::Done),
            accesses,
        };
        (process, what)
    }

    fn steps_until_complete(found: &FoundViolation) -> Option<(usize, End)> {
        let cut = until_complete(found)?;
        let name = found.property.name();
        assert!(violation_of(&cut.execution.history, name).is_some());
        assert_eq!(cut.execution.schedule.len(), cut.execution.history.calls().count());
        Some((cut.execution.schedule.len(), cut.execution.end))
    }

    #[test]
    fn an_execution_ends_with_the_answer_that_completes_its_violation() {
        let begin = |process| vec![(process, What::AcquireBegan), call(process), (process, What::Acquired)];
        let release = |process| vec![call(process), (process, What::Released)];
        let events = [
            begin(0),
            vec![(0, What::ReleaseBegan)],
            begin(1),
            vec![(1, What::ReleaseBegan)],
            release(0),
            release(1),
        ];
        let twice = found("mutual-exclusion", events.concat());
        assert_eq!(steps_until_complete(&twice), Some((2, End::Cut)));
        let error = CallError::in_words("release", Path::new("/lock"), "it is stuck");
        let failed = vec![(0, What::ReleaseFailed { error })];
        let stuck = [begin(0), vec![(0, What::ReleaseBegan), call(0)], failed];
        let at_its_end = found("losers-result", stuck.concat());
        assert_eq!(steps_until_complete(&at_its_end), Some((2, End::Completed)));
    }

    #[test]
    fn whether_nobody_wins_shows_at_the_end_alone() {
        let loses = |process| vec![(process, What::AcquireBegan), call(process), (process, What::Busy)];
        let none = found("at-least-one-winner", [loses(0), loses(1), vec![call(0)]].concat());
        assert_eq!(steps_until_complete(&none), None);
    }
}
