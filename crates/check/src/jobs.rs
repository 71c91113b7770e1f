//! Several plans: one after another within one time limit, or as many parts of them at once as asked for. What is told of
//! each does not depend on how many.

use std::collections::BTreeMap;
use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::Instant;

use super::fault_sweep::Part;
use super::plan_searches::Gathered;
use super::progress::Watch;
use super::{CheckError, Event, EventSink, Plan, check, check_until, forbidden, together};
use onewinner_core::verdict::{Judged, Verdict};

/// What a plan came to.
type Came = Result<Judged, CheckError>;

/// What the time limits of several plans are for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Allowance {
    /// Each plan has its own; so many searches run at once.
    ForEach {
        /// How many.
        jobs: usize,
    },
    /// They share one, the longest: a ladder, climbed from its first rung until something is violated or the time is over.
    Together,
}

/// Runs plans to their verdicts, and hands these to `each` in the order of the plans.
///
/// When `interrupted`, plans that have begun end early and the others are left out.
pub fn check_all(
    plans: &[Plan],
    allowance: Allowance,
    interrupted: &Arc<AtomicBool>,
    tell: &EventSink,
    each: &mut dyn FnMut(&Plan, Came) -> ControlFlow<()>,
) {
    let searches = plans.iter().all(|plan| plan.backend.is_searched());
    match allowance {
        Allowance::ForEach { jobs } if jobs > 1 && searches => at_once(plans, jobs, interrupted, tell, each),
        // A race forks, so that it must be alone; and one after another needs no threads.
        Allowance::ForEach { .. } => {
            for plan in plans {
                if interrupted.load(Ordering::Relaxed) || each(plan, check(plan, interrupted, tell)).is_break() {
                    return;
                }
            }
        }
        Allowance::Together => climb(plans, interrupted, tell, each),
    }
}

/// One after another, within the time of the longest.
fn climb(
    plans: &[Plan],
    interrupted: &Arc<AtomicBool>,
    tell: &EventSink,
    each: &mut dyn FnMut(&Plan, Came) -> ControlFlow<()>,
) {
    let times = plans
        .iter()
        .filter_map(|plan| plan.backend.search())
        .map(|(_, limits)| limits.time);
    let deadline = times.max().and_then(|longest| Instant::now().checked_add(longest));
    for plan in plans {
        if interrupted.load(Ordering::Relaxed) {
            return;
        }
        let came = check_until(plan, deadline, interrupted, tell);
        let decided = came
            .as_ref()
            .is_ok_and(|judged| matches!(judged.verdict, Verdict::Violated(_)));
        if each(plan, came).is_break() || decided {
            return;
        }
    }
}

/// So many searches at a time.
fn at_once(
    plans: &[Plan],
    jobs: usize,
    interrupted: &Arc<AtomicBool>,
    tell: &EventSink,
    each: &mut dyn FnMut(&Plan, Came) -> ControlFlow<()>,
) {
    let over = Arc::new(AtomicBool::new(false));
    let all = All::new(plans, jobs, interrupted, &over, tell);
    std::thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        for _ in 0..jobs {
            let (all, send) = (&all, send.clone());
            scope.spawn(move || all.work(&send));
        }
        drop(send);
        let (mut early, mut next) = (BTreeMap::new(), 0);
        for (position, came) in receive {
            early.insert(position, came);
            while let Some(came) = early.remove(&next) {
                if each(&plans[next], came).is_break() {
                    over.store(true, Ordering::Relaxed);
                    return;
                }
                next += 1;
            }
        }
    });
}

/// The parts of all plans, and what they came to so far.
struct All<'a> {
    plans: Vec<Progress<'a>>,
    /// Which plan, and which part of it.
    queue: Vec<(usize, Part)>,
    next: AtomicUsize,
    jobs: usize,
    /// How many parts run.
    running: AtomicUsize,
    watch: Watch,
    tell: EventSink,
}

struct Progress<'a> {
    plan: &'a Plan,
    so_far: Mutex<SoFar>,
    parts: usize,
}

#[derive(Default)]
struct SoFar {
    /// When the first part began.
    begun: Option<Instant>,
    /// What came of the parts, by their place in the queue.
    came: BTreeMap<usize, Result<Gathered, CheckError>>,
}

impl<'a> All<'a> {
    fn new(
        plans: &'a [Plan],
        jobs: usize,
        interrupted: &Arc<AtomicBool>,
        over: &Arc<AtomicBool>,
        tell: &EventSink,
    ) -> Self {
        let queue = plans.iter().enumerate();
        let queue = queue.flat_map(|(position, plan)| {
            Part::of(plan.fault_sweep, &plan.scenario)
                .into_iter()
                .map(move |part| (position, part))
        });
        let progress = |plan: &'a Plan| Progress {
            plan,
            so_far: Mutex::default(),
            parts: Part::of(plan.fault_sweep, &plan.scenario).len(),
        };
        Self {
            plans: plans.iter().map(progress).collect(),
            queue: queue.collect(),
            next: AtomicUsize::new(0),
            jobs,
            running: AtomicUsize::new(0),
            watch: Watch::new(interrupted, tell).or(over),
            tell: Arc::clone(tell),
        }
    }

    /// Takes parts until none is left, and concludes each plan whose last part it ran.
    fn work(&self, send: &mpsc::Sender<(usize, Came)>) {
        while !self.watch.is_over() {
            let place = self.next.fetch_add(1, Ordering::Relaxed);
            let Some((position, part)) = self.queue.get(place).copied() else {
                return;
            };
            let progress = &self.plans[position];
            self.running.fetch_add(1, Ordering::Relaxed);
            let came = self.run(progress, part);
            self.running.fetch_sub(1, Ordering::Relaxed);
            let mut so_far = progress.so_far.lock().unwrap_or_else(PoisonError::into_inner);
            so_far.came.insert(place, came);
            if so_far.came.len() < progress.parts {
                continue;
            }
            let parts = std::mem::take(&mut so_far.came).into_values();
            drop(so_far);
            let came = parts.collect::<Result<Vec<_>, _>>();
            let judged = came.map(|parts| together(progress.plan, parts));
            let judged = judged.or_else(|error| forbidden(progress.plan, error));
            // Nobody listens when the output is closed.
            let _unheard = send.send((position, judged));
        }
    }

    fn run(&self, progress: &Progress<'_>, part: Part) -> Result<Gathered, CheckError> {
        let plan = progress.plan;
        let begun = {
            let mut so_far = progress.so_far.lock().unwrap_or_else(PoisonError::into_inner);
            *so_far.begun.get_or_insert_with(Instant::now)
        };
        let (strategy, limits) = plan.backend.search().expect("only searches are run at once");
        (self.tell)(Event::Began {
            backend: plan.backend.kind(),
            lock: plan.subject.name().to_owned(),
            scenario: plan.configuration(),
        });
        // Those that have nothing left to do help the others.
        let threads = || self.jobs / self.running.load(Ordering::Relaxed).max(1);
        part.run(plan, strategy, limits, begun + limits.time, &self.watch, &threads)
    }
}
