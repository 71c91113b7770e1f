//! Runs executions one after another and counts how they end.
//!
//! An execution that fails is retried. If it keeps failing it is counted, because that part of the space stays unknown.
//! Does not depend on how schedules are chosen.

use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use serde::{Deserialize, Serialize};

use super::{Begin, Choice, ChoicePoint, Covered, Diverged, Lost, Mismatch, Retry, Scheduler, System};
use crate::happens_before::Step;
use crate::id::ProcessId;
use crate::schedule::Schedule;

/// How often an execution that was lost or diverged is retried.
pub const RETRIES: u32 = 3;

/// Limits of a search. A search that reaches one of them is incomplete.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// The number of executions.
    pub executions: u64,
    /// The number of steps in one execution. It ends locks that spin forever.
    pub steps: usize,
    /// The time for the whole search.
    pub time: Duration,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            executions: 10_000_000,
            steps: 10_000,
            time: Duration::from_secs(60),
        }
    }
}

/// How one execution ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// No process can take another step.
    Completed,
    /// The scheduler, or the limit on steps, stopped it.
    Cut,
    /// See [`Choice::Blocked`].
    Blocked,
    /// See [`Choice::Redundant`].
    Redundant,
    /// The system could not continue it: see [`Lost`].
    Lost {
        /// The step, counted from 0.
        step: usize,
        /// What happened.
        reason: String,
    },
    /// See [`Choice::Diverged`], [`Scheduler::performed`] and [`Scheduler::completed`].
    Diverged {
        /// The step, counted from 0.
        step: usize,
        /// What was expected and what was found.
        reason: String,
    },
}

/// Why the search ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Stop {
    /// The scheduler has no schedule left.
    Exhausted,
    /// The limit on executions was reached, and schedules were left.
    Executions,
    /// The limit on steps was reached in some execution.
    Steps,
    /// The limit on time was reached.
    Time,
    /// The caller asked to stop.
    Requested,
    /// The system failed, and can run no schedule any more: see [`Retry::SystemFailed`].
    Failed,
}

/// What a search did.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Searched {
    /// Executions run.
    pub executions: u64,
    /// Executions that ended as [`Ended::Blocked`].
    pub blocked: u64,
    /// Executions that ended as [`Ended::Redundant`].
    #[serde(default)]
    pub redundant: u64,
    /// Executions that ended as [`Ended::Lost`], after [`RETRIES`] retries where a retry could help.
    pub lost: u64,
    /// Executions that ended as [`Ended::Diverged`], after as many retries.
    pub diverged: u64,
    /// Why the first of them was lost or diverged; if none was, what the last execution did when the search ended before it.
    pub failure: Option<String>,
    /// Steps taken in all of them.
    pub steps: u64,
    /// What was covered; [`Covered::Everything`] only if no execution was lost or cut.
    pub covered: Covered,
    /// The limit on fruitless polls of each process, if it left schedules out: see [`System::poll_limit`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub poll_limit: Option<u32>,
    /// Why schedules are left out: see [`System::left_out`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub left_out: Option<String>,
    /// Why the search ended.
    pub stop: Stop,
}

impl Searched {
    /// Before the first execution.
    pub fn nothing() -> Self {
        Self {
            executions: 0,
            blocked: 0,
            redundant: 0,
            lost: 0,
            diverged: 0,
            failure: None,
            steps: 0,
            covered: Covered::Some,
            poll_limit: None,
            left_out: None,
            stop: Stop::Exhausted,
        }
    }

    fn count(&mut self, schedule: &Schedule, ended: &Ended) {
        self.executions += 1;
        self.steps += schedule.len() as u64;
        match ended {
            Ended::Completed | Ended::Cut => {}
            Ended::Blocked => self.blocked += 1,
            Ended::Redundant => self.redundant += 1,
            Ended::Lost { reason, .. } => {
                self.lost += 1;
                self.failure.get_or_insert_with(|| reason.clone());
            }
            Ended::Diverged { reason, .. } => {
                self.diverged += 1;
                self.failure.get_or_insert_with(|| reason.clone());
            }
        }
    }
}

