//! The pids of contenders in shared memory, so that a lock can ask whether another contender is alive.
//!
//! Each contender enters itself when it begins.

use std::sync::Arc;
use std::sync::atomic::{AtomicU32, Ordering};

use crate::real_fs::{Peers, absent_pid};
use crate::sys::Shared;
use crate::sys::memory::ShareError;
use onewinner_core::id::ProcessId;

/// One pid for each contender; 0 for one that has not entered.
#[derive(Clone)]
pub struct PidTable(Arc<Shared<AtomicU32>>);

impl PidTable {
    /// A table for this many contenders.
    ///
    /// # Errors
    ///
    /// When memory cannot be shared.
    pub fn new(processes: usize) -> Result<Self, ShareError> {
        Ok(Self(Arc::new(Shared::zeroed(processes)?)))
    }

    /// Removes all contenders.
    pub fn clear(&self) {
        self.0.iter().for_each(|number| number.store(0, Ordering::Relaxed));
    }

    /// Enters the calling process as this contender.
    pub fn enter(&self, process: ProcessId) {
        self.0[process.index()].store(std::process::id(), Ordering::Relaxed);
    }

    /// All contenders that the table has room for.
    pub fn contenders(&self) -> impl Iterator<Item = ProcessId> {
        ProcessId::first(self.0.len())
    }

    /// Whether every contender has entered.
    pub fn is_complete(&self) -> bool {
        self.contenders().all(|process| self.number(process).is_some())
    }

    fn number(&self, process: ProcessId) -> Option<i32> {
        let number = self.0.get(process.index())?.load(Ordering::Relaxed);
        i32::try_from(number).ok().filter(|number| *number != 0)
    }

    /// The contender with this pid, or with this pid in its absence: see [`absent_pid`].
    pub fn who(&self, number: i32) -> Option<ProcessId> {
        let mut all = (0..=u8::MAX).map(ProcessId);
        all.find(|process| self.number(*process).unwrap_or(absent_pid(*process)) == number)
    }

    /// The table in the form that a contender's file system uses.
    pub fn peers(&self) -> Peers {
        let pid_table = self.clone();
        Peers::new(move |process| pid_table.number(process))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_contender_that_entered_has_a_pid_and_any_other_has_one_that_no_process_has() {
        let (one, other) = (ProcessId(0), ProcessId(1));
        let pid_table = PidTable::new(2).unwrap();
        assert!(!pid_table.is_complete());
        pid_table.enter(one);
        assert!(!pid_table.is_complete());
        assert_eq!(pid_table.who(std::process::id().cast_signed()), Some(one));
        for absent in [other, ProcessId(7), ProcessId::GONE] {
            assert_eq!(pid_table.number(absent), None);
            assert_eq!(pid_table.who(absent_pid(absent)), Some(absent));
        }
        assert_eq!(pid_table.who(absent_pid(one)), None);
        pid_table.enter(other);
        assert!(pid_table.is_complete());
        pid_table.clear();
        assert!(!pid_table.is_complete());
        assert_eq!(pid_table.who(absent_pid(one)), Some(one));
    }
}
