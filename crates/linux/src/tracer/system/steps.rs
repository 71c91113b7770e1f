//! The steps of contenders: what each can do next, and how it is done.
//!
//! A step is a call, an exit, a kill, an injected error, or the end of a sleep. Knows neither how an execution begins nor what
//! a call means.

use super::TracedSystem;
use super::next_step::NextStep;
use crate::tracer::syscalls::interpreter::Outcome;
use crate::tracer::tracees::loss::lost;
use crate::tracer::tracees::task::At;
use onewinner_core::access::Accesses;
use onewinner_core::explore::{Lost, Retry};
use onewinner_core::fs::Errno;
use onewinner_core::fs::call::{Call, Value};
use onewinner_core::history::{Event, What};
use onewinner_core::id::ProcessId;
use onewinner_core::scenario::ScenarioKind;

/// How often a polling contender is woken in one execution.
const MOST_WAKES: u32 = 300;

/// How many steps in a row of a program may store nothing; then it waits until another contender stores something.
const MOST_FRUITLESS_STEPS: u32 = 20;

impl TracedSystem {
    /// The next step of a contender, if it has one.
    pub(crate) fn next(&self, process: ProcessId) -> Option<NextStep> {
        let contender = &self.contenders[process.index()];
        if contender.awaits {
            let others = self.contenders.iter().filter(|other| !other.awaits);
            return others
                .clone()
                .all(|other| other.ended)
                .then(|| NextStep::Made(self.waits_for_all()));
        }
        if contender.fruitless_steps >= MOST_FRUITLESS_STEPS && self.engine.interpreter.shadow().is_none() {
            return None;
        }
        let standing = self.engine.tracees.standing(process);
        let calls = || standing.iter().filter(|(_, at)| *at == At::Call);
        if self.dies(process) && calls().next().is_some() {
            return Some(NextStep::Made(Call::Die));
        }
        let exits = |at: At| at == At::Exit || at == At::Finish && self.exits(process);
        standing.iter().find_map(|(task, at)| match at {
            At::Call if self.engine.interpreter.may_go_on(&self.engine.tracees.at(*task)) => {
                Some(NextStep::Call(*task))
            }
            at if exits(*at) => Some(NextStep::Exit(*task)),
            _ => None,
        })
    }

    pub(crate) fn waits_for_all(&self) -> Call {
        Call::Await {
            processes: ProcessId::first(self.scenario.processes).collect(),
        }
    }

    /// Whether it is killed instead of its next step.
    fn dies(&self, process: ProcessId) -> bool {
        let taken = self.contenders[process.index()].taken;
        let kill = self.scenario.kills.iter().find(|kill| kill.victim == process);
        kill.is_some_and(|kill| kill.step == taken)
    }

    /// Whether the exit of a lock over `Fs` is a step: as in simulation, only if another contender can observe it.
    pub(crate) fn exits(&self, process: ProcessId) -> bool {
        let acquired = |event: &Event| event.process == process && event.what == What::Acquired;
        let lost = self.scenario.kind == ScenarioKind::Contend && !self.events.iter().any(acquired);
        let ends = matches!(self.scenario.kind, ScenarioKind::Cycle { .. }) || lost;
        let probed = self.scenario.probe().is_some_and(|probe| probe != process);
        ends && (probed || self.engine.interpreter.holds_locks(process))
    }

    fn call(&mut self, process: ProcessId, task: i32) -> Result<Accesses, Lost> {
        let made = self.engine.interpreter.before(&self.engine.tracees.at(task))?;
        let (exit, returned) = self.engine.perform(task, made)?;
        let outcome = self
            .engine
            .interpreter
            .after(&self.engine.tracees.at_exit(&exit), returned)?;
        let Outcome::Performed { call, reply, accesses } = outcome else {
            return Err(lost(
                Retry::Maybe,
                format!("{process} waits in a call that could be made"),
            ));
        };
        let performed = accesses.clone();
        let injected = self.injection(process);
        if let Some(errno) = injected {
            exit.answer(-i64::from(errno.raw()))?;
        }
        let failed = injected.map(|errno| What::Injected {
            call: call.clone(),
            errno,
        });
        let what = What::Performed { call, reply, accesses };
        let events = [what].into_iter().chain(failed);
        self.events.extend(events.map(|what| Event { process, what }));
        self.contenders[process.index()].calls += 1;
        self.engine.tracees.go_on(exit);
        self.run_until_quiescent(process)?;
        Ok(performed)
    }

    /// Ends a process of a contender.
    fn exit(&mut self, process: ProcessId, task: i32) -> Result<Accesses, Lost> {
        let (call, accesses) = self.engine.interpreter.exit(&self.engine.tracees.at(task));
        self.tell_made(process, call, &accesses);
        self.engine.end(task)?;
        let Some(how) = self.engine.tracees.take_end(process) else {
            self.run_until_quiescent(process)?;
            return Ok(accesses);
        };
        // Its children may still run.
        self.engine.quiet(process)?;
        self.read_output(process)?;
        let mut heard = Vec::new();
        let again = self.channel.gone(process, how, &mut heard);
        self.events
            .extend(heard.into_iter().map(|what| Event { process, what }));
        if again.map_err(|lost| self.with_complaint(process, lost))? {
            self.start(process)?;
            self.run_until_quiescent(process)?;
        } else {
            self.contenders[process.index()].ended = true;
        }
        Ok(accesses)
    }

