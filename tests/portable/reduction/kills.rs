//! A kill as a step of the killer: shows why the search makes it a step of the victim instead.
//!
//! A process that is killed while it waits no longer waits at the end of the execution. The search then misses the race with
//! the step that the process waited for. A separate search for each step of the victim, with the kill in its place, misses none.

use std::collections::BTreeSet;
use std::ops::ControlFlow;

use onewinner_core::access::{Accesses, Object};
use onewinner_core::explore::{Dpor, Exhaustive, Lost, Model, Move, Scheduler, Stop, System, search};
use onewinner_core::fs::call::{Call, Reply};
use onewinner_core::fs::sim::State;
use onewinner_core::happens_before::{Class, Step};
use onewinner_core::id::ProcessId;

use super::program::{LIMITS, Program, Running, explore};
use super::script::calls;

/// A program of two processes; a third kills the first once.
struct Killing<'a> {
    program: &'a Program,
    state: State,
    taken: Vec<ProcessId>,
    steps: Vec<Step>,
    replies: Vec<Vec<Reply>>,
}

const VICTIM: ProcessId = ProcessId(0);
const KILLER: ProcessId = ProcessId(2);

impl<'a> Killing<'a> {
    fn new(program: &'a Program) -> Self {
        Self {
            program,
            state: State::new(2),
            taken: Vec::new(),
            steps: Vec::new(),
            replies: vec![Vec::new(); 2],
        }
    }

    fn has_killed(&self) -> bool {
        self.taken.contains(&KILLER)
    }

    fn next(&self, process: ProcessId) -> Option<&'a Call> {
        let gone = process == VICTIM && self.has_killed();
        let calls = self.program.processes.get(process.index()).filter(|_| !gone)?;
        calls.get(self.replies[process.index()].len())
    }

    fn waits(&self, process: ProcessId) -> Option<Accesses> {
        self.state.waits(process, self.next(process)?)
    }

    /// A call of the victim sees that it has not been killed.
    fn take(&mut self, process: ProcessId) -> Accesses {
        let accesses = match self.next(process).filter(|_| process != KILLER) {
            None => self.state.step(VICTIM, &Call::Die).1,
            Some(call) => {
                let (reply, mut accesses) = self.state.step(process, call);
                if process == VICTIM {
                    accesses.load(Object::Liveness(VICTIM));
                }
                self.replies[process.index()].push(reply);
                accesses
            }
        };
        self.taken.push(process);
        accesses
    }

    fn is_enabled(&self, process: ProcessId) -> bool {
        match process {
            KILLER => !self.has_killed(),
            process => self.next(process).is_some() && self.waits(process).is_none(),
        }
    }
}

impl Model for Killing<'_> {
    fn replay(&mut self, kept: usize, then: &[Move]) -> Vec<Accesses> {
        let mut again = Self::new(self.program);
        self.taken[..kept].iter().for_each(|process| drop(again.take(*process)));
        let mut footprints = Vec::new();
        for step in then {
            let process = match step {
                Move::Taken(position) => self.taken[*position],
                Move::Waiting(process) => *process,
            };
            if !again.is_enabled(process) {
                break;
            }
            footprints.push(again.take(process));
        }
        footprints
    }

    fn waiting(&mut self) -> Vec<Step> {
        let waits = ProcessId::first(2).filter_map(|process| {
            let accesses = self.waits(process)?;
            Some(Step { process, accesses })
        });
        waits.collect()
    }
}

impl System for Killing<'_> {
    fn reset(&mut self) -> Result<(), Lost> {
        *self = Self::new(self.program);
        Ok(())
    }

    fn enabled(&self, processes: &mut Vec<ProcessId>) {
        processes.extend(ProcessId::first(3).filter(|process| self.is_enabled(*process)));
    }

    fn forecast(&self, process: ProcessId) -> Accesses {
        let mut ahead = Self::new(self.program);
        self.taken.iter().for_each(|process| drop(ahead.take(*process)));
        ahead.take(process)
    }

    fn step(&mut self, process: ProcessId) -> Result<Accesses, Lost> {
        let accesses = self.take(process);
        let step = Step { process, accesses };
        self.steps.push(step.clone());
        Ok(step.accesses)
    }
}

/// The classes, and what the calls answered.
fn killed(program: &Program, scheduler: &mut dyn Scheduler) -> (BTreeSet<Class>, BTreeSet<Vec<Vec<Reply>>>) {
    let (mut classes, mut replies) = (BTreeSet::new(), BTreeSet::new());
    let mut world = Killing::new(program);
    let searched = search(&mut world, scheduler, LIMITS, &mut |world: &mut Killing<'_>, _, _| {
        classes.insert(Class::of(3, &world.steps));
        replies.insert(world.replies.clone());
        ControlFlow::Continue(())
    });
    assert_eq!(searched.stop, Stop::Exhausted);
    (classes, replies)
}

/// What the calls answer with the victim dying in place of each of its steps; without the last answer, that of its death.
fn dying(program: &Program) -> BTreeSet<Vec<Vec<Reply>>> {
    let mut all = BTreeSet::new();
    for step in 0..=program.processes[VICTIM.index()].len() {
        let mut dying = program.clone();
        let victim = &mut dying.processes[VICTIM.index()];
        victim.truncate(step);
        victim.extend(calls("die"));
        let found = explore(Running::new(&dying), &mut Dpor::new());
        let dead = found.replies.into_iter().filter_map(|mut replies| {
            let died = replies[VICTIM.index()].len() > step;
            replies[VICTIM.index()].truncate(step);
            died.then_some(replies)
        });
        all.extend(dead);
    }
    all
}

#[test]
fn a_victim_that_waits_is_not_forgotten_if_the_kill_is_its_own_step() {
    let program = Program::of("", &["create A; await-lock 0; unlock 0", "create A; lock 0; stat A"]);
    let (classes, replies) = killed(&program, &mut Exhaustive::new());
    assert_eq!(classes.len(), 11);
    let (reduced, fewer) = killed(&program, &mut Dpor::new());
    assert!(
        reduced.len() < 11 && fewer.len() < replies.len(),
        "{} classes",
        reduced.len()
    );
    assert_eq!(dying(&program), replies);
}
