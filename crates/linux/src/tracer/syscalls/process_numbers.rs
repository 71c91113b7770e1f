//! The process numbers that contenders ask about.
//!
//! Whether the first process of a contender exists is an object. Whether one of its other processes and threads exists is not
//! tracked. A contender may ask about a number before another one gives it to a task: what it learns depends on the order, so
//! questions and numbers are kept over all executions of a search. Asks no kernel.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet};

use onewinner_core::id::ProcessId;

/// Whose process or thread has a number, for a contender that asks about it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Owner {
    /// Its own.
    Own,
    /// The first process of another contender.
    First(ProcessId),
    /// Another task of another contender, which may be one of another execution.
    Later(ProcessId),
    /// No contender.
    Nobody,
}

/// What is known of process numbers.
#[derive(Clone, Debug, Default)]
pub(crate) struct ProcessNumbers {
    /// Those of first processes in this execution.
    first: BTreeSet<i32>,
    /// Whether the holder of a stale lock runs: it is gone before others can ask.
    stale: bool,
    /// Numbers of no contender, and who asked about them in any execution.
    asked: RefCell<BTreeMap<i32, BTreeSet<ProcessId>>>,
    /// Whose tasks have had a number in any execution.
    born: BTreeMap<i32, ProcessId>,
    /// Contenders that have a descriptor of the first process of another one.
    watchers: BTreeSet<ProcessId>,
    /// Why an execution is lost.
    why_lost: Option<String>,
}

impl ProcessNumbers {
    /// A new execution begins, or the holder of its stale lock.
    pub(crate) fn begin(&mut self) {
        self.first.clear();
        self.watchers.clear();
        self.stale = false;
    }

    /// What starts next is the holder of a stale lock.
    pub(crate) fn leaves_a_stale_lock(&mut self) {
        self.stale = true;
    }

    /// The first process of a contender has this number.
    pub(crate) fn starts(&mut self, number: i32) {
        self.first.insert(number);
    }

    /// A task of a contender has this number.
    pub(crate) fn born(&mut self, process: ProcessId, number: i32) {
        if self.stale {
            return;
        }
        self.born.insert(number, process);
        let asked = self.asked.borrow();
        let mut others = asked.get(&number).into_iter().flatten().filter(|by| **by != process);
        if let Some(by) = others.next() {
            self.why_lost = Some(format!(
                "{by} asks whether process {number} exists, which {process} has started since; this is not controlled"
            ));
        }
    }

    /// Why the execution is lost, once.
    pub(crate) fn take_loss(&mut self) -> Option<String> {
        self.why_lost.take()
    }

    /// Whose process or thread has this number, if in this execution it is one of `contender`. The question is kept.
    pub(crate) fn owner(&self, by: ProcessId, number: i32, contender: Option<ProcessId>) -> Owner {
        match contender.or_else(|| self.born.get(&number).copied()) {
            Some(own) if own == by => Owner::Own,
            Some(other) if self.first.contains(&number) => Owner::First(other),
            Some(other) => Owner::Later(other),
            None => {
                self.asked.borrow_mut().entry(number).or_default().insert(by);
                Owner::Nobody
            }
        }
    }

    /// A contender has a descriptor of the first process of another one.
    pub(crate) fn watches(&mut self, by: ProcessId) {
        self.watchers.insert(by);
    }

    /// Whether a contender has one.
    pub(crate) fn is_watcher(&self, process: ProcessId) -> bool {
        self.watchers.contains(&process)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const P0: ProcessId = ProcessId(0);
    const P1: ProcessId = ProcessId(1);

    #[test]
    fn of_another_contender_only_the_first_process_is_tracked() {
        let mut numbers = ProcessNumbers::default();
        numbers.born(P1, 7);
        assert_eq!(numbers.owner(P0, 7, Some(P1)), Owner::Later(P1));
        assert_eq!(numbers.owner(P1, 7, Some(P1)), Owner::Own);
        numbers.starts(7);
        assert_eq!(numbers.owner(P0, 7, Some(P1)), Owner::First(P1));
    }

    #[test]
    fn a_number_that_is_given_after_a_question_loses_the_execution_whichever_comes_first() {
        let mut numbers = ProcessNumbers::default();
        assert_eq!(numbers.owner(P0, 7, None), Owner::Nobody);
        numbers.born(P0, 7);
        assert_eq!(numbers.take_loss(), None);
        numbers.born(P1, 7);
        assert!(numbers.take_loss().is_some_and(|why| why.contains("P0 asks")));
        // In a later execution it is not there yet.
        let mut numbers = ProcessNumbers::default();
        numbers.born(P1, 7);
        numbers.begin();
        assert_eq!(numbers.owner(P0, 7, None), Owner::Later(P1));
    }

    #[test]
    fn the_holder_of_a_stale_lock_is_nobody_later() {
        let mut numbers = ProcessNumbers::default();
        for _ in 0..2 {
            numbers.leaves_a_stale_lock();
            numbers.born(P0, 7);
            assert_eq!(numbers.take_loss(), None);
            numbers.begin();
            assert_eq!(numbers.owner(P1, 7, None), Owner::Nobody);
        }
    }
}
