//! Checks plans of one program within one time limit, several at the same time.
//!
//! ```text
//!  plans, in order ──▶ Queue ──▶ workers: one plan each, on a CPU of its own ──▶ results, in the order of the plans
//!                        ▲                                                            │
//!                        └────────────── plans that time has cut, once more ◀─────────┘
//! ```
//!
//! What is reported does not depend on the number of workers, but for what time cuts: results are judged in the order of the
//! plans. Each worker keeps its worker process from one plan to the next.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use super::check::{CheckResult, EachResult, check_until, close_after};
use super::error::CheckError;
use super::event::EventSink;
use super::plan::Plan;
use super::session::{KeptSession, SharedByWorkers, cpus_of};
use onewinner_core::property::Judging;
use onewinner_core::verdict::{CutReason, Extent, Judged, Verdict};

/// Checks plans in order within the longest of their time limits, until one shows that several processes get the lock.
pub(crate) fn check_together(
    plans: &[Plan],
    jobs: usize,
    interrupted: &Arc<AtomicBool>,
    events: &EventSink,
    each: &mut EachResult<'_>,
) {
    let times = plans
        .iter()
        .filter_map(|plan| plan.backend.search())
        .map(|(_, limits)| limits.time);
    let shared = plans.first().map(SharedByWorkers::of).unwrap_or_default();
    let together = Together {
        plans,
        shared,
        jobs: jobs.clamp(1, plans.len().max(1)),
        deadline: times.max().and_then(|longest| Instant::now().checked_add(longest)),
        interrupted,
        stopped: Arc::default(),
        events,
        queue: Mutex::default(),
        changed: Condvar::new(),
    };
    std::thread::scope(|scope| {
        let (send, receive) = mpsc::channel();
        for cpu in cpus_of(together.jobs) {
            let (together, send) = (&together, send.clone());
            scope.spawn(move || together.work(cpu, &send));
        }
        drop(send);
        together.report(&receive, each);
    });
}

/// Plans that are checked together.
struct Together<'a> {
    plans: &'a [Plan],
    shared: SharedByWorkers,
    jobs: usize,
    deadline: Option<Instant>,
    interrupted: &'a Arc<AtomicBool>,
    /// Set when no more results are needed.
    stopped: Arc<AtomicBool>,
    events: &'a EventSink,
    queue: Mutex<Queue>,
    changed: Condvar,
}

/// What is left to do.
#[derive(Default)]
struct Queue {
    waiting: Vec<Item>,
    /// The configurations that are being checked.
    running: Vec<String>,
    /// Those of which every schedule was run.
    complete: Vec<String>,
    /// The plans that time has cut, which run once more.
    repeated: BTreeSet<usize>,
}

/// A plan to check.
#[derive(Clone, Copy)]
struct Item {
    position: usize,
    /// How long it took until time cut it, if it runs for the second time.
    took: Option<Duration>,
}

/// The position of a plan, and whether it runs for the second time.
type Attempt = (usize, bool);

impl Item {
    fn first(position: usize) -> Self {
        Self { position, took: None }
    }

    fn attempt(self) -> Attempt {
        (self.position, self.took.is_some())
    }
}

/// What a worker sends.
enum Sent {
    /// A plan was checked; `None` if it was left out.
    Checked(Attempt, Option<Box<CheckResult>>),
    /// The worker process has ended.
    Ended(Result<(), CheckError>),
}

/// A plan that time has cut: its position and its result.
type CutPlan = (usize, CheckResult);

