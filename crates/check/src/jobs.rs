//! Checks several plans: one after another within one time limit, or several sweeps in parallel. The verdicts do not depend
//! on how many run in parallel.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use super::check::{check, check_until, close_after, conclude_error, merge_sweeps, shrink_and_conclude};
use super::error::CheckError;
use super::event::{Event, EventSink};
use super::fault_sweep::Fault;
use super::plan::Plan;
use super::plan_results::PlanResults;
use super::plan_searches::PlanSearch;
use super::progress::ProgressMonitor;
use super::session::{BackendSession, KeptSession};
use onewinner_core::property::Judging;
use onewinner_core::verdict::{CutReason, Extent, Judged, Verdict};

/// The result of a plan.
type CheckResult = Result<Judged, CheckError>;

/// How several plans share time and processors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// Each plan has its own time limit, and several searches run at the same time.
    ForEach {
        /// How many.
        jobs: usize,
    },
    /// All plans share the longest time limit, each gets the same part of what is left, and unused time passes on. They run in
    /// order until one shows that several processes get the lock. Plans that their part cuts run again at the end, if time is left.
    /// A plan is left out if an earlier one of the same configuration has run every schedule. None follows one of which no
    /// execution could be followed to its end.
    Together,
}

/// Receives the result of a plan, with its position among the plans.
type EachResult<'a> = dyn FnMut(usize, &Plan, CheckResult) -> ControlFlow<()> + 'a;

/// Checks plans, and passes the results to `each`: in the order of the plans, but those that ran again last.
///
/// When `interrupted`, running plans end early and the others are left out.
pub fn check_all(
    plans: &[Plan],
    allowance: Allowance,
    interrupted: &Arc<AtomicBool>,
    events: &EventSink,
    each: &mut EachResult<'_>,
) {
    let searches = plans.iter().all(|plan| plan.backend.is_searched());
    match allowance {
        Allowance::ForEach { jobs } if jobs > 1 && searches => check_parallel(plans, jobs, interrupted, events, each),
        // A race forks, so it must run without other threads.
        Allowance::ForEach { .. } => {
            for (position, plan) in plans.iter().enumerate() {
                if interrupted.load(Ordering::Relaxed)
                    || each(position, plan, check(plan, interrupted, events)).is_break()
                {
                    return;
                }
            }
        }
        Allowance::Together => check_until_violated(plans, interrupted, events, each),
    }
}

/// A plan that time has cut: its position, its result, and the time that it took.
type CutPlan = (usize, CheckResult, Duration);

/// Checks plans in order within the longest of their time limits, until one shows that several processes get the lock.
fn check_until_violated(plans: &[Plan], interrupted: &Arc<AtomicBool>, events: &EventSink, each: &mut EachResult<'_>) {
    let times = plans
        .iter()
        .filter_map(|plan| plan.backend.search())
        .map(|(_, limits)| limits.time);
    let deadline = times.max().and_then(|longest| Instant::now().checked_add(longest));
    let mut kept = KeptSession::default();
    let (mut cut, mut complete) = (Vec::new(), Vec::new());
    for (position, plan) in plans.iter().enumerate() {
        if interrupted.load(Ordering::Relaxed) {
            break;
        }
        if complete.contains(&plan.configuration()) {
            continue;
        }
        let began = Instant::now();
        let latest = deadline.map(|deadline| began + part(deadline, plans.len() - position));
        let checked = check_until(plan, latest, &mut kept, interrupted, events);
        // A later plan of the same configuration goes deeper, and takes the place of an earlier one.
        cut.retain(|(earlier, ..): &CutPlan| plans[*earlier].configuration() != plan.configuration());
        if is_cut_by_time(plan, &checked) {
            cut.push((position, checked, began.elapsed()));
            continue;
        }
        // The program would fail in the same way in each configuration.
        let decided = decides(&checked) || cut.is_empty() && is_unfollowable(&checked);
        complete.extend(is_complete(&checked).then(|| plan.configuration()));
        let is_done = |plan: &Plan| complete.contains(&plan.configuration());
        let is_last = decided || cut.is_empty() && plans[position + 1..].iter().all(is_done);
        let checked = end_if(is_last, plan, checked, &mut kept);
        if each(position, plan, checked).is_break() || decided {
            return;
        }
    }
    let number = cut.len();
    for (done, (position, checked, took)) in cut.into_iter().enumerate() {
        let plan = &plans[position];
        let more = deadline.map_or(Duration::ZERO, |deadline| part(deadline, number - done));
        let checked = if more > took && !interrupted.load(Ordering::Relaxed) {
            check_until(plan, Some(Instant::now() + more), &mut kept, interrupted, events)
        } else {
            checked
        };
        let decided = decides(&checked);
        let checked = end_if(decided || done + 1 == number, plan, checked, &mut kept);
        if each(position, plan, checked).is_break() || decided {
            return;
        }
    }
}

