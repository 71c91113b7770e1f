//! Results: counts what executions show, and keeps the violation that is easiest to read.

use std::collections::{BTreeMap, BTreeSet};

use super::plan::Plan;
use super::violation::FoundViolation;
use onewinner_core::access::Accesses;
use onewinner_core::history::{Attempt, AttemptResult, End, Execution, History, Outcome, What};
use onewinner_core::primitive::CrashClass;
use onewinner_core::property::{Judgement, Judging};
use onewinner_core::scenario::{Scenario, Subject};
use onewinner_core::verdict::{Bound, Crash, CutReason, Extent, Grade, OutcomeRow};

/// The results of the executions of one run so far.
#[derive(Default)]
pub(crate) struct Results {
    /// The number of executions.
    pub(crate) executions: u64,
    /// Executions that violate a property.
    pub(crate) violating: u64,
    /// The violation that is easiest to read.
    pub(crate) best: Option<FoundViolation>,
    /// The violations that do not decide: for each property the one that is easiest to read.
    pub(crate) warnings: BTreeMap<&'static str, FoundViolation>,
    /// Executions since the first violation.
    pub(crate) since_first: u64,
    /// Whether processes contended: one lost to another, met an injected error, or two acquired with conflicting calls.
    /// Without contention nothing was tested. Several winners are no sign of it: they may win one after the other.
    pub(crate) contended: bool,
    /// Whether any process acquired the lock.
    pub(crate) won: bool,
    /// Whether a judged property applied to some history.
    pub(crate) applied: bool,
    /// Executions that could not be followed to their end.
    pub(crate) lost: u64,
    /// Executions that the scheduler gave up.
    pub(crate) blocked: u64,
    /// Executions in which a process took over a stale lock.
    pub(crate) took_stale: u64,
    /// The declared crash class, and how often the attempt after a crash won and was busy.
    crashes: Option<(Option<CrashClass>, u64, u64)>,
    /// Why the first lost execution was lost.
    pub(crate) failure: Option<String>,
    /// Why the search left schedules out.
    pub(crate) left_out: Option<String>,
    /// Notes of the backend on how it ran.
    pub(crate) notes: BTreeSet<String>,
    outcomes: BTreeMap<(Outcome, Grade), u64>,
}

/// The stale lock at the start of a scenario.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum StaleLock {
    /// There is none.
    Absent,
    /// The lock declares no crash class.
    Undeclared,
    /// The lock declares this crash class.
    Declared(CrashClass),
}

impl StaleLock {
    pub(crate) fn of(plan: &Plan) -> Self {
        match &plan.subject {
            _ if !plan.scenario.start.is_stale() => Self::Absent,
            Subject::Primitive(primitive) => Self::Declared(primitive.crash_class()),
            Subject::Program(_) => Self::Undeclared,
        }
    }
}

impl Results {
    /// Adds an execution that happened `times` times.
    pub(crate) fn add(&mut self, scenario: &Scenario, judged: Judging, execution: Execution, times: u64) {
        self.executions += times;
        self.since_first += u64::from(self.best.is_some());
        if matches!(execution.end, End::Diverged { .. }) {
            self.lost += times;
        }
        let outcome = Outcome::of(&execution.history);
        self.won |= outcome.winners > 0;
        self.contended = self.contended || contended(&execution.history);
        self.took_stale += u64::from(execution.history.took_stale()) * times;
        self.count_crash(&execution.history);
        let Judgement {
            violated,
            warnings,
            applies,
        } = judged.judge(&execution.history);
        self.applied |= applies;
        if execution.end == End::Completed {
            for (property, violation) in warnings {
                self.keep_warning(FoundViolation {
                    property,
                    violation,
                    execution: execution.clone(),
                    scenario: scenario.clone(),
                });
            }
        }
        let grade = match &violated {
            Some(_) => Grade::Forbidden,
            None if outcome.errors > 0 => Grade::Interesting,
            None => Grade::Acceptable,
        };
        *self.outcomes.entry((outcome, grade)).or_default() += times;
        if let Some((property, violation)) = violated {
            self.violating += times;
            let found = FoundViolation {
                property,
                violation,
                execution,
                scenario: scenario.clone(),
            };
            self.keep_simpler(found);
        }
    }

