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

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError, mpsc};
use std::time::{Duration, Instant};

use super::check::{CheckResult, EachResult, check_until, close_after};
use super::error::CheckError;
use super::event::EventSink;
use super::plan::Plan;
use super::session::{KeptSession, cpus_of};
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
    let together = Together {
        plans,
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
    cut: usize,
}

/// A plan to check.
#[derive(Clone, Copy)]
struct Item {
    position: usize,
    /// How long it took until time cut it, if it runs for the second time.
    took: Option<Duration>,
}

/// What a worker sends.
enum Sent {
    /// A plan was checked in so much time; `None` if it was left out.
    Checked(usize, Option<Box<(CheckResult, Duration)>>),
    /// The worker process has ended.
    Ended(Result<(), CheckError>),
}

/// A plan that time has cut: its position, its result, and the time that it took.
type CutPlan = (usize, CheckResult, Duration);

impl Together<'_> {
    fn queue(&self) -> MutexGuard<'_, Queue> {
        self.queue.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Lets workers check these plans.
    fn add(&self, items: impl IntoIterator<Item = Item>) {
        self.queue().waiting.extend(items);
        self.changed.notify_all();
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
                // Plans that decide nothing take what the others leave.
                let others = queue
                    .waiting
                    .iter()
                    .filter(|item| decides_something(&self.plans[item.position]));
                let left = 1 + others.count() + queue.cut;
                queue.running.push(self.plans[item.position].configuration());
                return Some((item, self.deadline.map(|deadline| self.latest(deadline, left))));
            }
            queue = self.changed.wait(queue).unwrap_or_else(PoisonError::into_inner);
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
        let mut kept = KeptSession::on(cpu);
        while let Some((item, latest)) = self.take() {
            let plan = &self.plans[item.position];
            let began = Instant::now();
            let checked = self
                .is_needed(item, plan, latest)
                .then(|| check_until(plan, latest, &mut kept, (self.interrupted, &self.stopped), self.events));
            let mut queue = self.queue();
            queue.running.retain(|running| *running != plan.configuration());
            if checked.as_ref().is_some_and(is_complete) {
                queue.complete.push(plan.configuration());
            }
            let is_cut = checked.as_ref().is_some_and(|checked| is_cut_by_time(plan, checked));
            queue.cut += usize::from(is_cut && item.took.is_none());
            drop(queue);
            self.changed.notify_all();
            // Nobody receives it if no more results are needed.
            let _unsent = send.send(Sent::Checked(
                item.position,
                checked.map(|checked| Box::new((checked, began.elapsed()))),
            ));
        }
        let _unsent = send.send(Sent::Ended(kept.close()));
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
        self.add((0..self.plans.len()).map(|position| Item { position, took: None }));
        let (mut cut, mut complete): (Vec<CutPlan>, Vec<String>) = (Vec::new(), Vec::new());
        for (position, plan) in self.plans.iter().enumerate() {
            let Some((checked, took)) = results.of(position) else {
                continue;
            };
            // A later plan of the same configuration goes deeper, and takes the place of an earlier one.
            cut.retain(|(earlier, ..)| self.plans[*earlier].configuration() != plan.configuration());
            if is_cut_by_time(plan, &checked) {
                cut.push((position, checked, took));
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
        self.queue().cut = 0;
        self.add(cut.iter().map(|(position, _, took)| Item {
            position: *position,
            took: Some(*took),
        }));
        let number = cut.len();
        for (done, (position, checked, _)) in cut.into_iter().enumerate() {
            let plan = &self.plans[position];
            let checked = results.of(position).map_or(checked, |(again, _)| again);
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
        checked.and_then(|judged| close_after(plan, judged, results.end()))
    }
}

/// The results of workers, in the order in which they are asked for.
struct InOrder<'a> {
    receive: &'a mpsc::Receiver<Sent>,
    early: BTreeMap<usize, Option<Box<(CheckResult, Duration)>>>,
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
    fn of(&mut self, position: usize) -> Option<(CheckResult, Duration)> {
        loop {
            if let Some(result) = self.early.remove(&position) {
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
            Sent::Checked(position, result) => drop(self.early.insert(position, result)),
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
