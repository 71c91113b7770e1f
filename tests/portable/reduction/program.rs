//! Scripted programs on the simulated file system: each process makes the calls of a list, whatever they answer.
//!
//! They are the smallest systems in which footprints depend on results. Knows no lock and no scheduler.

use std::collections::BTreeSet;
use std::fmt;
use std::ops::ControlFlow;
use std::time::Duration;

use onewinner_core::access::{Accesses, InodeId, Object};
use onewinner_core::explore::{Ended, Limits, Lost, Model, Move, Scheduler, Searched, Stop, System, search};
use onewinner_core::fs::call::{Call, Reply};
use onewinner_core::fs::sim::State;
use onewinner_core::fs::{Create, Errno, OpenFlags};
use onewinner_core::happens_before::{Class, Step};
use onewinner_core::id::ProcessId;

use super::script::calls;

pub(crate) const LIMITS: Limits = Limits {
    executions: 2_000_000,
    steps: 1_000,
    time: Duration::from_secs(1_800),
};

/// What becomes of the number of a file that is gone.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Numbers {
    Fresh,
    Reused,
}

/// What a process does that would create a file and finds its name taken.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Taken {
    /// It goes on.
    Fails,
    /// It looks again and again: a loop that ends when the name is free.
    Waits,
}

/// The calls of each process, and those that were made before.
#[derive(Clone)]
pub(crate) struct Program {
    pub(crate) numbers: Numbers,
    pub(crate) taken: Taken,
    pub(crate) before: Vec<Call>,
    pub(crate) processes: Vec<Vec<Call>>,
}

impl Program {
    /// The calls of some texts, on a file system that uses no number again.
    pub(crate) fn of(before: &str, processes: &[&str]) -> Self {
        Self {
            numbers: Numbers::Fresh,
            taken: Taken::Fails,
            before: calls(before),
            processes: processes.iter().map(|text| calls(text)).collect(),
        }
    }

    /// The same on one that does.
    pub(crate) fn reusing_numbers(self) -> Self {
        let numbers = Numbers::Reused;
        Self { numbers, ..self }
    }

    /// The same where exclusive creation waits until the name is free.
    pub(crate) fn awaiting_names(self) -> Self {
        let taken = Taken::Waits;
        Self { taken, ..self }
    }

    /// What the call will touch if the process has to wait for another before it makes it.
    fn waits(&self, state: &State, process: ProcessId, call: &Call) -> Option<Accesses> {
        let is_exclusive = |flags: &OpenFlags| flags.create == Create::Exclusively;
        match call {
            Call::Open { path, flags, .. } if self.taken == Taken::Waits && is_exclusive(flags) => {
                let (reply, _) = state.clone().step(process, call);
                let name = path.strip_prefix("/").expect("absolute").to_string_lossy();
                let mut created = Accesses::none();
                created.store(Object::Entry(InodeId::ROOT, name.into()));
                (reply == Err(Errno::EEXIST)).then_some(created)
            }
            _ => state.waits(process, call),
        }
    }
}

/// One process a line, so that a failure reads as a program.
impl fmt::Display for Program {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (process, calls) in self.processes.iter().enumerate() {
            let calls: Vec<_> = calls.iter().map(ToString::to_string).collect();
            writeln!(f, "P{process}: {}", calls.join("; "))?;
        }
        let before: Vec<_> = self.before.iter().map(ToString::to_string).collect();
        write!(f, "before: {}", before.join("; "))
    }
}

/// How the model answers.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum Replays {
    /// As the calls do in the order that is asked for.
    Exactly,
    /// The same, but no process waits at the end.
    NobodyWaits,
    /// As they did in the order in which they were made.
    AsPerformed,
    /// As if they had touched nothing.
    Nothing,
    /// The same, but the last process stores all that it might.
    Widely,
}

/// What a call stores that changes all it can.
fn might_store(call: &Call) -> Vec<Object> {
    let mut objects = Vec::new();
    if !matches!(call, Call::Stat { .. }) {
        for path in call.clone().paths_mut() {
            let name = path.strip_prefix("/").expect("absolute").to_string_lossy();
            objects.push(Object::Entry(InodeId::ROOT, name.into()));
        }
        objects.push(Object::Allocator);
    }
    objects
}

/// A program as a system.
pub(crate) struct Running<'a> {
    program: &'a Program,
    /// What a footprint is taken for; the truth unless a test wants it wrong.
    seen: fn(&Call, &Reply, Accesses) -> Accesses,
    replays: Replays,
    state: State,
    pub(crate) steps: Vec<Step>,
    taken: Vec<(ProcessId, Call)>,
    replies: Vec<Vec<Reply>>,
}

impl<'a> Running<'a> {
    pub(crate) fn new(program: &'a Program) -> Self {
        let state = State::new(program.processes.len());
        let mut state = match program.numbers {
            Numbers::Fresh => state,
            Numbers::Reused => state.reusing_numbers(),
        };
        for call in &program.before {
            state.prepare(call).expect("an empty tree takes it");
        }
        Self {
            program,
            seen: |_, _, accesses| accesses,
            replays: Replays::Exactly,
            state,
            steps: Vec::new(),
            taken: Vec::new(),
            replies: vec![Vec::new(); program.processes.len()],
        }
    }

