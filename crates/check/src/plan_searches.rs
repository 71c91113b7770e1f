//! The searches that a plan consists of, and what they showed together.
//!
//! They are independent of each other, so that their number and order is all that a verdict depends on; which they are is in
//! `fault_sweep.rs`.

use std::cell::Cell;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::fault_sweep::{Part, Series};
use super::parallel_search;
use super::results::Tally;
use super::{Backend, CheckError, Plan, Watch};
use onewinner_core::backend::sim;
use onewinner_core::explore::{Covered, Estimated, Limits, Searched, Stop, Strategy};
use onewinner_core::history::{End, Execution, History};
use onewinner_core::scenario::{Scenario, Subject};
use onewinner_core::verdict::{CutReason, Extent, Unit, at_most};
#[cfg(target_os = "linux")]
use onewinner_linux::tracer;

/// Once a violation was found, the verdict stands: so many executions more are looked at for one that is easier to read.
const EXECUTIONS_AFTER_VIOLATION: u64 = 100_000;
/// The same of a program, whose executions take a thousand times as long, and some of them a second.
const TIME_AFTER_VIOLATION: Duration = Duration::from_secs(5);

/// What the searches of one part showed.
pub(super) struct Gathered {
    pub(super) tally: Tally,
    pub(super) extent: Extent,
}

impl Part {
    /// Runs the searches of this part until `deadline`.
    pub(super) fn run(
        self,
        plan: &Plan,
        strategy: &Strategy,
        limits: Limits,
        deadline: Instant,
        watch: &Watch,
        threads: &dyn Fn() -> usize,
    ) -> Result<Gathered, CheckError> {
        let mut gathered = Gathered {
            tally: Tally::default(),
            extent: nothing(strategy),
        };
        let mut series = Series::of(self, &plan.scenario);
        while let Some(scenario) = series.next() {
            let left = Limits {
                time: deadline.saturating_duration_since(Instant::now()),
                ..limits
            };
            let search = Search {
                plan,
                scenario: &scenario,
                watch,
            };
            let (searched, notes, seen) = search.run(strategy, left, threads, &mut |history| series.saw(history))?;
            let Seen { mut tally, decided, .. } = seen;
            tally.blocked = searched.blocked;
            tally.failure.clone_from(&searched.failure);
            tally.notes.extend(notes);
            let extent = self.extent(&searched, limits, strategy, decided);
            let complete = matches!(extent, Extent::Complete { .. }) && tally.lost == 0;
            gathered = gathered.and(Gathered { tally, extent });
            if !complete {
                break;
            }
        }
        Ok(gathered)
    }

    fn extent(self, searched: &Searched, limits: Limits, strategy: &Strategy, decided: Option<CutReason>) -> Extent {
        let lost = searched.lost + searched.diverged;
        let reason = match searched.stop {
            Stop::Exhausted if lost > 0 => CutReason::Lost(lost),
            Stop::Exhausted => {
                let bounds = match searched.covered {
                    Covered::Preemptions(most) => vec![at_most(most)],
                    Covered::Everything | Covered::Some => Vec::new(),
                };
                let each = unit(strategy);
                return Extent::Complete { each, bounds };
            }
            Stop::Executions => CutReason::Executions(limits.executions),
            Stop::Steps => CutReason::Steps(limits.steps),
            Stop::Time => CutReason::Time(limits.time),
            Stop::Requested => decided.unwrap_or(CutReason::Interrupt),
        };
        let preemptions = match searched.covered {
            // Of a series, what comes after it is not run at all.
            Covered::Preemptions(most) if self == Self::Plain => Some(most),
            _ => None,
        };
        Extent::Cut { reason, preemptions }
    }
}

/// One search of a series.
#[derive(Clone, Copy)]
pub(super) struct Search<'a> {
    pub(super) plan: &'a Plan,
    pub(super) scenario: &'a Scenario,
    pub(super) watch: &'a Watch,
}

/// Whether an execution belongs to a search.
pub(super) type Belongs<'a> = dyn FnMut(&History) -> bool + Send + 'a;

impl Search<'_> {
    /// Runs it alone; in rounds, if it is long.
    fn run(
        self,
        strategy: &Strategy,
        limits: Limits,
        threads: &dyn Fn() -> usize,
        belongs: &mut Belongs<'_>,
    ) -> Result<(Searched, Vec<String>, Seen), CheckError> {
        let (mut seen, mut is_long) = (Seen::default(), false);
        let deadline = Instant::now() + limits.time;
        let share = Cell::new(None);
        let tell = &mut |told| share.set(Some(told));
        let (searched, notes) = run(self.plan, self.scenario, strategy, limits, tell, &mut |execution| {
            let belongs = belongs(&execution.history);
            let goes_on = seen.take(self, execution, belongs, share.get());
            is_long = goes_on.is_continue() && parallel_search::pay(&self.plan.backend, limits, &seen);
            match is_long {
                true => ControlFlow::Break(()),
                false => goes_on,
            }
        })?;
        if !is_long {
            return Ok((searched, notes, seen));
        }
        self.watch.forget(searched.executions);
        let limits = Limits {
            time: deadline.saturating_duration_since(Instant::now()),
            ..limits
        };
        let (searched, seen) = parallel_search::run(self, limits, threads, belongs)?;
        Ok((searched, notes, seen))
    }
}

