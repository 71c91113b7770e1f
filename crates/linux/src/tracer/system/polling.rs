//! Finds out whether a contender polls: whether it repeats the same calls, with the same results.
//!
//! Such a contender would go on for ever, and each further look shows nothing new. So it may poll a few times, and then waits
//! until another contender stores something that it has touched. If nothing else can happen at all, it goes on: it may give up
//! after some time, or after some polls. Once it was seen to poll very often without giving up, it is let go on for a few polls
//! only. A contender that makes different calls never waits. Knows no clock.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::hash::{DefaultHasher, Hash, Hasher};

use onewinner_core::access::{Access, Accesses, Object};
use onewinner_core::fs::call::{Call, Reply, Value};
use onewinner_core::id::ProcessId;
use serde::{Deserialize, Serialize};

/// How many polls in a row may bring nothing new before a process waits for another one.
pub(crate) const MOST_FRUITLESS_POLLS: u32 = 2;

/// How many such polls a process may make all the same, if the search is patient with it.
pub(crate) const MOST_PATIENT_POLLS: u32 = 30;

/// How many polls a process makes while nothing else can happen: who counts tries gives up after fewer.
pub(crate) const MOST_IDLE_POLLS: u32 = 1_000;

/// How many steps it takes for them: an execution has a limit too.
pub(crate) const MOST_IDLE_STEPS: u32 = 8_000;

/// How many such polls it makes if it was seen to go on for as long as that. It may give up after some time: the clock advances
/// four times as far with each of them.
const FEW_IDLE_POLLS: u32 = 8;

/// How many repetitions without a sleep count as one poll: a program may read twice what it needs once.
const REPETITIONS_OF_A_SPIN: usize = 16;

/// The longest sequence of calls that is found to repeat.
const LONGEST_POLL: usize = 64;

/// What a contender has done since another one last stored something that it had touched.
#[derive(Clone, Debug, Default)]
pub(crate) struct Polling {
    recent: Vec<Done>,
    touched: Accesses,
    fruitless: u32,
    /// Polls that it has made while nothing else could happen, in the whole execution.
    idle: u32,
    /// Steps that it has taken while nothing else could happen.
    idle_steps: u32,
    /// Its calls and their results in the whole execution, without repetitions.
    history: Vec<u64>,
    /// The digest of these at its last poll.
    last: Option<u64>,
}

/// A poll that a contender was seen to make until the limit was reached.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct EndlessPoll {
    process: ProcessId,
    /// All that the contender has done and found until then, without repetitions: what it found before may decide when it gives up.
    digest: u64,
}

/// The polls that a program was seen to make until the limit was reached, in any search. A contender that makes one of them is taken
/// to go on for ever.
#[derive(Debug, Default)]
pub(crate) struct EndlessPolls(RefCell<BTreeSet<EndlessPoll>>);

impl EndlessPolls {
    fn includes(&self, process: ProcessId, poll: Option<u64>) -> bool {
        poll.is_some_and(|digest| self.0.borrow().contains(&EndlessPoll { process, digest }))
    }

    /// Records the last poll of a contender, if it has reached the limit.
    pub(crate) fn note(&self, process: ProcessId, polling: &Polling) {
        if let Some(digest) = polling.last.filter(|_| polling.is_at_limit()) {
            self.0.borrow_mut().insert(EndlessPoll { process, digest });
        }
    }

    /// Records what another worker has seen.
    pub(crate) fn learn(&self, polls: &BTreeSet<EndlessPoll>) {
        self.0.borrow_mut().extend(polls);
    }

    /// All of them.
    pub(crate) fn all(&self) -> BTreeSet<EndlessPoll> {
        self.0.borrow().clone()
    }

    /// Whether there are any.
    pub(crate) fn is_empty(&self) -> bool {
        self.0.borrow().is_empty()
    }
}

/// A step, as far as a poll repeats it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Done {
    digest: u64,
    sleeps: bool,
}

/// Whether anything else could happen when a step was taken.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Instead {
    /// Another step was possible, or the contender may still poll.
    Another,
    /// Nothing.
    Nothing,
}

