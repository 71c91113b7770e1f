//! Executions come in, one after another; what they show is counted, and the best counterexample is kept.

use std::collections::{BTreeMap, BTreeSet};

use onewinner_core::access::Accesses;
use onewinner_core::history::{Attempt, AttemptResult, End, Execution, History, Outcome, What};
use onewinner_core::id::ProcessId;
use onewinner_core::primitive::CrashClass;
use onewinner_core::property::{self, Judgement, Judging, Property, Violation};
use onewinner_core::scenario::Scenario;
use onewinner_core::verdict::{Crash, CutReason, Extent, Grade, OutcomeRow, at_most};

/// What the executions of one run showed so far.
#[derive(Default)]
pub(super) struct Tally {
    pub(super) executions: u64,
    /// Executions in which a property was violated.
    pub(super) violating: u64,
    /// The one of them that is easiest to read.
    pub(super) best: Option<Found>,
    /// Executions since the first of them.
    pub(super) since_first: u64,
    /// Whether somebody lost where several attempted, or met an injected error: without that nothing was tested. That
    /// several won proves nothing: one after another they may.
    pub(super) contended: bool,
    pub(super) won: bool,
    /// Whether some history could violate what is judged.
    pub(super) applied: bool,
    /// Executions that could not be followed to their end.
    pub(super) lost: u64,
    /// Those among them that the scheduler gave up.
    pub(super) blocked: u64,
    /// Executions in which somebody got past a stale lock.
    pub(super) took_stale: u64,
    /// What was declared of a crash, and how often the probe then won and did not.
    crashes: Option<(Option<CrashClass>, u64, u64)>,
    /// Why the first of the lost ones was lost.
    pub(super) failure: Option<String>,
    /// What the backend says of how it ran, each thing once.
    pub(super) notes: BTreeSet<String>,
    outcomes: BTreeMap<(Outcome, Grade), u64>,
}

/// The lock that a dead holder left before the first step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Left {
    /// None.
    Nothing,
    /// One of which nobody says what becomes of it.
    Undeclared,
    /// One of this class.
    Declared(CrashClass),
}

/// A violated property with the execution that shows it.
pub(super) struct Found {
    pub(super) property: &'static dyn Property,
    pub(super) violation: Violation,
    pub(super) execution: Execution,
    /// What was run: of a varied scenario, the variant.
    pub(super) scenario: Scenario,
}

impl Found {
    /// The smaller, the easier to read: properties in their order, then holds that overlap in the very order shown, then few
    /// preemptions, then few steps.
    fn weight(&self) -> (usize, bool, usize, usize) {
        let rank = property::ALL
            .iter()
            .position(|each| each.name() == self.property.name());
        let schedule = &self.execution.schedule;
        let subtle = self.property.name() == "mutual-exclusion" && !overlaps_as_shown(&self.execution.history);
        (rank.unwrap_or(usize::MAX), subtle, schedule.switches(), schedule.len())
    }
}

