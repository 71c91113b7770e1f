//! Every schedule with few preemptions: none, then one, then two, each level to its end (Musuvathi, Qadeer, "Iterative
//! Context Bounding for Systematic Testing of Multithreaded Programs", PLDI 2007).
//!
//! A preemption gives the next step to another process although the last one could have continued. A process that sleeps has
//! given up its turn: to leave it is free, up to its next call on a contended object. Sleepers wake in the order of their
//! deadlines; to wake another first counts as a preemption too. Each execution queues its siblings, the other choices at each
//! of its steps, for its own level or the next.
//!
//! - Nothing runs twice: a sibling is dropped when an equivalent prefix was continued in the same way with as few preemptions. An
//!   execution is given up as redundant where it comes to such a prefix: another one has gone on from there, or will.
//! - A process is preempted only before a call on a contended object: one that several processes touch and at least one stores.
//!   When a new contended object is found, the search starts again.
//! - Before all levels, one execution prefers loads, whatever that takes. It shows check-then-act bugs and most contended
//!   objects.
//! - When a process was seen to poll, one execution lets it go on, while another one that it waits for is only slow.
//!
//! The search asks nothing of a model, so it also works for programs that have none.

use std::collections::{BTreeSet, HashMap, VecDeque};

use super::conflicts::Conflicts;
use super::preference::Preference;
use super::prefix::{Prefix, Steps};
use super::{Begin, Choice, ChoicePoint, Covered, Diverged, Mismatch, Model, Scheduler};
use crate::access::Accesses;
use crate::happens_before::{Digest, Digests, Step};
use crate::id::ProcessId;

/// After how many steps the execution that is patient lets others go on.
const MOST_PATIENCE: usize = 1_000;

/// Runs the schedules with at most a given number of preemptions, one or a few of each class.
#[derive(Clone, Debug)]
pub struct Bounded {
    most: u32,
    preemption_points: PreemptionPoints,
    stage: Stage,
    /// The preemptions of the current level; all lower levels are complete.
    level: u32,
    /// What is left of this level and of the next.
    left: [VecDeque<Prefix>; 2],
    prefix: Prefix,
    /// The free choices of the current or last execution.
    choices: Vec<Chosen>,
    steps: Vec<Step>,
    digests: Digests,
    /// The processes that have touched nothing contended since they woke.
    rested: BTreeSet<ProcessId>,
    /// The processes that have polled in the current execution.
    pollers: BTreeSet<ProcessId>,
    /// Whether a process has polled in an execution, and whether one was patient with it.
    polled: bool,
    was_patient: bool,
    known: Steps,
    conflicts: Conflicts,
    /// For each class of prefixes and next process: the fewest preemptions with which it was queued.
    seen: HashMap<Digest, u32>,
    /// The completed share of the search.
    done: f64,
    exhausted: bool,
    unfinished: bool,
}

/// The stage of the search.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// No execution has begun.
    Before,
    /// The first execution, which prefers loads and belongs to no level.
    Look,
    /// One execution, after a process was seen to poll: it lets those go on that poll, and belongs to no level.
    Patience,
    /// Level by level.
    Levels,
}

/// Before which calls a process is preempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PreemptionPoints {
    /// Before calls on contended objects.
    Conflicts,
    /// Before every call: the reference for the shorter search.
    All,
}

/// A choice that was made, and its alternatives.
#[derive(Clone, Debug)]
struct Chosen {
    process: ProcessId,
    others: Vec<Alternative>,
    /// What the process may touch next, if it has taken the previous step as well: before a call on anything that is not
    /// contended, another choice changes nothing.
    goes_on: Option<Accesses>,
}

/// A process that could have taken the step instead.
#[derive(Clone, Copy, Debug)]
struct Alternative {
    process: ProcessId,
    /// The preemptions that it costs: 0 or 1.
    preemptions: u32,
}