impl Together<'_> {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets workers end: no more results are needed.
    fn close(&self) {
        self.stopped.store(true, Ordering::Relaxed);
        // A worker that looks at the queue now waits afterwards.
        drop(self.queue());
        self.changed.notify_all();
    }

    /// The next plan to check, with the time at which it has to end; waits for one. `None` if there will be none.
    ///
    /// Two plans of one configuration do not run at the same time, because the first may make the second superfluous.
    fn take(&self) -> Option<(Item, Option<Instant>)> {
        let mut queue = self.queue();
        loop {
            let may_run = |item: &Item| !queue.running.contains(&self.plans[item.position].configuration());
            if self.stopped.load(Ordering::Relaxed) {
                return None;
            }
            if let Some(place) = queue.waiting.iter().position(may_run) {
                let item = queue.waiting.remove(place);
                let left = 1 + self.others(&queue, item);
                queue.running.push(self.plans[item.position].configuration());
                return Some((item, self.deadline.map(|deadline| self.latest(deadline, left))));
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
        }
    }

    /// How many others share the time with a plan: one for each configuration that waits. What decides nothing shares it with each
    /// plan that waits, and takes what these leave.
    fn others(&self, queue: &Queue, item: Item) -> usize {
        let plan = &self.plans[item.position];
        let waiting = queue.waiting.iter().map(|item| &self.plans[item.position]);
        let others = waiting
            .filter(|other| decides_something(other) && !queue.complete.contains(&other.configuration()))
            .map(Plan::configuration);
        if decides_something(plan) {
            let own = plan.configuration();
            others.filter(|other| *other != own).collect::<BTreeSet<_>>().len()
        } else {
            others.count()
        }
    }

    /// When the next one has to end, if this number of plans is left: all get the same part of the time of all workers.
    fn latest(&self, deadline: Instant, plans: usize) -> Instant {
        let now = Instant::now();
        let number = |count: usize| u32::try_from(count.max(1)).unwrap_or(u32::MAX);
        let left = deadline.saturating_duration_since(now);
        now + left / number(plans) * number(self.jobs.min(plans))
    }

    /// Checks plans until none is left.
    fn work(&self, cpu: Option<usize>, send: &mpsc::Sender<Sent>) {
        let mut kept = KeptSession::beside_others(cpu, &self.shared);
        while let Some((item, latest)) = self.take() {
            let plan = &self.plans[item.position];
            let began = Instant::now();
            let checked = self
                .is_needed(item, plan, latest)
                .then(|| check_until(plan, latest, &mut kept, (self.interrupted, &self.stopped), self.events));
            let took = began.elapsed();
            let mut queue = self.queue();
            queue.running.retain(|running| *running != plan.configuration());
            if checked.as_ref().is_some_and(is_complete) {
                queue.complete.push(plan.configuration());
            }
            let is_cut = checked.as_ref().is_some_and(|checked| is_cut_by_time(plan, checked));
            if is_cut && item.took.is_none() {
                self.repeat(&mut queue, item.position, took);
            }
            drop(queue);
            self.changed.notify_all();
            // Nobody receives it if no more results are needed.
            let _unsent = send.send(Sent::Checked(item.attempt(), checked.map(Box::new)));
        }
        let _unsent = send.send(Sent::Ended(kept.close()));
    }

    /// Lets a plan that time has cut run once more, if no other one of its configuration waits: before those that decide nothing.
    fn repeat(&self, queue: &mut Queue, position: usize, took: Duration) {
        let plan = |item: &Item| &self.plans[item.position];
        let configuration = self.plans[position].configuration();
        if queue
            .waiting
            .iter()
            .any(|item| plan(item).configuration() == configuration)
        {
            return;
        }
        let place = queue.waiting.iter().position(|item| !decides_something(plan(item)));
        let place = place.unwrap_or(queue.waiting.len());
        let took = Some(took);
        queue.waiting.insert(place, Item { position, took });
        queue.repeated.insert(position);
    }

    fn is_needed(&self, item: Item, plan: &Plan, latest: Option<Instant>) -> bool {
        let more = latest.map(|latest| latest.saturating_duration_since(Instant::now()));
        let is_worthwhile = item.took.is_none_or(|took| more.is_none_or(|more| more > took));
        is_worthwhile
            && !self.interrupted.load(Ordering::Relaxed)
            && !self.queue().complete.contains(&plan.configuration())
    }

    /// Passes on the results in order: first of all plans, then of those that time has cut, which run once more.
    fn report(&self, receive: &mpsc::Receiver<Sent>, each: &mut EachResult<'_>) {
        let mut results = InOrder::new(receive);
        self.queue().waiting.extend((0..self.plans.len()).map(Item::first));
        self.changed.notify_all();
        let (mut cut, mut complete): (Vec<CutPlan>, Vec<String>) = (Vec::new(), Vec::new());
        for (position, plan) in self.plans.iter().enumerate() {
            let Some(checked) = results.of(Item::first(position).attempt()) else {
                continue;
            };
            // A later plan of the same configuration goes deeper, and takes the place of an earlier one.
            cut.retain(|(earlier, _)| self.plans[*earlier].configuration() != plan.configuration());
            if is_cut_by_time(plan, &checked) {
                cut.push((position, checked));
                continue;
            }
            // The program would fail in the same way in each configuration.
            let decided = decides(&checked) || cut.is_empty() && is_unfollowable(&checked);
            complete.extend(is_complete(&checked).then(|| plan.configuration()));
            let is_left_out = |plan: &Plan| complete.contains(&plan.configuration());
            let is_last = decided || cut.is_empty() && self.plans[position + 1..].iter().all(is_left_out);
            let checked = self.end_if(is_last, plan, checked, &mut results);
            if each(position, plan, checked).is_break() || is_last {
                return self.close();
            }
        }
        let number = cut.len();
        for (done, (position, checked)) in cut.into_iter().enumerate() {
            let plan = &self.plans[position];
            let is_repeated = self.queue().repeated.contains(&position);
            let again = is_repeated.then(|| results.of((position, true))).flatten();
            let checked = again.unwrap_or(checked);
            let is_last = decides(&checked) || done + 1 == number;
            let checked = self.end_if(is_last, plan, checked, &mut results);
            if each(position, plan, checked).is_break() || is_last {
                break;
            }
        }
        self.close();
    }

    /// Ends the workers after the last result. If one of them leaves something behind, that decides it.
    fn end_if(&self, is_last: bool, plan: &Plan, checked: CheckResult, results: &mut InOrder<'_>) -> CheckResult {
        if !is_last {
            return checked;
        }
        self.close();
        checked.and_then(|judged| {
            let ended = results.end();
            close_after(plan, judged, ended.and(self.shared.close()))
        })
    }
}

