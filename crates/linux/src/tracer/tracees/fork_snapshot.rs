//! Fork snapshots: a program that starts slowly is started once, and contenders are forked from it.
//!
//! The snapshot process stays stopped at its first controlled call. For each execution the tracer makes it call clone(2)
//! instead, and the copy makes the original call. With `CLONE_PARENT` the copy is a child of the zygote, as any contender.
//!
//! A snapshot is not taken where a copy could notice: with several tasks, of which a copy has one, and with open files, whose
//! offsets copies share. A copy also has another process number: the interpreter detects a program that shows its number, and
//! then contenders are started anew. Knows nothing of programs.

use super::engine::{Engine, Wait};
use super::event::Birth;
use super::loss::{lost, untraced};
use super::task::{At, CallStop, ForkSnapshot, Position, RunningSnapshot};
use crate::sys::trace::Entry;
use crate::sys::tracee::{self, Stopped, Until, Why};
use crate::sys::zygote;
use onewinner_core::explore::{Lost, Retry};
use onewinner_core::id::ProcessId;

impl Engine {
    /// Whether this contender is forked from a snapshot.
    pub(crate) fn has_fork_snapshot(&self, process: ProcessId) -> bool {
        self.tracees.fork_snapshots.contains_key(&process)
    }

    /// Turns a contender into a snapshot and returns its number. `None` if it has several tasks, is not stopped at a controlled
    /// call, or has open files whose offset copies would share.
    pub(crate) fn keep(&mut self, process: ProcessId) -> Result<Option<i32>, Lost> {
        let mut own = self.tracees.tasks.iter().filter(|(_, task)| task.process == process);
        let (Some((&number, task)), None) = (own.next(), own.next()) else {
            return Ok(None);
        };
        let stands = matches!(&task.position, Position::AtCall(CallStop { at: At::Call, .. }));
        if !stands || self.tracees.first.get(&process) != Some(&number) || zygote::shares_offsets(number) {
            return Ok(None);
        }
        let task = self.tracees.tasks.remove(&number).expect("it was found");
        self.tracees.first.remove(&process);
        self.interpreter.gone(number);
        let Position::AtCall(CallStop { stopped, entry, .. }) = task.position else {
            unreachable!("it is stopped at a call");
        };
        let registers = stopped.registers().map_err(|error| untraced(&error))?;
        // Its call is not made: it moves on to the exit of the call.
        stopped.answer(0).map_err(|error| untraced(&error))?;
        let stopped = self.run_snapshot_to(stopped, Until::Exit, Why::Exit)?;
        let template = ForkSnapshot {
            stopped,
            registers,
            entry,
        };
        self.tracees.fork_snapshots.insert(process, template);
        Ok(Some(number))
    }

    /// Starts a contender as a copy of its snapshot.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub(crate) fn copy(&mut self, process: ProcessId) -> Result<(), Lost> {
        let template = self
            .tracees
            .fork_snapshots
            .remove(&process)
            .expect("there is a snapshot");
        let ForkSnapshot {
            stopped,
            registers,
            entry,
        } = template;
        let set = |stopped: &Stopped, entry: &Entry| {
            let mut registers = registers.clone();
            registers.ask_again(entry);
            stopped.set_registers(&registers).map_err(|error| untraced(&error))
        };
        let clone = Entry {
            number: zygote::CLONE,
            arguments: zygote::CLONE_ARGUMENTS,
            ..entry
        };
        set(&stopped, &clone)?;
        let at_entry = self.run_snapshot_to(stopped, Until::Next, Why::Entry)?;
        let (parent, child) = self.fork_copy(at_entry)?;
        let stopped = self.run_snapshot_to(parent, Until::Exit, Why::Exit)?;
        let template = ForkSnapshot {
            stopped,
            registers: registers.clone(),
            entry,
        };
        self.tracees.fork_snapshots.insert(process, template);
        let wait = Wait::of("waiting for a copy of a contender");
        while !self.tracees.early.contains_key(&child) {
            self.next(&wait)?;
        }
        // The copy makes the original call.
        set(&self.tracees.early[&child], &entry)?;
        self.tracees.first.insert(process, child);
        let event = self.tracees.born(process, child, child, Birth::First)?;
        self.handle_any(Some(event))
    }

    /// Resumes a snapshot process, which stops again soon: for the expected reason, or something is wrong.
    fn run_snapshot_to(&mut self, stopped: Stopped, until: Until, expected: Why) -> Result<Stopped, Lost> {
        match self.run_snapshot(stopped, until)? {
            (stopped, why) if why == expected => Ok(stopped),
            (_, why) => Err(lost(
                Retry::Maybe,
                format!("the process that contenders are copied from stopped unexpectedly: {why:?}"),
            )),
        }
    }

    fn fork_copy(&mut self, stopped: Stopped) -> Result<(Stopped, i32), Lost> {
        match self.run_snapshot(stopped, Until::Exit)? {
            (stopped, Why::Born(child)) => Ok((stopped, child)),
            (_, why) => Err(lost(
                Retry::Maybe,
                format!("the process that contenders are copied from did not fork: {why:?}"),
            )),
        }
    }

    fn run_snapshot(&mut self, stopped: Stopped, until: Until) -> Result<(Stopped, Why), Lost> {
        let task = stopped.task();
        self.tracees.running_snapshot = Some(RunningSnapshot { task, stop: None });
        let _running = stopped.go(until, None);
        let wait = Wait::of("waiting for the process that a contender is copied from");
        loop {
            self.next(&wait)?;
            let running_snapshot = self.tracees.running_snapshot.as_mut().expect("it was let go");
            if let Some(stop) = running_snapshot.stop.take() {
                self.tracees.running_snapshot = None;
                return Ok(stop);
            }
            if self.tracees.gone.contains(&task) {
                return Err(lost(
                    Retry::Maybe,
                    "the process that contenders are copied from was lost".to_owned(),
                ));
            }
        }
    }

    /// Kills all snapshot processes.
    pub(crate) fn discard(&mut self) -> Result<(), Lost> {
        for template in std::mem::take(&mut self.tracees.fork_snapshots).into_values() {
            let task = template.stopped.task();
            tracee::kill_process(task);
            let wait = Wait::of("waiting for the end of the process that a contender was copied from");
            while !self.tracees.gone.contains(&task) {
                self.next(&wait)?;
            }
        }
        Ok(())
    }
}
