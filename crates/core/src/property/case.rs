//! One history, with what several properties need from it.

use std::cell::OnceCell;

use crate::access::{Accesses, Object};
use crate::fs::call::Call;
use crate::fs::{Flock, RecordLock};
use crate::history::{Attempt, CrashClass, EventOrder, History, What};
use crate::id::ProcessId;

/// A history to judge.
#[derive(Debug)]
pub struct Case<'a> {
    /// The history.
    pub history: &'a History,
    attempts: Vec<Attempt>,
    order: OnceCell<EventOrder>,
}

impl<'a> Case<'a> {
    /// A case for this history.
    pub fn new(history: &'a History) -> Self {
        let mut attempts = history.attempts();
        // Happens-before does not order the beginnings of different processes.
        attempts.sort_by_key(|attempt| attempt.process);
        Self {
            history,
            attempts,
            order: OnceCell::new(),
        }
    }

    /// The attempts, sorted by process and then by order.
    pub fn attempts(&self) -> &[Attempt] {
        &self.attempts
    }

    /// The performed calls, sorted by process and then by order: position, caller, name, footprint.
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

    /// Whether the hold of a winning attempt ends before this event: by its release, the death of the holder, or the expiry of
    /// its lease.
    pub(super) fn is_over(&self, attempt: &Attempt, event: usize) -> bool {
        // Without leases, the age of a file means nothing.
        let leased = self.history.clock.is_some() && self.history.crash_class == Some(CrashClass::Bounded);
        let comes_before = |end| self.before(end, event);
        attempt.stops_holding().is_some_and(comes_before) || leased && self.expiries(attempt).any(comes_before)
    }

    /// Where the lease of an attempt expires: the clock makes old what the attempt has stored.
    fn expiries(&self, attempt: &Attempt) -> impl Iterator<Item = usize> {
        let calls = self.history.calls().map(|(position, process, ..)| (position, process));
        let clock = calls.filter(|(_, process)| Some(*process) == self.history.clock);
        let expired = clock.filter(|(expiry, _)| {
            let seen = |call: &usize| self.before(*call, *expiry);
            let released = attempt.stops_holding().is_some_and(|end| self.before(end, *expiry));
            attempt.calls.iter().any(seen) && !released
        });
        expired.map(|(position, _)| position)
    }

    /// The calls that a process and its children make while it holds, each with its position and footprint.
    pub(super) fn calls_inside(&self, holder: &Attempt) -> impl Iterator<Item = (usize, &'a Call, &'a Accesses)> {
        let from = holder.decided.filter(|_| holder.acquired()).unwrap_or(usize::MAX);
        let until = holder.stops_holding().unwrap_or(usize::MAX);
        let process = holder.process;
        let calls = self.history.calls();
        let own = calls.filter(move |(position, who, ..)| *who == process && (from..until).contains(position));
        own.map(|(position, _, call, _, accesses)| (position, call, accesses))
    }

    /// What the calls of an acquisition stored and left in place. A name that it removed or moved away again, and a lock that it
    /// released again, do not count.
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
                // A rename reads the old entry first.
                Call::Rename { .. } | Call::RenameNew { .. } => accesses.stores().find(is_entry).into_iter().collect(),
                _ => Vec::new(),
            };
            stored.extend(accesses.stores().filter(is_owned));
            stored.retain(|object| !given_up.contains(object));
        }
        stored
    }

    /// The attempts, if there are several, each process makes one, and no process releases or dies.
    pub(super) fn single_attempts(&self) -> Option<&[Attempt]> {
        // A holder whose lease expires may still believe that it holds.
        if self.history.clock.is_some() {
            return None;
        }
        let mut pairs = self.attempts.windows(2);
        let once = pairs.all(|pair| pair[0].process != pair[1].process);
        let kept = self.attempts.iter().all(|attempt| attempt.stops_holding().is_none());
        (once && kept && self.attempts.len() > 1).then_some(&self.attempts)
    }
}

/// Free inode numbers and open counts belong to no process. Nor do the times of a file: no lock rests on them alone. An
/// object that stands for many things, as all sockets, does not show which of them was stored.
pub(super) fn is_owned(object: &&Object) -> bool {
    use Object::{Allocator, Device, Network, Opens, Process, Times};
    !matches!(
        **object,
        Allocator | Opens(_) | Times(_) | Process(_) | Network | Device(_)
    )
}

fn is_entry(object: &&Object) -> bool {
    matches!(object, Object::Entry(..))
}