/// Ends the worker process after the last plan.
fn end_if(is_last: bool, plan: &Plan, checked: CheckResult, kept: &mut KeptSession) -> CheckResult {
    if is_last {
        checked.and_then(|judged| close_after(plan, judged, kept))
    } else {
        checked
    }
}

/// The time until the deadline, divided by a number of plans.
fn part(deadline: Instant, plans: usize) -> Duration {
    let left = deadline.saturating_duration_since(Instant::now());
    left / u32::try_from(plans.max(1)).unwrap_or(u32::MAX)
}

/// Whether nothing worse can follow: several processes get the lock, or none ever does. After an attempt or a release that fails,
/// a later plan may show two holders.
fn decides(checked: &CheckResult) -> bool {
    let Ok(judged) = checked else { return false };
    let Verdict::Violated(found) = &judged.verdict else {
        return false;
    };
    found.breaks_exclusion() || judged.coverage.outcomes.iter().all(|row| row.outcome.winners == 0)
}

/// Whether executions were run, and none could be followed to its end.
fn is_unfollowable(checked: &CheckResult) -> bool {
    checked.as_ref().is_ok_and(|Judged { verdict, coverage, .. }| {
        let all_lost = coverage.executions > 0 && coverage.lost == coverage.executions;
        all_lost && matches!(verdict, Verdict::Inconclusive { .. })
    })
}

/// Whether no later plan of the same configuration can find more.
fn is_complete(checked: &CheckResult) -> bool {
    let is_complete =
        |judged: &Judged| judged.verdict == Verdict::Holds && judged.coverage.extent.is_complete_in_preemptions();
    checked.as_ref().is_ok_and(is_complete)
}

/// Whether more time could decide a plan. One that only reports takes its part, and no more.
fn is_cut_by_time(plan: &Plan, checked: &CheckResult) -> bool {
    let Ok(judged) = checked else { return false };
    let by_time = matches!(
        judged.coverage.extent,
        Extent::Cut {
            reason: CutReason::Time(_),
            ..
        }
    );
    by_time
        && judged.coverage.lost == 0
        && matches!(judged.verdict, Verdict::Inconclusive { .. })
        && !matches!(plan.judged, Judging::ExclusionAfterCrash)
}

/// Checks plans on several threads. Results that are ready too early wait for their turn.
fn check_parallel(
    plans: &[Plan],
    jobs: usize,
    interrupted: &Arc<AtomicBool>,
    events: &EventSink,
    each: &mut EachResult<'_>,
) {
    let stopped = Arc::new(AtomicBool::new(false));
    let queue = JobQueue::new(plans, jobs, interrupted, &stopped, events);
    std::thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        for _ in 0..jobs {
            let (queue, send) = (&queue, send.clone());
            scope.spawn(move || queue.work(&send));
        }
        drop(send);
        let (mut early, mut next) = (BTreeMap::new(), 0);
        for (position, checked) in receive {
            early.insert(position, checked);
            while let Some(checked) = early.remove(&next) {
                if each(next, &plans[next], checked).is_break() {
                    stopped.store(true, Ordering::Relaxed);
                    return;
                }
                next += 1;
            }
        }
    });
}

/// The sweeps of all plans, and their results so far.
struct JobQueue<'a> {
    plans: Vec<PlanJobs<'a>>,
    /// The position of the plan, and its sweep.
    sweeps: Vec<(usize, Fault)>,
    next: AtomicUsize,
    jobs: usize,
    /// The number of sweeps that are running.
    running: AtomicUsize,
    progress: ProgressMonitor,
    events: EventSink,
}

