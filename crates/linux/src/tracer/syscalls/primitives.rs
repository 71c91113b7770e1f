//! The calls of a lock over `Fs`, made again on a shadow: the simulated file system. `fs_calls.rs` decodes them.
//!
//! The shadow gives the exact footprint of each call, also of calls in another order. If the kernel and the shadow answer
//! differently, one of them is wrong, and the execution is lost.

use std::io;
use std::path::PathBuf;

use super::fs_calls::Calls;
use super::interpreter::{AtCall, Decision, Interpreter, Made, Outcome};
use crate::sys::syscalls;
use onewinner_core::access::Accesses;
use onewinner_core::explore::{Lost, Move, Retry};
use onewinner_core::fs::call::{Call, Reply, Value};
use onewinner_core::fs::sim;
use onewinner_core::happens_before::Step;
use onewinner_core::id::ProcessId;

/// The shadow, and the call at which each process is stopped.
pub(crate) struct Primitives {
    first: sim::State,
    state: sim::State,
    in_turn: bool,
    calls: Calls,
    pending: Vec<Option<Call>>,
    steps: Vec<(ProcessId, Call)>,
}

impl Primitives {
    /// `in_turn` if a second process begins only after the first has ended.
    pub(crate) fn new(first: sim::State, calls: Calls, in_turn: bool) -> Self {
        Self {
            state: first.clone(),
            first,
            in_turn,
            pending: vec![None; calls.processes()],
            calls,
            steps: Vec::new(),
        }
    }

    /// Whether a process may take a step after these: with an injected error, the second attempt begins when the first is over.
    fn may_begin(&self, process: ProcessId, kept: usize, then: &[Move]) -> bool {
        if !self.in_turn || process == ProcessId(0) {
            return true;
        }
        let of_first = |step: &usize| self.steps[*step].0 == ProcessId(0);
        let taken = then.iter().filter_map(|step| match step {
            Move::Taken(position) => Some(*position),
            Move::Waiting(_) => None,
        });
        let before = (0..kept).chain(taken).filter(of_first).count();
        before == (0..self.steps.len()).filter(of_first).count()
    }

    fn waiting_at(&self, process: ProcessId) -> &Call {
        let call = self.pending[process.index()].as_ref();
        call.expect("the engine asks about processes that are stopped at a call")
    }
}

/// Without inode numbers, which the kernel chooses.
fn unnumbered(reply: &Reply) -> Reply {
    let mut reply = reply.clone();
    if let Ok(Value::Stat(stat)) = &mut reply {
        *stat = stat.with_inode(0);
    }
    reply
}

fn shown(reply: &Reply) -> String {
    match reply {
        Ok(value) => value.to_string(),
        Err(errno) => errno.to_string(),
    }
}

impl Interpreter for Primitives {
    fn begin(&mut self, directories: &[PathBuf]) -> io::Result<()> {
        self.state = self.first.clone();
        self.calls.begin(directories);
        self.pending.fill(None);
        self.steps.clear();
        Ok(())
    }

    fn decide(&mut self, at: &AtCall<'_>) -> Decision {
        let name = match syscalls::of(at.entry.number) {
            Some(call) => call.name,
            None => return Decision::Uncontrolled(format!("uncontrolled call number {}", at.entry.number)),
        };
        if name == "exit_group" {
            return Decision::Finished;
        }
        // Limits of its own: no call of another lock over `Fs` shows them.
        if name == "prlimit64" && at.entry.arguments[0] == 0 {
            return Decision::Harmless;
        }
        match self.calls.decode(at, name) {
            Some(call) => {
                self.pending[at.process.index()] = Some(call);
                Decision::Controlled
            }
            None => Decision::Uncontrolled(format!("uncontrolled call {name} of {}", at.process)),
        }
    }

    fn forecast(&self, at: &AtCall<'_>) -> Accesses {
        self.state.clone().step(at.process, self.waiting_at(at.process)).1
    }

    fn may_go_on(&self, at: &AtCall<'_>) -> bool {
        self.state.waits(at.process, self.waiting_at(at.process)).is_none()
    }

    fn before(&mut self, _: &AtCall<'_>) -> Result<Made, Lost> {
        // A lock that would wait is not requested: see `may_go_on`.
        Ok(Made::AsAsked)
    }

    fn after(&mut self, at: &AtCall<'_>, returned: i64) -> Result<Outcome, Lost> {
        let call = self.pending[at.process.index()].take();
        let call = call.expect("the call was decoded when the task stopped at it");
        let kernels = self.calls.reply(at, &call, returned);
        let (reply, accesses) = self.state.step(at.process, &call);
        if kernels.as_ref().map(unnumbered) != Some(unnumbered(&reply)) {
            let kernels = kernels.as_ref().map_or("nothing that can be read".to_owned(), shown);
            return Err(Lost {
                reason: format!(
                    "model mismatch: {call} = {kernels} but the model says {}",
                    shown(&reply)
                ),
                again: Retry::Never,
            });
        }
        self.steps.push((at.process, call.clone()));
        Ok(Outcome::Performed {
            call,
            reply,
            accesses,
            instead: None,
        })
    }

    fn exit(&mut self, at: &AtCall<'_>) -> (Call, Accesses) {
        (Call::Exit, self.made(at.process, &Call::Exit))
    }

    fn made(&mut self, process: ProcessId, call: &Call) -> Accesses {
        self.pending[process.index()] = None;
        self.steps.push((process, call.clone()));
        self.state.step(process, call).1
    }

    fn would(&self, process: ProcessId, call: &Call) -> Accesses {
        self.state.clone().step(process, call).1
    }

    fn awaits(&mut self, process: ProcessId, call: &Call) {
        self.pending[process.index()] = Some(call.clone());
    }

    fn holds_locks(&self, process: ProcessId) -> bool {
        self.state.holds_locks(process)
    }

    fn shadow(&self) -> Option<&sim::State> {
        Some(&self.state)
    }

    fn replay(&mut self, kept: usize, then: &[Move]) -> Vec<Accesses> {
        let mut state = self.first.clone();
        for (process, call) in &self.steps[..kept] {
            let _same = state.step(*process, call);
        }
        let mut accesses = Vec::new();
        for step in then {
            let (process, call) = match step {
                Move::Taken(position) => &self.steps[*position],
                Move::Waiting(process) => &(*process, self.waiting_at(*process).clone()),
            };
            if state.waits(*process, call).is_some() || !self.may_begin(*process, kept, &then[..accesses.len()]) {
                break;
            }
            accesses.push(state.step(*process, call).1);
        }
        accesses
    }

    fn waiting(&mut self) -> Vec<Step> {
        let pending = ProcessId::first(self.pending.len()).zip(&self.pending);
        let waits = |(process, call): (ProcessId, &Option<Call>)| {
            let accesses = self.state.waits(process, call.as_ref()?)?;
            Some(Step { process, accesses })
        };
        pending.filter_map(waits).collect()
    }
}
