//! Every schedule with few preemptions: none, then one, then two, each level to its end (Musuvathi, Qadeer, "Iterative
//! Context Bounding for Systematic Testing of Multithreaded Programs", PLDI 2007).
//!
//! A preemption takes the next step away from a process that could have taken it. Each execution puts off its siblings: the
//! other choices at each of its steps, at its own level or the next. Nothing runs twice: a sibling is dropped when its first
//! steps are of the class of a prefix that was gone on from in the same way, with as few preemptions. And a process is
//! preempted only before a call on an object that processes meet over; when they turn out to meet over another one, all
//! begins anew. It asks nothing of a model, so that programs can be searched that have none.

use std::collections::{BTreeMap, VecDeque};

use super::conflicts::Conflicts;
use super::{Begin, Choice, Covered, Mismatch, Model, Now, Scheduler};
use crate::access::Accesses;
use crate::happens_before::{Class, Step};
use crate::id::ProcessId;

/// Runs the schedules with at most so many preemptions, one of each class or a few.
#[derive(Clone, Debug)]
pub struct Bounded {
    most: u32,
    places: Places,
    /// The preemptions of the level that runs.
    level: u32,
    /// What is left of the level, and of the next.
    left: [VecDeque<Prefix>; 2],
    prefix: Prefix,
    /// The choices of the execution that runs or ran last.
    choices: Vec<Chosen>,
    steps: Vec<Step>,
    conflicts: Conflicts,
    /// With how few preemptions each way to go on from a class of prefixes has been put off.
    seen: BTreeMap<(Class, ProcessId), u32>,
    exhausted: bool,
    unfinished: bool,
}

/// How an execution begins.
#[derive(Clone, Debug, Default)]
struct Prefix {
    /// What was taken there before, and must be again.
    steps: Vec<Step>,
    /// The choice that was put off; none only before the first execution.
    then: Option<ProcessId>,
}

impl Prefix {
    fn len(&self) -> usize {
        self.steps.len() + usize::from(self.then.is_some())
    }

    fn choice(&self, position: usize) -> Option<ProcessId> {
        match self.steps.get(position) {
            Some(step) => Some(step.process),
            None => self.then.filter(|_| position == self.steps.len()),
        }
    }
}

/// Before which calls a process is preempted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Places {
    /// On objects that processes meet over.
    Conflicts,
    /// Before all of them: nothing that the other leaves out is missing here.
    All,
}

/// A choice that was made, and what else there was.
#[derive(Clone, Debug)]
struct Chosen {
    process: ProcessId,
    others: Vec<ProcessId>,
    /// What the process of the step before would have touched next, if it could have gone on.
    preempted: Option<Accesses>,
}

impl Bounded {
    /// At most so many preemptions.
    pub fn new(most: u32) -> Self {
        Self {
            most,
            places: Places::Conflicts,
            level: 0,
            left: [VecDeque::from([Prefix::default()]), VecDeque::new()],
            prefix: Prefix::default(),
            choices: Vec::new(),
            steps: Vec::new(),
            conflicts: Conflicts::default(),
            seen: BTreeMap::new(),
            exhausted: false,
            unfinished: false,
        }
    }

    /// The same, preempting before every call: what the shorter search is held against.
    pub fn everywhere(most: u32) -> Self {
        let places = Places::All;
        Self {
            places,
            ..Self::new(most)
        }
    }

    fn begin_anew(&mut self) {
        self.level = 0;
        self.left = [VecDeque::from([Prefix::default()]), VecDeque::new()];
        self.seen.clear();
    }

    /// Puts the siblings off of what the execution chose by itself.
    fn put_off(&mut self) {
        let processes = self.steps.iter().map(|step| step.process.index() + 1).max();
        for position in self.prefix.len()..self.choices.len() {
            let class = Class::of(processes.unwrap_or(0), &self.steps[..position]);
            let chosen = self.choices[position].clone();
            if chosen.preempted.as_ref().is_none_or(|next| self.is_worth(next)) {
                let later = u32::from(chosen.preempted.is_some());
                for other in chosen.others {
                    if self.is_news(&class, other, self.level + later) {
                        let steps = self.steps[..position].to_vec();
                        let then = Some(other);
                        self.left[later as usize].push_back(Prefix { steps, then });
                    }
                }
            }
            // Whoever has gone on from here so before puts off all that follows.
            if !self.is_news(&class, chosen.process, self.level) {
                return;
            }
        }
    }

    /// Whether a preemption before a call that touches this can matter.
    fn is_worth(&self, next: &Accesses) -> bool {
        self.places == Places::All || self.conflicts.touch(next)
    }

    /// Whether nobody has gone on so from a prefix of this class with as few preemptions; from now on somebody has.
    fn is_news(&mut self, class: &Class, process: ProcessId, preemptions: u32) -> bool {
        let seen = self.seen.entry((class.clone(), process)).or_insert(u32::MAX);
        let news = preemptions < *seen;
        *seen = preemptions.min(*seen);
        news
    }
}

impl Scheduler for Bounded {
    fn begin(&mut self) -> Begin {
        self.choices.clear();
        self.steps.clear();
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
    }

    fn choose(&mut self, now: &Now<'_>) -> Choice {
        let stays = now.last.filter(|last| now.enabled.contains(last));
        let process = match self.prefix.choice(self.choices.len()) {
            Some(process) if now.enabled.contains(&process) => process,
            Some(process) => {
                let reason = format!(
                    "{process} had a step to take before, and {:?} are enabled now",
                    now.enabled
                );
                return Choice::Diverged { reason };
            }
            None => stays.unwrap_or(now.enabled[0]),
        };
        let others = now.enabled.iter().copied().filter(|other| *other != process);
        self.choices.push(Chosen {
            process,
            others: others.collect(),
            preempted: stays.map(|stays| now.forecast(stays)),
        });
        Choice::Step(process)
    }

    fn performed(&mut self, step: &Step) -> Result<(), super::Diverged> {
        let before = self.prefix.steps.get(self.steps.len());
        self.steps.push(step.clone());
        match before {
            Some(before) if before != step => {
                let (process, before, now) = (step.process, &before.accesses, &step.accesses);
                let reason = format!("the step of {process} touched {before:?} before, and {now:?} now");
                Err(super::Diverged { reason })
            }
            _ => Ok(()),
        }
    }

    fn completed(&mut self, model: &mut dyn Model) -> Result<(), Mismatch> {
        // Who waits at the end has met the others over what it waits for, though it has taken no step there.
        let grown = self.conflicts.learn(&self.steps) | self.conflicts.learn(&model.waiting());
        if grown && self.places == Places::Conflicts {
            self.begin_anew();
        } else {
            self.put_off();
        }
        Ok(())
    }

    fn unfinished(&mut self) {
        self.unfinished = true;
    }

    fn covered(&self) -> Covered {
        match (self.exhausted && !self.unfinished, self.left[1].is_empty()) {
            (true, true) => Covered::Everything,
            (true, false) => Covered::Preemptions(self.most),
            (false, _) => Covered::Some,
        }
    }
}