/// What a search, or a task of it, has seen so far.
#[derive(Default)]
pub(super) struct Seen {
    pub(super) tally: Tally,
    /// How many executions it was, also those that belong to another search.
    pub(super) executions: u64,
    /// The limit that was reached after a violation.
    pub(super) decided: Option<CutReason>,
    /// Since when something is violated.
    violated: Option<Instant>,
}

impl Seen {
    pub(super) fn take(
        &mut self,
        search: Search<'_>,
        execution: Execution,
        belongs: bool,
        share: Option<f64>,
    ) -> ControlFlow<()> {
        let depth = execution.schedule.len();
        self.executions += 1;
        // Of one that was lost nobody knows what it would have shown.
        if belongs || execution.end != End::Completed {
            self.tally.take(search.scenario, search.plan.judged, execution, 1);
        }
        search.watch.saw(depth, share);
        if self.tally.best.is_some() {
            let since = *self.violated.get_or_insert_with(Instant::now);
            self.decided = enough(search.plan, self.tally.since_first, since);
        }
        match self.decided.is_some() || search.watch.is_over() {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

impl Gathered {
    /// Both together; complete if both are.
    pub(super) fn and(self, other: Self) -> Self {
        let extent = match (self.extent, other.extent) {
            (Extent::Complete { each, mut bounds }, Extent::Complete { bounds: more, .. }) => {
                bounds.extend(
                    more.into_iter()
                        .filter(|bound| !bounds.contains(bound))
                        .collect::<Vec<_>>(),
                );
                Extent::Complete { each, bounds }
            }
            (Extent::Complete { .. }, cut) | (cut, Extent::Complete { .. }) => cut,
            (
                Extent::Cut {
                    reason,
                    preemptions: one,
                },
                Extent::Cut { preemptions: other, .. },
            ) => Extent::Cut {
                reason,
                preemptions: one.zip(other).map(|(one, other)| one.min(other)),
            },
            (sampled, _) => sampled,
        };
        Self {
            tally: self.tally.and(other.tally),
            extent,
        }
    }
}

/// The extent of no search.
fn nothing(strategy: &Strategy) -> Extent {
    Extent::Complete {
        each: unit(strategy),
        bounds: Vec::new(),
    }
}

fn unit(strategy: &Strategy) -> Unit {
    match strategy {
        Strategy::Dpor => Unit::Class,
        Strategy::Exhaustive
        | Strategy::Bounded { .. }
        | Strategy::Pct { .. }
        | Strategy::Random { .. }
        | Strategy::Replay { .. }
        | Strategy::Guided { .. } => Unit::Schedule,
    }
}

/// The limit that is reached after a violation, if one is: so many executions more were looked at, and since then.
pub(super) fn enough(plan: &Plan, executions: u64, since: Instant) -> Option<CutReason> {
    let program = matches!(plan.subject, Subject::Program(_));
    if executions > EXECUTIONS_AFTER_VIOLATION {
        Some(CutReason::ExecutionsAfterViolation(EXECUTIONS_AFTER_VIOLATION))
    } else if program && since.elapsed() > TIME_AFTER_VIOLATION {
        Some(CutReason::TimeAfterViolation(TIME_AFTER_VIOLATION))
    } else {
        None
    }
}

/// Runs one search of `scenario` in the world of the plan, or in the one where its schedules can be followed; tells also
/// what the world says of how it ran. `tell` hears which share is behind it.
pub(super) fn run(
    plan: &Plan,
    scenario: &Scenario,
    strategy: &Strategy,
    limits: Limits,
    tell: &mut dyn FnMut(f64),
    watch: &mut dyn FnMut(Execution) -> ControlFlow<()>,
) -> Result<(Searched, Vec<String>), CheckError> {
    match &plan.backend {
        Backend::Loom(_) | Backend::Sim { .. } => {
            let mut scheduler = strategy.scheduler();
            let scheduler = &mut Estimated::new(&mut *scheduler, tell);
            let searched = sim::explore(plan.primitive()?, scenario, scheduler, limits, watch);
            Ok((searched, Vec::new()))
        }
        #[cfg(target_os = "linux")]
        Backend::Traced { directories, .. } => {
            let run = tracer::Run {
                subject: &plan.subject,
                scenario,
                strategy,
                limits,
                directories,
            };
            let told = tracer::explore_with_progress(&run, tell, watch)?;
            Ok((told.searched, told.notes))
        }
        #[cfg(target_os = "linux")]
        Backend::Race(_) => unreachable!("the kernel chooses the schedules of a race"),
    }
}