    fn count_crash(&mut self, history: &History) {
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

    /// How the lock behaves after a crash, if processes were killed.
    pub(crate) fn crash(&self) -> Option<Crash> {
        let (declared, won, busy) = self.crashes.filter(|(_, won, busy)| won + busy > 0)?;
        Some(Crash { declared, won, busy })
    }

    /// Keeps the violation that is easier to read.
    fn keep_simpler(&mut self, found: FoundViolation) {
        if self
            .best
            .as_ref()
            .is_none_or(|best| found.complexity() < best.complexity())
        {
            self.best = Some(found);
        }
    }

    /// Keeps the warning, unless one of the same property is easier to read.
    fn keep_warning(&mut self, found: FoundViolation) {
        let name = found.property.name();
        let known = self.warnings.get(name).map(FoundViolation::complexity);
        if known.is_none_or(|known| found.complexity() < known) {
            self.warnings.insert(name, found);
        }
    }

    /// The results of both searches together.
    pub(crate) fn merge(mut self, other: Self) -> Self {
        self.executions += other.executions;
        self.violating += other.violating;
        self.since_first += other.since_first;
        self.contended |= other.contended;
        self.won |= other.won;
        self.applied |= other.applied;
        self.lost += other.lost;
        self.blocked += other.blocked;
        self.failure = self.failure.or(other.failure);
        self.left_out = self.left_out.or(other.left_out);
        self.notes.extend(other.notes);
        self.took_stale += other.took_stale;
        self.crashes = match (self.crashes, other.crashes) {
            (Some((declared, won, busy)), Some((_, more_won, more_busy))) => {
                Some((declared, won + more_won, busy + more_busy))
            }
            (one, other) => one.or(other),
        };
        for (outcome, count) in other.outcomes {
            *self.outcomes.entry(outcome).or_default() += count;
        }
        if let Some(found) = other.best {
            self.keep_simpler(found);
        }
        other.warnings.into_values().for_each(|found| self.keep_warning(found));
        self
    }

    /// Why a run without a violation does not count as a pass.
    ///
    /// If a stale lock needs manual cleanup, no process may win.
    pub(crate) fn why_no_pass(&self, extent: &Extent, stale: StaleLock) -> Option<String> {
        if self.lost > 0
            && !matches!(
                extent,
                Extent::Cut {
                    reason: CutReason::Interrupt,
                    ..
                }
            )
        {
            let cause = self.failure.as_ref().map(|cause| format!("; the first: {cause}"));
            return Some(format!(
                "{} could not be followed to the end{}",
                executions(self.lost),
                cause.unwrap_or_default()
            ));
        }
        if let Extent::Cut { reason, preemptions } = extent {
            let before = match preemptions {
                Some(most) => format!("; every schedule with {} was run before", Bound::Preemptions(*most)),
                None => String::new(),
            };
            if *reason == CutReason::Interrupt {
                return Some(format!(
                    "the search was interrupted{before}; let it finish, or give it a limit"
                ));
            }
            if self.executions == 0 {
                let doing = self.failure.as_ref().map(|doing| format!(" ({doing})"));
                return Some(format!(
                    "nothing was run: the search was cut at {reason}{}; raise the limit",
                    doing.unwrap_or_default()
                ));
            }
            return Some(format!(
                "the search was cut at {reason}{before}; raise the limit, or contend with fewer processes"
            ));
        }
        if let Some(why) = &self.left_out {
            return Some(format!("schedules are left out: {why}"));
        }
        if self.blocked > 0 {
            let blocked = executions(self.blocked);
            return Some(format!(
                "the search gave up {blocked}; this is a bug in onewinner, use `--search exhaustive`"
            ));
        }
        if !self.contended {
            return Some("no two processes contended; raise the number of processes".to_owned());
        }
        if !self.applied {
            return Some("no execution can violate the judged property; choose another scenario".to_owned());
        }
        match stale {
            StaleLock::Declared(CrashClass::Manual) if self.took_stale > 0 => Some(format!(
                "a process took over the stale lock in {}, but the lock declares that this needs manual cleanup; correct its crash class",
                executions(self.took_stale)
            )),
            StaleLock::Declared(CrashClass::Manual) => None,
            StaleLock::Declared(_) if self.took_stale == 0 => {
                Some("no process took over the stale lock, but the lock declares that it becomes free after a crash; correct its crash class".to_owned())
            }
            StaleLock::Undeclared if self.took_stale == 0 => Some(
                "no process took over the stale lock, so taking it over was not tested; if the lock waits for a certain age, \
                 raise --stale"
                    .to_owned(),
            ),
            _ => (!self.won).then(|| "no process acquired the lock".to_owned()),
        }
    }

    /// The table of outcomes, from few winners to many.
    pub(crate) fn outcome_rows(&self) -> Vec<OutcomeRow> {
        let row = |((outcome, grade), count): (&(Outcome, Grade), &u64)| OutcomeRow {
            outcome: outcome.clone(),
            count: *count,
            grade: *grade,
        };
        self.outcomes.iter().map(row).collect()
    }
}

/// A number of executions, in words.
fn executions(number: u64) -> String {
    let plural = if number == 1 { "" } else { "s" };
    format!("{number} execution{plural}")
}

/// Whether an attempt was busy, or two processes acquired with conflicting calls: two that wait for a lock win one after the
/// other. In a scenario with an injected error, the attempt that met the error counts as contention.
fn contended(history: &History) -> bool {
    let attempts = history.attempts();
    let several = attempts.windows(2).any(|pair| pair[0].process != pair[1].process);
    let lost = attempts.iter().any(|attempt| match attempt.result {
        AttemptResult::Undecided => false,
        AttemptResult::Busy if several => true,
        _ => Some(attempt.process) == history.disturbed,
    });
    lost || calls_conflict(history, &attempts)
}

/// Whether two processes acquired with conflicting calls.
fn calls_conflict(history: &History, attempts: &[Attempt]) -> bool {
    let calls = |attempt: &Attempt| -> Vec<&Accesses> {
        let touched = |position: &usize| match &history.events[*position].what {
            What::Performed { accesses, .. } => Some(accesses),
            _ => None,
        };
        attempt.calls.iter().filter_map(touched).collect()
    };
    let calls_of: Vec<_> = attempts
        .iter()
        .map(|attempt| (attempt.process, calls(attempt)))
        .collect();
    calls_of.iter().enumerate().any(|(position, (process, mine))| {
        let others = calls_of[..position].iter().filter(|(other, _)| other != process);
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
    fn a_stale_lock_is_taken_over_only_if_that_is_declared() {
        let (each, bounds) = (Unit::Class, Vec::new());
        let complete = Extent::Complete { each, bounds };
        let why_no_pass = |took_stale, class: Option<CrashClass>| {
            let results = Results {
                contended: true,
                applied: true,
                won: took_stale > 0,
                took_stale,
                ..Results::default()
            };
            results.why_no_pass(&complete, class.map_or(StaleLock::Undeclared, StaleLock::Declared))
        };
        assert_eq!(why_no_pass(0, Some(CrashClass::Manual)), None);
        assert_eq!(why_no_pass(1, Some(CrashClass::Auto)), None);
        assert_eq!(why_no_pass(1, None), None);
        for (took_stale, class, words) in [
            (1, Some(CrashClass::Manual), "took over the stale lock in 1 execution, "),
            (0, Some(CrashClass::Auto), "no process took over"),
            (0, Some(CrashClass::Bounded), "no process took over"),
            (0, None, "was not tested"),
        ] {
            let why_no_pass = why_no_pass(took_stale, class);
            assert!(
                why_no_pass
                    .as_deref()
                    .is_some_and(|why_no_pass| why_no_pass.contains(words)),
                "{why_no_pass:?}"
            );
        }
    }

    #[test]
    fn a_search_that_gave_up_an_execution_does_not_pass() {
        let (each, bounds) = (Unit::Class, Vec::new());
        let complete = Extent::Complete { each, bounds };
        let results = |blocked| Results {
            contended: true,
            won: true,
            applied: true,
            blocked,
            ..Results::default()
        };
        assert_eq!(results(0).why_no_pass(&complete, StaleLock::Absent), None);
        let why_no_pass = results(1).why_no_pass(&complete, StaleLock::Absent);
        assert!(
            why_no_pass
                .as_deref()
                .is_some_and(|why_no_pass| why_no_pass.contains("gave up 1 execution; ")),
            "{why_no_pass:?}"
        );
    }
}