    /// With footprints that are not what the calls touch.
    pub(crate) fn seen_as(program: &'a Program, seen: fn(&Call, &Reply, Accesses) -> Accesses) -> Self {
        Self {
            seen,
            ..Self::new(program)
        }
    }

    /// With a model that answers so.
    pub(crate) fn replayed(program: &'a Program, replays: Replays) -> Self {
        Self {
            replays,
            ..Self::new(program)
        }
    }

    /// The next call of a process; none after its end.
    fn next(&self, process: ProcessId) -> Option<&'a Call> {
        let calls = &self.program.processes[process.index()];
        let made = self.replies[process.index()].len();
        let ended = |call: &Call| matches!(call, Call::Exit | Call::Die);
        calls.get(made).filter(|_| !calls[..made].iter().any(ended))
    }

    fn class(&self) -> Class {
        Class::of(self.program.processes.len(), &self.steps)
    }
}

impl Model for Running<'_> {
    fn replay(&mut self, kept: usize, then: &[Move]) -> Vec<Accesses> {
        if self.replays == Replays::AsPerformed {
            let performed = then.iter().map_while(|step| match step {
                Move::Taken(position) => Some(self.steps[*position].accesses.clone()),
                Move::Waiting(_) => None,
            });
            return performed.collect();
        }
        if self.replays == Replays::Nothing {
            return vec![Accesses::none(); then.len()];
        }
        let mut state = Self::new(self.program).state;
        for (process, call) in &self.taken[..kept] {
            let _ = state.step(*process, call);
        }
        let mut footprints = Vec::new();
        for step in then {
            let (process, call) = match step {
                Move::Taken(position) => (self.taken[*position].0, &self.taken[*position].1),
                Move::Waiting(process) => (*process, self.next(*process).expect("it waits at a call")),
            };
            if self.program.waits(&state, process, call).is_some() {
                break;
            }
            let (reply, accesses) = state.step(process, call);
            footprints.push((self.seen)(call, &reply, accesses));
            if self.replays == Replays::Widely && footprints.len() == then.len() {
                let last = footprints.last_mut().expect("it was pushed");
                might_store(call).into_iter().for_each(|object| last.store(object));
            }
        }
        footprints
    }

    fn waiting(&mut self) -> Vec<Step> {
        if self.replays == Replays::NobodyWaits {
            return Vec::new();
        }
        let processes = ProcessId::first(self.replies.len());
        let waits = processes.filter_map(|process| {
            let accesses = self.program.waits(&self.state, process, self.next(process)?)?;
            Some(Step { process, accesses })
        });
        waits.collect()
    }
}

impl System for Running<'_> {
    fn reset(&mut self) -> Result<(), Lost> {
        let (seen, replays) = (self.seen, self.replays);
        *self = Self {
            seen,
            replays,
            ..Self::new(self.program)
        };
        Ok(())
    }

    fn enabled(&self, processes: &mut Vec<ProcessId>) {
        let goes_on = |process: &ProcessId| {
            let next = self.next(*process);
            next.is_some_and(|call| self.program.waits(&self.state, *process, call).is_none())
        };
        processes.extend(ProcessId::first(self.replies.len()).filter(goes_on));
    }

    fn forecast(&self, process: ProcessId) -> Accesses {
        let call = self.next(process).expect("it is enabled");
        let (reply, accesses) = self.state.clone().step(process, call);
        (self.seen)(call, &reply, accesses)
    }

    fn step(&mut self, process: ProcessId) -> Result<Accesses, Lost> {
        let call = self.next(process).expect("it is enabled");
        let (reply, accesses) = self.state.step(process, call);
        let accesses = (self.seen)(call, &reply, accesses);
        self.replies[process.index()].push(reply);
        self.taken.push((process, call.clone()));
        self.steps.push(Step {
            process,
            accesses: accesses.clone(),
        });
        Ok(accesses)
    }
}

/// What a search found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) executions: u64,
    pub(crate) blocked: u64,
    pub(crate) classes: BTreeSet<Class>,
    /// What the calls of each process answered.
    pub(crate) replies: BTreeSet<Vec<Vec<Reply>>>,
    /// Executions in which the model and the system differed.
    pub(crate) contradicted: u64,
    pub(crate) searched: Searched,
}

pub(crate) fn explore(mut world: Running<'_>, scheduler: &mut dyn Scheduler) -> Found {
    let (mut classes, mut replies, mut contradicted) = (BTreeSet::new(), BTreeSet::new(), 0);
    let searched = search(
        &mut world,
        scheduler,
        LIMITS,
        &mut |world: &mut Running<'_>, _, ended| {
            contradicted += u64::from(matches!(ended, Ended::Diverged { .. }));
            classes.insert(world.class());
            replies.insert(world.replies.clone());
            ControlFlow::Continue(())
        },
    );
    assert_eq!(searched.stop, Stop::Exhausted);
    Found {
        executions: searched.executions,
        blocked: searched.blocked,
        classes,
        replies,
        contradicted,
        searched,
    }
}
