//! What a call of a program that was made has touched, the new inodes that it has left, and what its contender shows to others now.
//! Decides nothing.

use std::fs;
use std::io;

use super::decode::Decoded;
use super::footprint::failed_footprint;
use super::interpreter::AtCall;
use super::programs::{Pending, Programs};
use super::watched_tree::New;
use crate::sys::syscalls::SyscallClass;
use onewinner_core::access::{Accesses, Object};
use onewinner_core::explore::{Lost, Retry};
use onewinner_core::fs::Errno;
use onewinner_core::id::ProcessId;

impl Programs {
    /// The footprint of a call that was made. One that returns an error has changed nothing, with some exceptions; nor has one
    /// that has written nothing.
    pub(super) fn performed(pending: &Pending, returned: i64, errno: Option<Errno>) -> Accesses {
        let watched = pending.touched.watched.as_deref().unwrap_or_default();
        let changes = match (pending.decoded.class, errno) {
            // A descriptor is closed whatever close(2) returns.
            (SyscallClass::Close, Some(_)) => true,
            // A file may have been made before its opening failed. It was absent before.
            (SyscallClass::Open, Some(_)) => pending
                .touched
                .makes
                .iter()
                .any(|made| fs::symlink_metadata(made).is_ok()),
            // It has lost the lock that it had before.
            (SyscallClass::Flock, Some(_)) => pending.touched.converts && errno == Some(Errno::EAGAIN),
            (_, Some(_)) => false,
            (SyscallClass::Write | SyscallClass::Copy, None) => returned != 0,
            (_, None) => true,
        };
        if changes {
            watched.iter().cloned().collect()
        } else {
            failed_footprint(watched)
        }
    }

    /// Records the locks that a call has tried to take, or has released.
    pub(super) fn lock(&mut self, decoded: &Decoded, accesses: &Accesses) {
        if matches!(decoded.class, SyscallClass::Flock | SyscallClass::Fcntl) {
            for access in accesses.iter() {
                if let Object::Locks(inode) = access.object {
                    self.locks.tries(inode);
                }
            }
        }
    }

    /// Learns the new inodes in a watched directory, and those that have lost their last name.
    pub(super) fn learn(&mut self, at: &AtCall<'_>, pending: &Pending, returned: i64) -> io::Result<()> {
        pending
            .touched
            .unnames
            .iter()
            .for_each(|number| self.tree.unname(*number));
        if pending.touched.makes_unnamed {
            let fd = i32::try_from(returned).map_err(io::Error::other)?;
            self.tree.identify_open(at.task, fd, at.process)?;
        }
        for made in &pending.touched.makes {
            // Elsewhere nothing is identified.
            if !self.tree.is_inside(made) {
                continue;
            }
            match pending.decoded.class {
                SyscallClass::Open => {
                    let fd = i32::try_from(returned).map_err(io::Error::other)?;
                    self.tree.identify_open(at.task, fd, at.process)?;
                }
                SyscallClass::Make | SyscallClass::Socket => {
                    self.tree.identify(made, Some(at.process), New::Always)?;
                }
                // What was elsewhere before may be a directory with files.
                _ => {
                    self.tree.identify(made, Some(at.process), New::IfUnknown)?;
                    self.tree.learn_below(made, Some(at.process))?;
                }
            }
        }
        Ok(())
    }

    /// A process changes its program, its name or its threads.
    pub(super) fn changes_what_it_shows(&mut self, process: ProcessId, group: i32) {
        if self.first.get(&process) == Some(&group) {
            self.shown_files.changes(process, group);
        }
    }

    /// A process has a thread more or less.
    pub(super) fn changes_threads(&mut self, process: ProcessId, task: i32, group: i32) {
        if task != group {
            self.changes_what_it_shows(process, group);
        }
    }

    /// A contender has taken a step, and these of its tasks are stopped: what of it others see now that they did not.
    pub(super) fn steps(&mut self, process: ProcessId, touched: &Accesses, stopped: &[i32]) -> Result<Accesses, Lost> {
        let mut accesses = Accesses::none();
        if let Some(number) = self.first.get(&process) {
            let stores = touched.stores().next().is_some();
            let shown = self
                .shown_files
                .step((process, *number), stores, stopped.contains(number));
            let again = Retry::Never;
            // A runtime starts threads, and runs one or another, as the kernel has it.
            if shown.map_err(|reason| Lost { reason, again })? || self.time.has_threads(process) {
                accesses.store(Object::Process(process));
            }
        }
        Ok(accesses)
    }

    /// What of a contender others may see after its next step that they did not.
    pub(super) fn may_show(&self, process: ProcessId) -> Accesses {
        let mut accesses = Accesses::none();
        // If no contender reads it, each step would look as if it changed something.
        if self.shown_files.are_read() {
            accesses.store(Object::Process(process));
        }
        accesses
    }
}