impl Polling {
    /// The contender has taken a step; `sleeps` if it was the end of a sleep. Returns whether this completes a fruitless poll.
    pub(crate) fn takes(
        &mut self,
        call: &Call,
        reply: &Reply,
        accesses: &Accesses,
        sleeps: bool,
        instead: Instead,
    ) -> bool {
        let others = |access: &&Access| !matches!(access.object, Object::Clock(_));
        for Access { object, .. } in accesses.iter().filter(others) {
            self.touched.load(object.clone());
        }
        let mut hasher = DefaultHasher::new();
        // One sleep may be a little longer than another.
        if sleeps {
            call.name().hash(&mut hasher);
        } else {
            call.hash(&mut hasher);
        }
        match reply {
            // Neither a new inode nor a new descriptor is news.
            Ok(Value::Stat(stat)) => stat.with_inode(0).hash(&mut hasher),
            Ok(Value::Fd(_)) => {}
            reply => reply.hash(&mut hasher),
        }
        let digest = hasher.finish();
        self.recent.push(Done { digest, sleeps });
        self.remember(digest);
        self.idle_steps += u32::from(instead == Instead::Nothing);
        let Some(length) = self.repeated() else {
            return false;
        };
        let kept = self.recent.len() - length;
        self.recent.drain(..kept);
        let mut hasher = DefaultHasher::new();
        self.history.hash(&mut hasher);
        self.last = Some(hasher.finish());
        self.fruitless += 1;
        self.idle += u32::from(instead == Instead::Nothing);
        true
    }

    /// Adds a step to the history. What it repeats immediately is in there once.
    fn remember(&mut self, digest: u64) {
        self.history.push(digest);
        let all = self.history.len();
        let repeats = |length: &usize| self.history[all - length..] == self.history[all - 2 * length..all - length];
        if let Some(length) = (1..=LONGEST_POLL.min(all / 2)).find(repeats) {
            self.history.truncate(all - length);
        }
    }

    /// The length of the poll that the last steps repeat, if they do.
    fn repeated(&mut self) -> Option<usize> {
        let most = LONGEST_POLL * REPETITIONS_OF_A_SPIN;
        let surplus = self.recent.len().saturating_sub(most);
        self.recent.drain(..surplus);
        let all = &self.recent;
        (1..=LONGEST_POLL.min(all.len() / 2)).find(|length| {
            let last = &all[all.len() - length..];
            let times = if last.iter().any(|done| done.sleeps) {
                2
            } else {
                REPETITIONS_OF_A_SPIN
            };
            all.len() >= times * length
                && all[all.len() - times * length..]
                    .chunks(*length)
                    .all(|chunk| chunk == last)
        })
    }

    /// Another contender has stored something.
    pub(crate) fn sees(&mut self, stored: &Accesses) {
        if self.touched.conflict(stored) {
            self.recent.clear();
            self.touched = Accesses::none();
            self.fruitless = 0;
        }
    }

    /// Whether it waits for another one to store something.
    pub(crate) fn waits(&self) -> bool {
        self.fruitless >= MOST_FRUITLESS_POLLS
    }

    /// Whether the search may let it go on although it waits.
    pub(crate) fn may_be_patient(&self) -> bool {
        self.waits() && self.fruitless < MOST_PATIENT_POLLS
    }

    /// Whether it goes on when nothing else can happen.
    pub(crate) fn may_go_on(&self, process: ProcessId, endless: &EndlessPolls) -> bool {
        let few = endless.includes(process, self.last) && self.idle >= FEW_IDLE_POLLS;
        !few && !self.is_at_limit()
    }

    fn is_at_limit(&self) -> bool {
        self.idle >= MOST_IDLE_POLLS || self.idle_steps >= MOST_IDLE_STEPS
    }