impl Bounded {
    /// Schedules with at most `most` preemptions.
    pub fn new(most: u32) -> Self {
        Self {
            most,
            preemption_points: PreemptionPoints::Conflicts,
            stage: Stage::Before,
            level: 0,
            left: [VecDeque::from([Prefix::default()]), VecDeque::new()],
            prefix: Prefix::default(),
            choices: Vec::new(),
            steps: Vec::new(),
            digests: Digests::default(),
            rested: BTreeSet::new(),
            pollers: BTreeSet::new(),
            polled: false,
            was_patient: false,
            known: Steps::default(),
            conflicts: Conflicts::default(),
            seen: HashMap::new(),
            done: 0.0,
            exhausted: false,
            unfinished: false,
        }
    }

    /// The same, after a search that has looked first, and knows what is contended.
    pub(super) fn knowing(conflicts: Conflicts, was_patient: bool, most: u32) -> Self {
        Self {
            stage: Stage::Look,
            was_patient,
            conflicts,
            ..Self::new(most)
        }
    }

    /// The one execution that is patient with processes that poll, without the levels.
    pub(super) fn patient() -> Self {
        Self {
            stage: Stage::Patience,
            was_patient: true,
            ..Self::new(0)
        }
    }

    /// The same, but preempting before every call: the reference that the shorter search is tested against.
    pub fn everywhere(most: u32) -> Self {
        let preemption_points = PreemptionPoints::All;
        Self {
            preemption_points,
            ..Self::new(most)
        }
    }

    /// Chooses the process of the next step, and notes the alternatives.
    fn pick(&mut self, now: &ChoicePoint<'_>) -> Choice {
        if let Some(process) = self.prefix.choice(self.steps.len(), &self.known) {
            return Choice::repeated(process, now.enabled);
        }
        let is_patient = self.stage == Stage::Patience && self.steps.len() < MOST_PATIENCE;
        let preference = match self.stage {
            Stage::Patience if is_patient => Preference::Patient,
            stage => Preference::of(matches!(stage, Stage::Look | Stage::Patience)),
        };
        let in_turn = now.enabled.iter().filter(|process| !now.wakes_out_of_turn(**process));
        let polling = now.polling.iter().filter(|_| is_patient);
        let may_go_on = in_turn.chain(polling).copied();
        let taken = self.steps.iter().map(|step| step.process);
        // A process that polls goes on, also when it gives up: the one that it waits for is slow.
        let impatient = may_go_on
            .clone()
            .filter(|process| is_patient && self.pollers.contains(process));
        let process = preference.choose(now, impatient, taken.clone());
        let process = process.or_else(|| preference.choose(now, may_go_on, taken));
        let process = process.expect("one of the enabled processes is awake, or wakes first");
        if self.stage == Stage::Levels {
            let stays = now.last.filter(|last| now.enabled.contains(last));
            let sleeps = |last: &ProcessId| self.rested.contains(last) || now.wakes_at(*last).is_some();
            let preempts = stays.is_some_and(|last| !sleeps(&last));
            let others = now.enabled.iter().copied().filter(|other| *other != process);
            let alternative = |process| Alternative {
                process,
                preemptions: u32::from(preempts || now.wakes_out_of_turn(process)),
            };
            self.choices.push(Chosen {
                process,
                others: others.map(alternative).collect(),
                goes_on: stays.filter(|last| *last == process).map(|last| now.forecast(last)),
            });
            let way = self.digests.of(&self.steps).then(process);
            if self
                .seen
                .get(&way)
                .is_some_and(|preemptions| *preemptions <= self.level)
            {
                self.learn(&[]);
                return Choice::Redundant;
            }
        }
        Choice::Step(process)
    }

    fn start_over(&mut self) {
        self.level = 0;
        self.left = [VecDeque::from([Prefix::default()]), VecDeque::new()];
        self.seen.clear();
        self.done = 0.0;
    }

    /// Takes note of what the steps of the current execution touched, and of what processes `waiting` for something would.
    fn learn(&mut self, waiting: &[Step]) {
        let grown = self.conflicts.learn(&self.steps) | self.conflicts.learn(waiting);
        if grown && self.preemption_points == PreemptionPoints::Conflicts {
            self.start_over();
        } else if self.stage == Stage::Levels {
            self.queue_siblings();
        }
    }

