//! One history with what several properties ask of it, found once.

use std::cell::OnceCell;

use crate::access::Accesses;
use crate::history::{Attempt, History, Order};
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

    /// The attempts, if there are several, each process attempts once, and nobody releases or dies.
    pub(super) fn single_attempts(&self) -> Option<&[Attempt]> {
        let mut pairs = self.attempts.windows(2);
        let once = pairs.all(|pair| pair[0].process != pair[1].process);
        let kept = self.attempts.iter().all(|attempt| attempt.lets_go().is_none());
        (once && kept && self.attempts.len() > 1).then_some(&self.attempts)
    }
}
