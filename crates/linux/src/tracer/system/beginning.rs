//! How an execution begins: the stale lock of a dead holder, and contenders that start, or are copied.
//!
//! Knows no step.

use std::fs::{self, File};
use std::io;
use std::path::Path;
use std::time::Duration;

use super::TracedSystem;
use crate::sys::private_state::{self, NotPrivate};
use crate::tracer::syscalls::timers::Timers;
use crate::tracer::tracees::fork_snapshot::Kept;
use crate::tracer::tracees::fork_snapshots::{Occasion, StartPoint};
use crate::tracer::tracees::loss::{lost, untraced};
use onewinner_core::explore::{Lost, Retry};
use onewinner_core::history::What;
use onewinner_core::id::ProcessId;
use onewinner_core::scenario::Start;

impl TracedSystem {
    /// Starts a contender: as a copy of a fork snapshot if there is one of this start. If not, takes one where that is possible and
    /// worth it.
    pub(super) fn enter(&mut self, process: ProcessId, occasion: Occasion) -> Result<(), Lost> {
        if let (Occasion::Later, Some((time, _))) = (occasion, self.engine.interpreter.time_mut()) {
            time.starts_later(process);
        }
        let point = self.engine.start_point(process);
        let snapshots = &mut self.engine.tracees.fork_snapshots;
        if let Some(point) = point.filter(|point| snapshots.has(point)) {
            return self.enter_as_copy(point);
        }
        let is_worthwhile = match &point {
            Some(point) => snapshots.is_worthwhile(point, occasion),
            None => occasion == Occasion::Beginning,
        };
        let tries = is_worthwhile && self.engine.interpreter.copies();
        let copy_point = self.copy_points.get(&process).copied();
        if tries && (copy_point.is_some() || occasion == Occasion::Beginning) {
            self.engine.tracees.watch_start(process, copy_point);
        }
        self.channel.starts(process).map_err(|error| untraced(&error))?;
        self.engine.start(process)?;
        self.run_until_quiescent(process)?;
        if !tries {
            return Ok(());
        }
        let earlier = self.engine.tracees.end_of_start();
        if self.engine.interpreter.copies() {
            let first = self.engine.tracees.first.get(&process).copied().unwrap_or_default();
            let shared = private_state::open_files(first);
            match (self.keep(process, point)?, point) {
                (Kept::Snapshot(serial), Some(point)) => {
                    self.engine.interpreter.keeps(process, first, serial);
                    self.engine.interpreter.copies_share(shared);
                    return self.enter_as_copy(point);
                }
                (Kept::Itself(why), _) if occasion == Occasion::Beginning => match earlier {
                    Some(earlier) => drop(self.copy_points.insert(process, earlier)),
                    None => self.engine.interpreter.keeps_none(why),
                },
                // It is started anew whenever it comes to this point.
                _ => {}
            }
        }
        self.engine.go_on_uncopied(process)?;
        self.run_until_quiescent(process)
    }

    /// Takes a snapshot of a contender that has started, if copies of it could not notice.
    fn keep(&mut self, process: ProcessId, point: Option<StartPoint>) -> Result<Kept, Lost> {
        let has_timer = |(_, timers): (_, &Timers)| timers.has_any(process);
        Ok(match point {
            None => Kept::Itself(NotPrivate::Number),
            Some(_) if !self.channel.is_silent(process) => Kept::Itself(NotPrivate::Messages),
            // The kernel knows nothing of its timers, so a copy would have none.
            Some(_) if self.engine.interpreter.time().is_some_and(has_timer) => Kept::Itself(NotPrivate::Signals),
            Some(point) => self.engine.keep(point)?,
        })
    }

    fn enter_as_copy(&mut self, point: StartPoint) -> Result<(), Lost> {
        let process = point.process;
        self.channel.starts(process).map_err(|error| untraced(&error))?;
        self.engine.copy(point)?;
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
        self.enter(process, Occasion::Beginning)?;
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

/// Sets back the times of all files in a directory.
fn age(directory: &Path, by: Duration) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        let kind = entry.file_type()?;
        if kind.is_dir() {
            age(&entry.path(), by)?;
        }
        // No lock looks at the times of a symbolic link.
        if kind.is_dir() || kind.is_file() {
            let file = File::open(entry.path())?;
            let then = file.metadata()?.modified()?.checked_sub(by);
            let then = then.ok_or_else(|| io::Error::other("the time is before the epoch"))?;
            file.set_times(fs::FileTimes::new().set_accessed(then).set_modified(then))?;
        }
    }
    Ok(())
}