    /// Queues the siblings of the free choices of the last execution.
    fn queue_siblings(&mut self) {
        let given = self.prefix.len();
        self.digests.of(&self.steps);
        let digests: Vec<_> = self.digests.all().iter().copied().skip(given).collect();
        let execution = self.known.number(&self.steps);
        // Each queued choice gets the same share as the one that was made.
        let mut weight = self.prefix.weight;
        for (chosen, (digest, position)) in std::mem::take(&mut self.choices)
            .into_iter()
            .zip(digests.into_iter().zip(given..))
        {
            if chosen.goes_on.as_ref().is_none_or(|next| self.is_worth(next)) {
                let others = chosen.others.into_iter();
                let news: Vec<_> = others
                    .filter(|other| self.is_news(digest.then(other.process), self.level + other.preemptions))
                    .collect();
                let within = |other: &&Alternative| self.level + other.preemptions <= self.most;
                weight /= 1.0 + news.iter().filter(within).count() as f64;
                for other in news {
                    let sibling = Prefix::new(&execution, position, other.process, weight);
                    self.left[other.preemptions as usize].push_back(sibling);
                }
            }
            self.seen.insert(digest.then(chosen.process), self.level);
        }
        self.done += weight;
    }

    /// Whether a preemption before a call with this footprint can matter.
    fn is_worth(&self, next: &Accesses) -> bool {
        self.preemption_points == PreemptionPoints::All || self.conflicts.touch(next)
    }

    /// Whether no prefix of this class was continued this way with as few preemptions. Records that one is now.
    fn is_news(&mut self, way: Digest, preemptions: u32) -> bool {
        let seen = self.seen.entry(way).or_insert(u32::MAX);
        let news = preemptions < *seen;
        *seen = preemptions.min(*seen);
        news
    }
}

impl Scheduler for Bounded {
    fn begin(&mut self) -> Begin {
        self.again();
        if self.stage == Stage::Before {
            self.stage = Stage::Look;
            return Begin::Another;
        }
        if self.polled && !self.was_patient {
            self.was_patient = true;
            self.stage = Stage::Patience;
            self.prefix = Prefix::default();
            return Begin::Another;
        }
        self.stage = Stage::Levels;
        loop {
            if let Some(prefix) = self.left[0].pop_front() {
                self.prefix = prefix;
                return Begin::Another;
            }
            if self.left[1].is_empty() || self.level == self.most {
                self.exhausted = true;
                return Begin::Exhausted;
            }
            self.level += 1;
            self.left.swap(0, 1);
        }
    }

    fn again(&mut self) {
        self.choices.clear();
        self.steps.clear();
        self.digests.clear();
        self.rested.clear();
        self.pollers.clear();
    }

    fn choose(&mut self, now: &ChoicePoint<'_>) -> Choice {
        self.polled |= !now.polling.is_empty();
        self.pollers.extend(now.polling);
        let choice = self.pick(now);
        if let Choice::Step(process) = choice {
            let wakes = now.wakes_at(process).is_some();
            if (wakes || self.rested.contains(&process)) && self.is_worth(&now.forecast(process)) {
                self.rested.remove(&process);
            } else if wakes {
                self.rested.insert(process);
            }
        }
        choice
    }

    fn performed(&mut self, step: &Step) -> Result<(), Diverged> {
        let before = self.prefix.step(self.steps.len(), &self.known);
        self.steps.push(step.clone());
        match before {
            Some(before) if before != step => Err(Diverged::between(before, step)),
            _ => Ok(()),
        }
    }

    fn completed(&mut self, model: &mut dyn Model) -> Result<(), Mismatch> {
        // A process that waits at the end contends for what it waits for, although it has taken no step there.
        self.learn(&model.waiting());
        Ok(())
    }

    fn unfinished(&mut self) {
        self.unfinished = true;
        if self.stage == Stage::Levels {
            self.done += self.prefix.weight;
        }
    }

    fn covered(&self) -> Covered {
        match (self.unfinished, self.exhausted) {
            (true, _) => Covered::Some,
            (false, true) if self.left[1].is_empty() => Covered::Everything,
            (false, true) => Covered::Preemptions(self.most),
            (false, false) => self.level.checked_sub(1).map_or(Covered::Some, Covered::Preemptions),
        }
    }

    fn estimate(&self) -> Option<f64> {
        Some(if self.exhausted { 1.0 } else { self.done })
    }
}