/// Runs executions until the scheduler has none left, a limit is reached, or `watch` breaks. Redundant executions are not
/// passed to `watch`: what they show, another execution shows too.
pub fn search<W: System>(
    system: &mut W,
    scheduler: &mut dyn Scheduler,
    limits: Limits,
    watch: &mut dyn FnMut(&mut W, Schedule, Ended) -> ControlFlow<()>,
) -> Searched {
    let mut searched = Searched::nothing();
    searched.stop = run(system, scheduler, limits, watch, &mut searched);
    searched.covered = scheduler.covered();
    searched.poll_limit = system.poll_limit();
    searched.left_out = system.left_out();
    searched
}

fn run<W: System>(
    system: &mut W,
    scheduler: &mut dyn Scheduler,
    limits: Limits,
    watch: &mut dyn FnMut(&mut W, Schedule, Ended) -> ControlFlow<()>,
    searched: &mut Searched,
) -> Stop {
    let deadline = Instant::now() + limits.time;
    let mut too_long = false;
    while scheduler.begin() == Begin::Another {
        if searched.executions == limits.executions {
            return Stop::Executions;
        }
        if Instant::now() >= deadline {
            return Stop::Time;
        }
        let (schedule, ended, again) = execute_with_retries(system, scheduler, limits.steps);
        if again == Retry::Abandoned {
            if let Ended::Lost { reason, .. } = ended {
                searched.failure.get_or_insert(reason);
            }
            return if Instant::now() >= deadline {
                Stop::Time
            } else {
                Stop::Requested
            };
        }
        let at_limit = ended == Ended::Cut && schedule.len() == limits.steps;
        if at_limit || matches!(ended, Ended::Lost { .. } | Ended::Diverged { .. }) {
            scheduler.unfinished();
        }
        too_long |= at_limit;
        searched.count(&schedule, &ended);
        if ended == Ended::Redundant {
            continue;
        }
        if watch(system, schedule, ended).is_break() {
            return Stop::Requested;
        }
        if again == Retry::SystemFailed {
            return Stop::Failed;
        }
    }
    if too_long { Stop::Steps } else { Stop::Exhausted }
}

/// Runs one execution; retries it while it fails in a way that may be a matter of timing. Also returns why it is not retried.
fn execute_with_retries<W: System>(
    system: &mut W,
    scheduler: &mut dyn Scheduler,
    most_steps: usize,
) -> (Schedule, Ended, Retry) {
    for _ in 0..RETRIES {
        let ran = execute(system, scheduler, most_steps);
        if ran.2 != Retry::Maybe {
            return ran;
        }
        scheduler.again();
    }
    execute(system, scheduler, most_steps)
}

/// Runs one execution from its first step; also returns whether a retry may help.
fn execute<W: System>(system: &mut W, scheduler: &mut dyn Scheduler, most_steps: usize) -> (Schedule, Ended, Retry) {
    let mut schedule = Schedule::default();
    let (ended, again) = match follow(system, scheduler, most_steps, &mut schedule) {
        Ok(ended) => (ended, Retry::Never),
        Err(Failure::Lost(Lost { reason, again })) => {
            let step = schedule.len();
            (Ended::Lost { step, reason }, again)
        }
        Err(Failure::Diverged { step, reason }) => (Ended::Diverged { step, reason }, Retry::Maybe),
    };
    (schedule, ended, again)
}

enum Failure {
    Lost(Lost),
    Diverged { step: usize, reason: String },
}

impl From<Lost> for Failure {
    fn from(lost: Lost) -> Self {
        Self::Lost(lost)
    }
}