/// Whether two processes hold at one moment of the order that was run, and not only in one that is equivalent to it.
pub(super) fn overlaps_as_shown(history: &History) -> bool {
    let attempts = history.attempts();
    let holds = attempts.iter().filter_map(|attempt| {
        let begins = attempt.hold_begins()?;
        Some((attempt.process, begins, attempt.hold_ends().unwrap_or(usize::MAX)))
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

impl Tally {
    /// Takes in an execution that happened `times` times.
    pub(super) fn take(&mut self, scenario: &Scenario, judged: Judging, execution: Execution, times: u64) {
        self.executions += times;
        self.since_first += u64::from(self.best.is_some());
        if matches!(execution.end, End::Diverged { .. }) {
            self.lost += times;
        }
        let outcome = Outcome::of(&execution.history);
        self.won |= outcome.winners > 0;
        self.contended = self.contended || contended(&execution.history);
        self.took_stale += u64::from(execution.history.took_stale()) * times;
        self.crashed(&execution.history);
        let Judgement { violated, applies } = judged.judge(&execution.history);
        self.applied |= applies;
        let grade = match &violated {
            Some(_) => Grade::Forbidden,
            None if outcome.errors > 0 => Grade::Interesting,
            None => Grade::Acceptable,
        };
        *self.outcomes.entry((outcome, grade)).or_default() += times;
        if let Some((property, violation)) = violated {
            self.violating += times;
            let found = Found {
                property,
                violation,
                execution,
                scenario: scenario.clone(),
            };
            self.keep(found);
        }
    }

    fn crashed(&mut self, history: &History) {
        if !history.died() {
            return;
        }
        let attempts = history.attempts();
        let probe = attempts.iter().find(|attempt| Some(attempt.process) == history.probe);
        let (_, won, busy) = self.crashes.get_or_insert((history.crash_class, 0, 0));
        match probe.map(|probe| &probe.result) {
            Some(AttemptResult::Acquired) => *won += 1,
            Some(AttemptResult::Busy) => *busy += 1,
            _ => {}
        }
    }

    /// What a killed process leaves behind, if processes were killed.
    pub(super) fn crash(&self) -> Option<Crash> {
        let (declared, won, busy) = self.crashes.filter(|(_, won, busy)| won + busy > 0)?;
        Some(Crash { declared, won, busy })
    }

    /// Keeps the one that is easier to read.
    fn keep(&mut self, found: Found) {
        if self.best.as_ref().is_none_or(|best| found.weight() < best.weight()) {
            self.best = Some(found);
        }
    }

    /// What both searches showed; of what either needed for itself nothing is left.
    pub(super) fn and(mut self, other: Self) -> Self {
        self.executions += other.executions;
        self.violating += other.violating;
        self.since_first += other.since_first;
        self.contended |= other.contended;
        self.won |= other.won;
        self.applied |= other.applied;
        self.lost += other.lost;
        self.blocked += other.blocked;
        self.failure = self.failure.or(other.failure);
        self.notes.extend(other.notes);
        self.took_stale += other.took_stale;
        self.crashes = match (self.crashes, other.crashes) {
            (Some((declared, won, busy)), Some((_, more, also))) => Some((declared, won + more, busy + also)),
            (one, another) => one.or(another),
        };
        for (outcome, count) in other.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
        if let Some(found) = other.best {
            self.keep(found);
        }
        self
    }

    /// Why a run without a violation is no pass.
    ///
    /// Of a lock that a dead holder `left` behind its class may be declared: if somebody has to clean up, nobody may win.
    pub(super) fn doubt(&self, extent: &Extent, left: Left) -> Option<String> {
        if self.lost > 0
            && !matches!(
                extent,
                Extent::Cut {
                    reason: CutReason::Interrupt,
                    ..
                }
            )
        {
            let why = self.failure.as_ref().map(|why| format!("; the first: {why}"));
            return Some(format!(
                "{} could not be followed to the end{}",
                executions(self.lost),
                why.unwrap_or_default()
            ));
        }
        if let Extent::Cut { reason, preemptions } = extent {
            let before = match preemptions {
                Some(most) => format!("; every schedule with {} was run before", at_most(*most)),
                None => String::new(),
            };
            if *reason == CutReason::Interrupt {
                return Some(format!(
                    "the search was interrupted{before}; let it finish, or give it a limit"
                ));
            }
            if self.executions == 0 {
                return Some(format!(
                    "nothing was run: the search was cut at {reason}; raise the limit"
                ));
            }
            return Some(format!(
                "the search was cut at {reason}{before}; raise the limit, or contend with fewer processes"
            ));
        }
        if self.blocked > 0 {
            let blocked = executions(self.blocked);
            return Some(format!(
                "the search gave up {blocked}, which it never should; this is a bug in onewinner, use `--search exhaustive`"
            ));
        }
        if !self.contended {
            return Some("no process ever met another; contend with more processes".to_owned());
        }
        if !self.applied {
            return Some("no history can show a violation of what is judged; choose another scenario".to_owned());
        }
        match left {
            Left::Declared(CrashClass::Manual) if self.took_stale > 0 => Some(format!(
                "somebody got past the stale lock in {}, and it is declared that nobody can; declare its class as it is",
                executions(self.took_stale)
            )),
            Left::Declared(CrashClass::Manual) => None,
            Left::Declared(_) if self.took_stale == 0 => {
                Some("nobody ever got past the stale lock, which is declared to free itself".to_owned())
            }
            Left::Undeclared if self.took_stale == 0 => Some(
                "nobody ever got past the stale lock, so that nothing is known of how it is broken; if its age decides, \
                 give --stale a greater one"
                    .to_owned(),
            ),
            _ => (!self.won).then(|| "no process ever won".to_owned()),
        }
    }

    /// The table of outcomes, from few winners to many.
    pub(super) fn rows(&self) -> Vec<OutcomeRow> {
        let row = |((outcome, grade), count): (&(Outcome, Grade), &u64)| OutcomeRow {
            outcome: outcome.clone(),
            count: *count,
            grade: *grade,
        };
        self.outcomes.iter().map(row).collect()
    }
}

/// So many executions, in words.
pub(super) fn executions(number: u64) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} execution{plural}")
}

/// Whether somebody was told busy, or the calls with which two processes acquire conflict: of two that wait for a lock, one
/// wins after the other. A scenario with an injected error is about that error: the attempt that met it is its contention.
fn contended(history: &History) -> bool {
    let attempts = history.attempts();
    let several = attempts.windows(2).any(|pair| pair[0].process != pair[1].process);
    let lost = attempts.iter().any(|attempt| match attempt.result {
        AttemptResult::Undecided => false,
        AttemptResult::Busy if several => true,
        _ => Some(attempt.process) == history.disturbed,
    });
    lost || met(history, &attempts)
}

fn met(history: &History, attempts: &[Attempt]) -> bool {
    let calls = |attempt: &Attempt| -> Vec<&Accesses> {
        let touched = |position: &usize| match &history.events[*position].what {
            What::Performed { accesses, .. } => Some(accesses),
            _ => None,
        };
        attempt.calls.iter().filter_map(touched).collect()
    };
    let of: Vec<_> = attempts
        .iter()
        .map(|attempt| (attempt.process, calls(attempt)))
        .collect();
    of.iter().enumerate().any(|(position, (process, mine))| {
        let others = of[..position].iter().filter(|(other, _)| other != process);
        others
            .flat_map(|(_, theirs)| theirs)
            .any(|theirs| mine.iter().any(|one| one.conflict(theirs)))
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use onewinner_core::verdict::Unit;

    #[test]
    fn a_stale_lock_is_got_past_where_that_is_declared_and_nowhere_else() {
        let (each, bounds) = (Unit::Class, Vec::new());
        let complete = Extent::Complete { each, bounds };
        let doubt = |took_stale, class: Option<CrashClass>| {
            let tally = Tally {
                contended: true,
                applied: true,
                won: took_stale > 0,
                took_stale,
                ..Tally::default()
            };
            tally.doubt(&complete, class.map_or(Left::Undeclared, Left::Declared))
        };
        assert_eq!(doubt(0, Some(CrashClass::Manual)), None);
        assert_eq!(doubt(1, Some(CrashClass::Auto)), None);
        assert_eq!(doubt(1, None), None);
        for (took_stale, class, words) in [
            (1, Some(CrashClass::Manual), "got past the stale lock in 1 execution, "),
            (0, Some(CrashClass::Auto), "nobody ever got past"),
            (0, Some(CrashClass::Bounded), "nobody ever got past"),
            (0, None, "nothing is known of how it is broken"),
        ] {
            let doubt = doubt(took_stale, class);
            assert!(doubt.as_deref().is_some_and(|doubt| doubt.contains(words)), "{doubt:?}");
        }
    }

    #[test]
    fn a_search_that_gave_an_execution_up_is_no_pass() {
        let (each, bounds) = (Unit::Class, Vec::new());
        let complete = Extent::Complete { each, bounds };
        let tally = |blocked| Tally {
            contended: true,
            won: true,
            applied: true,
            blocked,
            ..Tally::default()
        };
        assert_eq!(tally(0).doubt(&complete, Left::Nothing), None);
        let doubt = tally(1).doubt(&complete, Left::Nothing);
        assert!(
            doubt
                .as_deref()
                .is_some_and(|doubt| doubt.contains("gave up 1 execution, ")),
            "{doubt:?}"
        );
    }
}