    /// How often the time has doubled that passes with a poll while nothing else can happen: once with each poll, and twice for one
    /// that was seen to go on for ever.
    pub(crate) fn doublings(&self, process: ProcessId, endless: &EndlessPolls) -> u32 {
        self.idle * if endless.includes(process, self.last) { 2 } else { 1 }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onewinner_core::access::InodeId;
    use onewinner_core::fs::{Errno, Mode};

    fn mkdir(name: &str) -> Call {
        Call::Mkdir {
            path: name.into(),
            mode: Mode(0o777),
        }
    }

    fn entry(store: bool) -> Accesses {
        let mut accesses = Accesses::none();
        let object = Object::Entry(InodeId::ROOT, "lock".into());
        if store {
            accesses.store(object);
        } else {
            accesses.load(object);
        }
        accesses
    }

    fn poll(polling: &mut Polling, name: &str) {
        poll_with(polling, name, Instead::Another);
    }

    fn poll_with(polling: &mut Polling, name: &str, instead: Instead) {
        polling.takes(&mkdir(name), &Err(Errno::EEXIST), &entry(false), false, instead);
        let sleep = Call::Foreign {
            name: "sleep".to_owned(),
            arguments: Vec::new(),
        };
        polling.takes(&sleep, &Ok(Value::Done), &Accesses::none(), true, instead);
    }

    #[test]
    fn a_process_that_polls_waits_until_another_stores_what_it_looks_at() {
        let mut polling = Polling::default();
        poll(&mut polling, "lock");
        poll(&mut polling, "lock");
        assert!(!polling.waits());
        poll(&mut polling, "lock");
        assert!(polling.waits());
        polling.sees(&Accesses::none());
        assert!(polling.waits());
        polling.sees(&entry(true));
        assert!(!polling.waits());
    }

    #[test]
    fn a_process_that_polls_alone_goes_on_for_long_and_only_for_a_few_polls_once_that_was_seen() {
        let endless = EndlessPolls::default();
        let polls = |process: u8, endless: &EndlessPolls| {
            let process = ProcessId(process);
            let mut polling = Polling::default();
            let mut polls = 0;
            while polling.may_go_on(process, endless) {
                poll_with(&mut polling, "lock", Instead::Nothing);
                endless.note(process, &polling);
                polls += 1;
            }
            polls
        };
        assert!(polls(0, &endless) >= MOST_IDLE_POLLS);
        assert!(!endless.is_empty() && polls(0, &endless) <= FEW_IDLE_POLLS + 2);
        // Another contender may have chosen fewer tries.
        assert!(polls(1, &endless) >= MOST_IDLE_POLLS);
        assert!(polls(0, &EndlessPolls::default()) >= MOST_IDLE_POLLS);
    }

    #[test]
    fn a_process_that_found_something_else_before_may_poll_less_often() {
        let (process, endless) = (ProcessId(0), EndlessPolls::default());
        let polls = |first: &str| {
            let mut polling = Polling::default();
            polling.takes(&mkdir(first), &Ok(Value::Done), &entry(true), false, Instead::Another);
            let mut polls = 0;
            while polling.may_go_on(process, &endless) {
                poll_with(&mut polling, "lock", Instead::Nothing);
                endless.note(process, &polling);
                polls += 1;
            }
            polls
        };
        assert!(polls("first-ticket") >= MOST_IDLE_POLLS);
        assert!(polls("second-ticket") >= MOST_IDLE_POLLS);
        assert!(polls("first-ticket") <= FEW_IDLE_POLLS + 2);
    }

    #[test]
    fn many_different_looks_are_no_poll() {
        let mut polling = Polling::default();
        for number in 0..500 {
            poll(&mut polling, &format!("lock{number}"));
        }
        assert!(!polling.waits());
    }

    #[test]
    fn a_loop_without_a_sleep_is_a_poll_only_after_many_repetitions() {
        let mut polling = Polling::default();
        let look = |polling: &mut Polling| {
            polling.takes(
                &mkdir("lock"),
                &Err(Errno::EEXIST),
                &entry(false),
                false,
                Instead::Another,
            )
        };
        let looks = (1..).find(|_| look(&mut polling));
        assert_eq!(looks, Some(REPETITIONS_OF_A_SPIN));
    }
}