fn follow<W: System>(
    system: &mut W,
    scheduler: &mut dyn Scheduler,
    most_steps: usize,
    schedule: &mut Schedule,
) -> Result<Ended, Failure> {
    system.reset()?;
    let (mut enabled, mut polling) = (Vec::new(), Vec::new());
    let mut last = None;
    loop {
        enabled.clear();
        system.enabled(&mut enabled);
        if enabled.is_empty() {
            return Ok(match scheduler.completed(system) {
                Ok(()) => Ended::Completed,
                Err(Mismatch { step }) => {
                    let reason = "the model reports another footprint than the execution".to_owned();
                    Ended::Diverged { step, reason }
                }
            });
        }
        if schedule.len() == most_steps {
            return Ok(Ended::Cut);
        }
        polling.clear();
        system.polling(&mut polling);
        let forecast = |process: ProcessId| system.forecast(process);
        let wakes_at = |process: ProcessId| system.wakes_at(process);
        let choice = scheduler.choose(&ChoicePoint {
            enabled: &enabled,
            polling: &polling,
            last,
            forecast: &forecast,
            wakes_at: &wakes_at,
        });
        let process = match choice {
            Choice::Step(process) => process,
            Choice::Cut => return Ok(Ended::Cut),
            Choice::Blocked => return Ok(Ended::Blocked),
            Choice::Redundant => return Ok(Ended::Redundant),
            Choice::Diverged { reason } => {
                let step = schedule.len();
                return Err(Failure::Diverged { step, reason });
            }
        };
        debug_assert!(
            enabled.contains(&process) || polling.contains(&process),
            "{process} is not enabled"
        );
        let accesses = system.step(process)?;
        schedule.push(process);
        last = Some(process);
        scheduler
            .performed(&Step { process, accesses })
            .map_err(|Diverged { reason }| {
                let step = schedule.len() - 1;
                Failure::Diverged { step, reason }
            })?;
    }
}

#[cfg(test)]
mod tests {
    use super::super::{Exhaustive, Model, Move};
    use super::*;
    use crate::access::{Access, AccessKind, Accesses, Object};

    /// Two processes with one step each; its second execution is lost.
    struct Failing {
        again: Retry,
        executions: u32,
        taken: Vec<ProcessId>,
    }

    impl Model for Failing {
        fn replay(&mut self, _: usize, _: &[Move]) -> Vec<Accesses> {
            Vec::new()
        }
    }

    impl System for Failing {
        fn reset(&mut self) -> Result<(), Lost> {
            self.executions += 1;
            self.taken.clear();
            if self.executions < 2 {
                return Ok(());
            }
            let (reason, again) = ("it is gone".to_owned(), self.again);
            Err(Lost { reason, again })
        }

        fn enabled(&self, processes: &mut Vec<ProcessId>) {
            processes.extend(ProcessId::first(2).filter(|process| !self.taken.contains(process)));
        }

        fn forecast(&self, _: ProcessId) -> Accesses {
            let (object, kind) = (Object::Cell(0), AccessKind::Store);
            [Access { object, kind }].into_iter().collect()
        }

        fn step(&mut self, process: ProcessId) -> Result<Accesses, Lost> {
            self.taken.push(process);
            Ok(self.forecast(process))
        }
    }

    #[test]
    fn a_loss_is_retried_or_ends_the_search_as_the_system_says() {
        for (again, stop, tries, lost) in [
            (Retry::Maybe, Stop::Exhausted, 1 + RETRIES, 1),
            (Retry::Never, Stop::Exhausted, 1, 1),
            (Retry::SystemFailed, Stop::Failed, 1, 1),
            (Retry::Abandoned, Stop::Requested, 1, 0),
        ] {
            let mut system = Failing {
                again,
                executions: 0,
                taken: Vec::new(),
            };
            let mut seen = 0;
            let searched = search(
                &mut system,
                &mut Exhaustive::new(),
                Limits::default(),
                &mut |_, _, _| {
                    seen += 1;
                    ControlFlow::Continue(())
                },
            );
            assert_eq!((searched.stop, searched.lost), (stop, lost), "{again:?}");
            assert_eq!((searched.executions, seen), (1 + lost, 1 + lost), "{again:?}");
            assert_eq!(system.executions, 1 + tries, "{again:?}");
            assert_eq!(searched.covered, Covered::Some, "{again:?}");
        }
    }
}
