//! One history with what several properties ask of it, found once.

use std::cell::OnceCell;

use crate::access::{Accesses, Object};
use crate::fs::call::Call;
use crate::fs::{Flock, RecordLock};
use crate::history::{Attempt, CrashClass, History, Order, What};
use crate::id::ProcessId;

/// A history to be judged.
#[derive(Debug)]
pub struct Case<'a> {
    /// The history.
    pub history: &'a History,
    attempts: Vec<Attempt>,
    order: OnceCell<Order>,
}

impl<'a> Case<'a> {
    /// Of this history.
    pub fn new(history: &'a History) -> Self {
        let mut attempts = history.attempts();
        // The order in which different processes began is no matter of happens-before.
        attempts.sort_by_key(|attempt| attempt.process);
        Self {
            history,
            attempts,
            order: OnceCell::new(),
        }
    }

    /// The attempts, by process, and those of one process in their order.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// The performed calls, by process, and those of one process in their order: position, caller, name, footprint.
    pub fn calls(&self) -> Vec<(usize, ProcessId, &'a str, &'a Accesses)> {
        let calls = self.history.calls();
        let mut calls: Vec<_> = calls
            .map(|(position, process, call, _, accesses)| (position, process, call.name(), accesses))
            .collect();
        calls.sort_by_key(|(position, process, ..)| (*process, *position));
        calls
    }

    /// Whether one event happens before another.
    pub fn before(&self, earlier: usize, later: usize) -> bool {
        self.order.get_or_init(|| self.history.order()).before(earlier, later)
    }

    /// Whether the hold of an attempt that won is over when this event comes: by its release, the death of the holder, or
    /// because its lease has run out.
    pub(super) fn is_over(&self, attempt: &Attempt, event: usize) -> bool {
        // To a lock without leases it means nothing that a file is old.
        let leased = self.history.clock.is_some() && self.history.crash_class == Some(CrashClass::Bounded);
        let comes_before = |end| self.before(end, event);
        attempt.lets_go().is_some_and(comes_before) || leased && self.expiries(attempt).any(comes_before)
    }

    /// Where the lease of an attempt ran out: the clock made old what it had stored before.
    fn expiries(&self, attempt: &Attempt) -> impl Iterator<Item = usize> {
        let calls = self.history.calls().map(|(position, process, ..)| (position, process));
        let clock = calls.filter(|(_, process)| Some(*process) == self.history.clock);
        let expired = clock.filter(|(expiry, _)| {
            let seen = |call: &usize| self.before(*call, *expiry);
            let released = attempt.lets_go().is_some_and(|end| self.before(end, *expiry));
            attempt.calls.iter().any(seen) && !released
        });
        expired.map(|(position, _)| position)
    }

    /// The calls that a process makes while it holds, those of its children among them, each with its position and footprint.
    pub(super) fn calls_inside(&self, holder: &Attempt) -> impl Iterator<Item = (usize, &'a Call, &'a Accesses)> {
        let from = holder.decided.filter(|_| holder.acquired()).unwrap_or(usize::MAX);
        let until = holder.lets_go().unwrap_or(usize::MAX);
        let process = holder.process;
        let calls = self.history.calls();
        let own = calls.filter(move |(position, who, ..)| *who == process && (from..until).contains(position));
        own.map(|(position, _, call, _, accesses)| (position, call, accesses))
    }

    /// What the calls of an acquisition changed and left in place: a name that it also removed or moved away, and a lock that it
    /// gave back, is nobody's.
    pub(super) fn stored_by(&self, attempt: &Attempt) -> Vec<&'a Object> {
        let history = self.history;
        let mut stored: Vec<&Object> = Vec::new();
        for &position in &attempt.calls {
            let What::Performed { call, accesses, .. } = &history.events[position].what else {
                continue;
            };
            let given_up: Vec<&Object> = match call.itself() {
                Call::Unlink { .. } | Call::Rmdir { .. } | Call::Close { .. } => accesses.stores().collect(),
                Call::Flock { operation, .. } if *operation == Flock::Unlock => accesses.stores().collect(),
                Call::RecordLock { operation, .. } | Call::OfdLock { operation, .. }
                    if *operation == RecordLock::Unlock =>
                {
                    accesses.stores().collect()
                }
                // The entry that is read first is the one that is left empty.
                Call::Rename { .. } | Call::RenameNew { .. } => accesses.stores().find(is_entry).into_iter().collect(),
                _ => Vec::new(),
            };
            stored.extend(accesses.stores().filter(is_owned));
            stored.retain(|object| !given_up.contains(object));
        }
        stored
    }

    /// The attempts, if there are several, each process attempts once, and nobody releases or dies.
    pub(super) fn single_attempts(&self) -> Option<&[Attempt]> {
        // When a lease runs out, nobody says that the holder knows.
        if self.history.clock.is_some() {
            return None;
        }
        let mut pairs = self.attempts.windows(2);
        let once = pairs.all(|pair| pair[0].process != pair[1].process);
        let kept = self.attempts.iter().all(|attempt| attempt.lets_go().is_none());
        (once && kept && self.attempts.len() > 1).then_some(&self.attempts)
    }
}

/// Nobody owns the numbers that an inode may get, nor who has it open.
fn is_owned(object: &&Object) -> bool {
    !matches!(**object, Object::Allocator | Object::Opens(_))
}

fn is_entry(object: &&Object) -> bool {
    matches!(object, Object::Entry(..))
}
