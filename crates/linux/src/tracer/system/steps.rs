//! The steps of contenders: what each can do next, and how it is done.
//!
//! A step is a call, an exit, a kill, an injected error, or the end of a sleep. Knows neither how an execution begins nor what
//! a call means.

use super::TracedSystem;
use super::next_step::NextStep;
use super::polling::Instead;
use crate::sys::process::Ended;
use crate::tracer::syscalls::interpreter::{Made, Outcome};
use crate::tracer::tracees::fork_snapshots::Occasion;
use crate::tracer::tracees::loss::lost;
use crate::tracer::tracees::task::{At, AtExit};
use onewinner_core::access::{Access, Accesses, Object};
use onewinner_core::explore::{Lost, Retry};
use onewinner_core::fs::Errno;
use onewinner_core::fs::call::{Call, Reply, Value};
use onewinner_core::history::{Event, What};
use onewinner_core::id::ProcessId;
use onewinner_core::scenario::ScenarioKind;

impl TracedSystem {
    /// The next step of a contender, if it has one. Whether it may take the step now is another question: see
    /// [`may_step`](Self::may_step).
    pub(crate) fn next(&self, process: ProcessId) -> Option<NextStep> {
        let contender = &self.contenders[process.index()];
        if contender.awaits {
            let others = self.contenders.iter().filter(|other| !other.awaits);
            return others
                .clone()
                .all(|other| other.ended)
                .then(|| NextStep::Made(self.waits_for_all()));
        }
        let standing = self.engine.tracees.standing(process);
        let asks = || standing.iter().any(|(_, at)| *at == At::Call);
        if self.dies(process) && (asks() || self.next_in_time(process).is_some()) {
            return Some(NextStep::Made(Call::Die));
        }
        let exits = |at: At| at == At::Exit || at == At::Finish && self.exits(process);
        let acts = standing.iter().find_map(|(task, at)| match at {
            At::Call if self.engine.interpreter.may_go_on(&self.engine.tracees.at(*task)) => {
                Some(NextStep::Call(*task))
            }
            at if exits(*at) => Some(NextStep::Exit(*task)),
            _ => None,
        });
        acts.or_else(|| self.next_in_time(process).map(|(step, _)| step))
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
        if made != Made::AsAsked {
            exit.restore(returned)?;
        }
        let outcome = self
            .engine
            .interpreter
            .after(&self.engine.tracees.at_exit(&exit), returned)?;
        let (call, reply, accesses) = match outcome {
            Outcome::Performed {
                call,
                reply,
                accesses,
                instead,
            } => {
                instead.map_or(Ok(()), |value| exit.answer(value))?;
                (call, reply, accesses)
            }
            Outcome::BeginsAgain { call, accesses } => return self.begins_again(process, exit, call, accesses),
            Outcome::Waits => {
                return Err(lost(
                    Retry::Maybe,
                    format!("{process} waits in a call that could be made"),
                ));
            }
        };
        let performed = accesses.clone();
        self.orders(process, &performed);
        let injected = self.injection(process);
        if let Some(errno) = injected {
            exit.answer(-i64::from(errno.raw()))?;
            self.engine.interpreter.alters(process);
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

    /// A call has changed something, and would wait now: its task makes it again.
    fn begins_again(
        &mut self,
        process: ProcessId,
        exit: AtExit,
        call: Call,
        accesses: Accesses,
    ) -> Result<Accesses, Lost> {
        self.orders(process, &accesses);
        self.tell_made(process, call, Ok(Value::Done), &accesses);
        exit.ask_again()?;
        self.engine.tracees.go_on(exit);
        self.run_until_quiescent(process)?;
        Ok(accesses)
    }

    /// Ends a process of a contender.
    fn exit(&mut self, process: ProcessId, task: i32) -> Result<Accesses, Lost> {
        let (call, accesses) = self.engine.interpreter.exit(&self.engine.tracees.at(task));
        self.orders(process, &accesses);
        self.tell_made(process, call, Ok(Value::Done), &accesses);
        self.engine.end(task)?;
        let Some(how) = self.engine.tracees.take_end(process) else {
            self.run_until_quiescent(process)?;
            return Ok(accesses);
        };
        self.first_ended(process, how)?;
        Ok(accesses)
    }

    /// The first process of a contender has ended, as a step.
    pub(super) fn first_ended(&mut self, process: ProcessId, how: Ended) -> Result<(), Lost> {
        // Its children may still run.
        self.engine.quiet(process)?;
        self.read_output(process)?;
        // A daemon: the process that was started ends, and its child answers.
        if self.channel.goes_on_after(process, how)
            && let Some(heir) = self.engine.tracees.inherit(process)
        {
            self.engine.interpreter.inherits(process, heir);
            return self.run_until_quiescent(process);
        }
        let mut heard = Vec::new();
        let again = self.channel.gone(process, how, &mut heard);
        self.events
            .extend(heard.into_iter().map(|what| Event { process, what }));
        if again.map_err(|lost| self.with_complaint(process, lost))? {
            self.enter(process, Occasion::Later)?;
        } else {
            self.contenders[process.index()].ended = true;
        }
        Ok(())
    }

    fn made(&mut self, process: ProcessId, call: Call) -> Result<Accesses, Lost> {
        let accesses = self.engine.interpreter.made(process, &call);
        let dies = call == Call::Die;
        self.orders(process, &accesses);
        self.tell_made(process, call, Ok(Value::Done), &accesses);
        if dies {
            self.engine.kill(Some(process))?;
            let _killed = self.engine.tracees.take_end(process);
            self.contenders[process.index()].ended = true;
        } else {
            self.contenders[process.index()].awaits = false;
            self.enter(process, Occasion::Later)?;
        }
        Ok(accesses)
    }

    /// The clock of a contender does not show less than what it loads was stored at.
    pub(super) fn orders(&mut self, process: ProcessId, accesses: &Accesses) {
        if let Some((time, _)) = self.engine.interpreter.time_mut() {
            time.touches(process, accesses);
        }
    }

    pub(super) fn tell_made(&mut self, process: ProcessId, call: Call, reply: Reply, accesses: &Accesses) {
        let what = What::Performed {
            call,
            reply,
            accesses: accesses.clone(),
        };
        self.events.push(Event { process, what });
    }

    pub(crate) fn take(&mut self, process: ProcessId) -> Result<Accesses, Lost> {
        let next = self.next(process).expect("the search takes steps of enabled processes");
        let instead = self.instead(process);
        self.begins(process);
        let task = match next {
            NextStep::Call(task) => Some(task),
            _ => None,
        };
        if let Some((time, _)) = self.engine.interpreter.time_mut() {
            time.begins(process, task);
        }
        let interrupted_by = task.and_then(|task| self.interrupted_by(process, task));
        let from = self.events.len();
        let takes_time = next.takes_time();
        let mut accesses = match next {
            NextStep::Call(task) => self.call(process, task),
            NextStep::Exit(task) => self.exit(process, task),
            NextStep::Made(call) => self.made(process, call),
            NextStep::TimeOut(task) => self.time_out(process, task, instead),
            NextStep::Expires(group, key) => self.expire(process, group, key, instead),
        }?;
        self.note_timers_of_holders(process);
        if let Some(timer) = interrupted_by {
            self.note_interruptible(process, timer, &accesses);
        }
        self.contenders[process.index()].taken += 1;
        if self.engine.interpreter.time().is_some() {
            self.note_polls(process, from, &accesses, takes_time, instead);
        }
        let standing = self.engine.tracees.standing(process);
        let stopped: Vec<i32> = standing.into_iter().map(|(task, _)| task).collect();
        accesses.extend(&self.engine.interpreter.step(process, &accesses, &stopped)?);
        if let Some((time, _)) = self.engine.interpreter.time() {
            time.add_to(&mut accesses, process, self.contenders.len());
        }
        if let Some((_, _, noted)) = self.performed(from) {
            noted.clone_from(&accesses);
        }
        Ok(accesses)
    }

    /// The call that has armed a timer of the process of this task, if its process notices when that expires.
    fn interrupted_by(&self, process: ProcessId, task: i32) -> Option<&'static str> {
        let group = self.engine.tracees.at(task).group;
        let (_, timers) = self.engine.interpreter.time()?;
        let mut noticed = timers.noticed(process, self.first(process));
        noticed.find(|timer| timer.group == group).map(|timer| timer.name)
    }

    /// The number of the first process of a contender.
    fn first(&self, process: ProcessId) -> Option<i32> {
        self.engine.tracees.first.get(&process).copied()
    }

    /// Notes a call before which a timer could have expired with an effect: that order is not explored. Before a call that waits
    /// for a lock, it is much as if it expires while the process waits.
    fn note_interruptible(&mut self, process: ProcessId, timer: &str, accesses: &Accesses) {
        let is_lock = |access: &Access| matches!(access.object, Object::Locks(_));
        if !accesses.iter().any(is_lock) {
            self.interruptible.get_or_insert_with(|| {
                format!(
                    "{process} makes calls while a timer runs that it has armed with {timer}; that the timer expires between two \
                     calls is not explored"
                )
            });
        }
    }

    /// Notes that another contender acts while a holder has a timer: that it expires meanwhile is not explored.
    fn note_timers_of_holders(&mut self, acts: ProcessId) {
        let Some((_, timers)) = self.engine.interpreter.time() else {
            return;
        };
        let mut others = ProcessId::first(self.contenders.len()).filter(|other| *other != acts);
        let holds = |process: &ProcessId| !self.contenders[process.index()].ended && self.channel.rests(*process);
        let timer = others.find_map(|process| {
            let timer = timers.noticed_at_rest(process, self.first(process)).next()?;
            holds(&process).then_some((process, timer.name))
        });
        if let Some((process, timer)) = timer {
            self.interruptible.get_or_insert_with(|| {
                format!(
                    "{process} holds the lock while a timer runs that it has armed with {timer}; that the timer expires during the \
                     hold is not explored"
                )
            });
        }
    }

    /// The call of a step, whose events begin at this position.
    fn performed(&mut self, from: usize) -> Option<(&Call, &Reply, &mut Accesses)> {
        self.events[from..].iter_mut().find_map(|event| match &mut event.what {
            What::Performed { call, reply, accesses } => Some((&*call, &*reply, accesses)),
            _ => None,
        })
    }

    /// Finds out whether a contender polls, and which others need no longer wait.
    fn note_polls(&mut self, process: ProcessId, from: usize, touched: &Accesses, takes_time: bool, instead: Instead) {
        let (call, reply, _) = self.performed(from).expect("each step of a program is an event");
        let (call, reply) = (call.clone(), reply.clone());
        let polling = &mut self.contenders[process.index()].polling;
        let polled = polling.takes(&call, &reply, touched, takes_time, instead);
        self.spun |= polling.waits();
        self.endless.note(process, polling);
        if polled && instead == Instead::Nothing && !takes_time {
            self.pass_time(process);
        }
        let others = self.contenders.iter_mut().enumerate();
        for (_, other) in others.filter(|(position, _)| *position != process.index()) {
            other.polling.sees(touched);
        }
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
