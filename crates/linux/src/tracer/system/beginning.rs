//! How an execution begins: the stale lock of a dead holder, and contenders that start, or are copied.
//!
//! Knows no step.

use std::time::Duration;

use super::{TracedSystem, age};
use crate::sys::private_state;
use crate::tracer::syscalls::timers::Timers;
use crate::tracer::tracees::fork_snapshot::Kept;
use crate::tracer::tracees::loss::lost;
use onewinner_core::explore::{Lost, Retry};
use onewinner_core::history::What;
use onewinner_core::id::ProcessId;
use onewinner_core::scenario::Start;

impl TracedSystem {
    /// Starts a contender for the first time in an execution, and takes a fork snapshot of it where that is possible.
    pub(super) fn enter(&mut self, process: ProcessId) -> Result<(), Lost> {
        let copied = self.engine.has_fork_snapshot(process) || !self.engine.interpreter.copies();
        let copy_point = self.copy_points.get(&process).copied();
        if !copied {
            self.engine.tracees.watch_start(process, copy_point);
        }
        self.start(process)?;
        self.run_until_quiescent(process)?;
        if copied {
            return Ok(());
        }
        let earlier = self.engine.tracees.end_of_start();
        let has_timer = |(_, timers): (_, &Timers)| timers.has_any(process);
        // The kernel knows nothing of its timers, so a copy would have none.
        let has_timer = self.engine.interpreter.time().is_some_and(has_timer);
        if self.channel.is_silent(process) && !has_timer && self.engine.interpreter.copies() {
            let first = self.engine.tracees.first.get(&process).copied().unwrap_or_default();
            let shared = private_state::open_files(first);
            match self.engine.keep(process)? {
                Kept::Snapshot => {
                    self.engine.interpreter.keeps(process, first, None);
                    self.engine.interpreter.copies_share(shared);
                    self.start(process)?;
                    return self.run_until_quiescent(process);
                }
                Kept::Itself(why) => match earlier {
                    Some(earlier) => drop(self.copy_points.insert(process, earlier)),
                    None => self.engine.interpreter.keeps(process, first, Some(why)),
                },
            }
        }
        self.engine.go_on_uncopied(process)?;
        self.run_until_quiescent(process)
    }

    /// Creates the stale lock of a dead holder, and sets the age of its files.
    pub(super) fn leave_behind(&mut self) -> Result<(), Lost> {
        let Start::Stale { age_s } = self.scenario.start else {
            return Ok(());
        };
        match &self.leave_behind {
            Some(build) => build(&self.directory(ProcessId(0)))
                .map_err(|error| lost(Retry::Never, format!("cannot create a stale lock: {error}")))?,
            // Programs see files on the virtual clock, which begins later.
            None => return self.acquire_and_die(),
        }
        let aged = age(&self.directory(ProcessId(0)), Duration::from_secs(age_s));
        aged.map_err(|error| lost(Retry::Never, format!("cannot set the age of the stale lock: {error}")))
    }

    /// Lets the first contender acquire alone, and kills it while it holds the lock.
    fn acquire_and_die(&mut self) -> Result<(), Lost> {
        let process = ProcessId(0);
        self.begin()?;
        self.engine.tracees.next_leaves_a_stale_lock();
        self.engine.interpreter.leaves_a_stale_lock();
        self.enter(process)?;
        let acquired = |world: &Self| world.events.iter().any(|event| event.what == What::Acquired);
        while !acquired(self) {
            if self.next(process).is_none() {
                return Err(lost(
                    Retry::Never,
                    "cannot create a stale lock: an uncontended attempt did not acquire it".to_owned(),
                ));
            }
            self.take(process)?;
        }
        self.engine.kill(None)?;
        self.channel.end();
        self.events.clear();
        Ok(())
    }
}
