//! Checks several plans: one after another within one time limit, or several sweeps in parallel. The verdicts do not depend
//! on how many run in parallel.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Instant;

use super::check::{CheckResult, EachResult, check, conclude_error, merge_sweeps, shrink_and_conclude};
use super::error::CheckError;
use super::event::{Event, EventSink};
use super::fault_sweep::Fault;
use super::plan::Plan;
use super::plan_results::PlanResults;
use super::plan_searches::PlanSearch;
use super::progress::ProgressMonitor;
use super::session::BackendSession;
use super::together::check_together;

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
    /// execution could be followed to its end. Several plans run at the same time.
    Together {
        /// How many.
        jobs: usize,
    },
}

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
        Allowance::Together { jobs } => check_together(plans, jobs, interrupted, events, each),
    }
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