struct PlanJobs<'a> {
    plan: &'a Plan,
    /// The number of its sweeps.
    sweeps: usize,
    so_far: Mutex<SweepsSoFar>,
}

#[derive(Default)]
struct SweepsSoFar {
    /// The start of the first sweep.
    started: Option<Instant>,
    /// The results of sweeps, by their position in the queue.
    results: BTreeMap<usize, Result<PlanResults, CheckError>>,
}

impl<'a> JobQueue<'a> {
    fn new(
        plans: &'a [Plan],
        jobs: usize,
        interrupted: &Arc<AtomicBool>,
        stopped: &Arc<AtomicBool>,
        events: &EventSink,
    ) -> Self {
        let faults_of = |plan: &Plan| Fault::all_of(plan.fault_sweep, &plan.scenario);
        let sweeps = plans.iter().enumerate();
        let sweeps =
            sweeps.flat_map(|(position, plan)| faults_of(plan).into_iter().map(move |fault| (position, fault)));
        let plan_jobs = |plan: &'a Plan| PlanJobs {
            plan,
            sweeps: faults_of(plan).len(),
            so_far: Mutex::default(),
        };
        Self {
            plans: plans.iter().map(plan_jobs).collect(),
            sweeps: sweeps.collect(),
            next: AtomicUsize::new(0),
            jobs,
            running: AtomicUsize::new(0),
            progress: ProgressMonitor::new(interrupted, events).or_stopped_by(stopped),
            events: Arc::clone(events),
        }
    }

    /// Runs sweeps until none is left, and concludes each plan whose last sweep it ran.
    fn work(&self, send: &mpsc::Sender<(usize, CheckResult)>) {
        while !self.progress.is_stopped() {
            let place = self.next.fetch_add(1, Ordering::Relaxed);
            let Some((position, fault)) = self.sweeps.get(place).copied() else {
                return;
            };
            let jobs = &self.plans[position];
            let mut session = BackendSession::of(jobs.plan).stopped_by(&self.progress);
            self.running.fetch_add(1, Ordering::Relaxed);
            let found = self.sweep(jobs, fault, &mut session);
            self.running.fetch_sub(1, Ordering::Relaxed);
            let mut so_far = jobs.so_far.lock().unwrap_or_else(PoisonError::into_inner);
            if so_far.results.len() + 1 < jobs.sweeps {
                let closed = session.close();
                let found = found.and_then(|found| closed.map(|()| found));
                so_far.results.insert(place, found);
                continue;
            }
            so_far.results.insert(place, found);
            let results = std::mem::take(&mut so_far.results).into_values();
            drop(so_far);
            let found = results.collect::<Result<Vec<_>, _>>().map(merge_sweeps);
            let judged = found.map(|found| shrink_and_conclude(jobs.plan, found, &mut session));
            let closed = session.close();
            let judged = judged.and_then(|judged| closed.map(|()| judged));
            let judged = judged.or_else(|error| conclude_error(jobs.plan, error));
            // The receiver is gone when the output is closed.
            let _unsent = send.send((position, judged));
        }
    }

    fn sweep(
        &self,
        jobs: &PlanJobs<'_>,
        fault: Fault,
        session: &mut BackendSession<'_>,
    ) -> Result<PlanResults, CheckError> {
        let plan = jobs.plan;
        let started = {
            let mut so_far = jobs.so_far.lock().unwrap_or_else(PoisonError::into_inner);
            *so_far.started.get_or_insert_with(Instant::now)
        };
        let (strategy, limits) = plan.backend.search().expect("only searches run in parallel");
        (self.events)(Event::Began {
            backend: plan.backend.kind(),
            lock: plan.subject.name().to_owned(),
            scenario: plan.configuration(),
        });
        let search = PlanSearch {
            plan,
            strategy,
            limits,
            deadline: started + limits.time,
            progress: &self.progress,
            // Idle threads help the others.
            threads: &|| self.jobs / self.running.load(Ordering::Relaxed).max(1),
        };
        search.sweep(fault, session)
    }
}