    fn made(&mut self, process: ProcessId, call: Call) -> Result<Accesses, Lost> {
        let accesses = self.engine.interpreter.made(process, &call);
        let dies = call == Call::Die;
        self.tell_made(process, call, &accesses);
        if dies {
            self.engine.kill(Some(process))?;
            let _killed = self.engine.tracees.take_end(process);
            self.contenders[process.index()].ended = true;
        } else {
            self.contenders[process.index()].awaits = false;
            self.start(process)?;
            self.run_until_quiescent(process)?;
        }
        Ok(accesses)
    }

    fn tell_made(&mut self, process: ProcessId, call: Call, accesses: &Accesses) {
        let what = What::Performed {
            call,
            reply: Ok(Value::Done),
            accesses: accesses.clone(),
        };
        self.events.push(Event { process, what });
    }

    /// Wakes sleeping contenders: after another has stored something, or when nothing else can happen.
    pub(crate) fn wake(&mut self) -> Result<(), Lost> {
        loop {
            let sleeper = |process: &ProcessId| {
                let asleep = |(_, at): &(i32, At)| *at == At::Sleep;
                let spins = self.contenders[process.index()].fruitless_steps >= MOST_FRUITLESS_STEPS;
                (spins || self.engine.tracees.standing(*process).iter().any(asleep)) && self.next(*process).is_none()
            };
            let sleepers: Vec<ProcessId> = ProcessId::first(self.contenders.len()).filter(sleeper).collect();
            let others_stored = sleepers
                .iter()
                .find(|process| self.contenders[process.index()].others_stored);
            let idle = || ProcessId::first(self.contenders.len()).all(|process| self.next(process).is_none());
            let Some(&process) = others_stored.or_else(|| sleepers.first().filter(|_| idle())) else {
                return Ok(());
            };
            let contender = &mut self.contenders[process.index()];
            contender.others_stored = false;
            contender.fruitless_steps = 0;
            contender.wakes += 1;
            if contender.wakes > MOST_WAKES {
                let reason = format!("{process} keeps polling without progress: it was woken {MOST_WAKES} times");
                return Err(lost(Retry::Never, reason));
            }
            for (task, at) in self.engine.tracees.standing(process) {
                if at == At::Sleep {
                    // The sleep is over.
                    self.engine.tracees.answer(task, 0)?;
                }
            }
            self.run_until_quiescent(process)?;
        }
    }

    pub(crate) fn take(&mut self, process: ProcessId) -> Result<Accesses, Lost> {
        let next = self.next(process).expect("the search takes steps of enabled processes");
        self.begins(process);
        let accesses = match next {
            NextStep::Call(task) => self.call(process, task),
            NextStep::Exit(task) => self.exit(process, task),
            NextStep::Made(call) => self.made(process, call),
        }?;
        let stores = accesses.stores().next().is_some();
        let programs = self.engine.interpreter.shadow().is_none();
        for (position, contender) in self.contenders.iter_mut().enumerate() {
            if position == process.index() {
                self.spun |= programs && !stores && contender.fruitless_steps + 1 == MOST_FRUITLESS_STEPS;
                contender.taken += 1;
                contender.fruitless_steps = if stores { 0 } else { contender.fruitless_steps + 1 };
            } else if stores {
                contender.others_stored = true;
                contender.fruitless_steps = 0;
            }
        }
        Ok(accesses)
    }

    /// The error to inject into the next call of a program, if it is due. A lock over `Fs` injects errors itself.
    fn injection(&self, process: ProcessId) -> Option<Errno> {
        let injection = match self.scenario.kind {
            ScenarioKind::Fault { injection } => Some(injection),
            _ => self.scenario.error,
        };
        let due = self.contenders[process.index()].calls;
        let here = process == ProcessId(0) && self.engine.interpreter.shadow().is_none();
        injection
            .filter(|injection| here && injection.call == due)
            .map(|injection| injection.errno)
    }

    /// Makes the call fail at which a contender is stopped, if that is due: the call is not made and is not a step.
    pub(crate) fn fail(&mut self, process: ProcessId) -> Result<bool, Lost> {
        let Some(errno) = self.injection(process) else {
            return Ok(false);
        };
        let standing = self.engine.tracees.standing(process);
        let Some((task, _)) = standing.into_iter().find(|(_, at)| *at == At::Call) else {
            return Ok(false);
        };
        // A descriptor is closed whatever close(2) says: that call is made, as a step.
        let call = self.engine.interpreter.fails(&self.engine.tracees.at(task));
        let Some(call) = call else { return Ok(false) };
        self.begins(process);
        self.events.push(Event {
            process,
            what: What::Injected { call, errno },
        });
        self.contenders[process.index()].calls += 1;
        self.engine.tracees.answer(task, -i64::from(errno.raw()))?;
        Ok(true)
    }

    /// Reports that a contender is about to act.
    fn begins(&mut self, process: ProcessId) {
        let mut heard = Vec::new();
        self.channel.acts(process, &mut heard);
        self.events
            .extend(heard.into_iter().map(|what| Event { process, what }));
    }
}