/// The results of workers, in the order in which they are asked for.
struct InOrder<'a> {
    receive: &'a mpsc::Receiver<Sent>,
    early: BTreeMap<Attempt, Option<Box<CheckResult>>>,
    ended: Result<(), CheckError>,
}

impl<'a> InOrder<'a> {
    fn new(receive: &'a mpsc::Receiver<Sent>) -> Self {
        Self {
            receive,
            early: BTreeMap::new(),
            ended: Ok(()),
        }
    }

    /// Waits for the result of a plan; `None` if it was left out.
    fn of(&mut self, attempt: Attempt) -> Option<CheckResult> {
        loop {
            if let Some(result) = self.early.remove(&attempt) {
                return result.map(|result| *result);
            }
            self.receive_one()?;
        }
    }

    /// Waits until all workers have ended.
    fn end(&mut self) -> Result<(), CheckError> {
        while self.receive_one().is_some() {}
        std::mem::replace(&mut self.ended, Ok(()))
    }

    fn receive_one(&mut self) -> Option<()> {
        match self.receive.recv().ok()? {
            Sent::Checked(attempt, result) => drop(self.early.insert(attempt, result)),
            Sent::Ended(Err(error)) => self.ended = Err(error),
            Sent::Ended(Ok(())) => {}
        }
        Some(())
    }
}

/// Whether a plan decides: others only report.
fn decides_something(plan: &Plan) -> bool {
    !matches!(plan.judged, Judging::ExclusionAfterCrash)
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
        && decides_something(plan)
}
