//! The counts of a race in shared memory: classes of rounds, and errors by number.
//!
//! One contender writes them between rounds, while all others wait; the coordinator reads them when no worker is left. They
//! survive a worker that dies, and their size does not depend on the number of rounds. Judges nothing.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use super::class::{Class, WORDS as CLASS_WORDS};
use super::log::{Code, Log, Mark, words_for};
use crate::sys::Shared;
use crate::sys::memory::ShareError;
use onewinner_core::fs::Errno;
use onewinner_core::history::{History, Snapshot};
use onewinner_core::id::ProcessId;

/// The most events of one attempt: began, won, worked, release began, released.
const EVENTS_PER_ATTEMPT: usize = 5;
/// The most classes.
const MOST_CLASSES: usize = 1024;
/// The most memory for classes, in words of 8 bytes; untouched pages cost nothing.
const MOST_WORDS: usize = 32 << 20;
/// Error numbers are smaller (`MAX_ERRNO` in the kernel's `include/linux/err.h`).
const ERRNOS: usize = 4096;
/// Words of a class before its events: the number of rounds, which round is kept, and the outcome that is compared.
const HEAD: usize = 2 + CLASS_WORDS;

/// The counts and the events of the current round.
pub(super) struct SharedCounters {
    processes: usize,
    words_per_log: usize,
    /// The events of the current round.
    logs: Shared<AtomicU64>,
    classes: Shared<AtomicU64>,
    most_classes: usize,
    /// The number of classes, and of rounds that belong to none because there were too many classes.
    used: Shared<AtomicU64>,
    /// Failed attempts, then failed releases, by error number.
    errors: Shared<AtomicU64>,
}

/// One class of rounds, read at the end of the race.
pub(super) struct Counted {
    pub(super) rounds: u64,
    pub(super) history: History,
}

impl SharedCounters {
    /// Room for `processes` contenders that make `attempts` attempts each in a round.
    pub(super) fn new(processes: usize, attempts: usize) -> Result<Self, ShareError> {
        // A panic ends the round of its contender.
        let words_per_log = words_for(EVENTS_PER_ATTEMPT * attempts + 1);
        let words_per_class = HEAD + processes * words_per_log;
        let most_classes = (MOST_WORDS / words_per_class).clamp(1, MOST_CLASSES);
        Ok(Self {
            processes,
            words_per_log,
            logs: Shared::zeroed(processes * words_per_log)?,
            classes: Shared::zeroed(most_classes * words_per_class)?,
            most_classes,
            used: Shared::zeroed(2)?,
            errors: Shared::zeroed(2 * ERRNOS)?,
        })
    }

    /// Where a contender writes its events.
    pub(super) fn log(&self, process: ProcessId) -> Log<'_> {
        Log(&self.logs[process.index() * self.words_per_log..][..self.words_per_log])
    }

    /// Removes the events of the last round.
    pub(super) fn clear(&self) {
        ProcessId::first(self.processes).for_each(|process| self.log(process).clear());
    }

    /// Counts the round that just ended.
    pub(super) fn count_round(&self, round: u64, duplicates: Option<u64>) {
        let processes = ProcessId::first(self.processes);
        for process in processes.clone() {
            self.log(process).marks().for_each(|mark| self.count_error(mark));
        }
        let logs: Vec<Log<'_>> = processes.map(|process| self.log(process)).collect();
        let class = Class::of(logs.iter().map(Log::marks), duplicates);
        let used = self.used[0].load(Ordering::Relaxed);
        let position = (0..used).find(|&position| self.is(position, class)).unwrap_or(used);
        if position == self.most_classes as u64 {
            self.used[1].fetch_add(1, Ordering::Relaxed);
            return;
        }
        if position == used {
            self.keep(position, class, round);
        }
        self.class(position)[0].fetch_add(1, Ordering::Relaxed);
    }

    fn count_error(&self, mark: Mark) {
        let table = match mark.code {
            Code::Failed => 0,
            Code::ReleaseFailed => ERRNOS,
            _ => return,
        };
        let number = (mark.number as usize).min(ERRNOS - 1);
        self.errors[table + number].fetch_add(1, Ordering::Relaxed);
    }

    fn class(&self, position: u64) -> &[AtomicU64] {
        let words = HEAD + self.logs_words();
        let position = usize::try_from(position).expect("there are few classes");
        &self.classes[position * words..][..words]
    }

    fn logs_words(&self) -> usize {
        self.processes * self.words_per_log
    }

    fn is(&self, position: u64, class: Class) -> bool {
        let kept = &self.class(position)[2..HEAD];
        class
            .words()
            .iter()
            .zip(kept)
            .all(|(word, kept)| *word == kept.load(Ordering::Relaxed))
    }

    fn keep(&self, position: u64, class: Class, round: u64) {
        let words = self.class(position);
        words[1].store(round, Ordering::Relaxed);
        for (kept, word) in words[2..HEAD].iter().zip(class.words()) {
            kept.store(word, Ordering::Relaxed);
        }
        for (kept, word) in words[HEAD..].iter().zip(self.logs.iter()) {
            kept.store(word.load(Ordering::Relaxed), Ordering::Relaxed);
        }
        // Last: a process that dies before leaves a class that is not read.
        self.used[0].store(position + 1, Ordering::Release);
    }

    /// Rounds that belong to no class because there were too many classes.
    pub(super) fn unclassified(&self) -> u64 {
        self.used[1].load(Ordering::Relaxed)
    }

    /// The classes in the order in which they first occurred. `lock` returns the lock of a round.
    pub(super) fn classes(&self, lock: impl Fn(u64) -> PathBuf) -> Vec<Counted> {
        (0..self.used[0].load(Ordering::Acquire))
            .map(|position| {
                let words = self.class(position);
                let (rounds, round) = (words[0].load(Ordering::Relaxed), words[1].load(Ordering::Relaxed));
                let duplicates = words[HEAD - 1].load(Ordering::Relaxed).checked_sub(1);
                Counted {
                    rounds,
                    history: self.history(&words[HEAD..], lock(round), duplicates),
                }
            })
            .filter(|counted| counted.rounds > 0)
            .collect()
    }

    fn history(&self, logs: &[AtomicU64], lock: PathBuf, duplicates: Option<u64>) -> History {
        let mut events: Vec<_> = logs
            .chunks(self.words_per_log)
            .zip(ProcessId::first(self.processes))
            .flat_map(|(words, process)| Log(words).events(process).collect::<Vec<_>>())
            .collect();
        events.sort_by_key(|&(stamp, _)| stamp);
        let mut history = History::new(self.processes, lock);
        history.events = events.into_iter().map(|(_, event)| event).collect();
        history.snapshots.extend(duplicates.map(|count| Snapshot {
            position: history.events.len(),
            files: Vec::new(),
            descriptors: Vec::new(),
            duplicates: Some(count),
        }));
        history
    }

    /// How often attempts failed, by error.
    pub(super) fn attempt_errors(&self) -> BTreeMap<Errno, u64> {
        by_errno(&self.errors[..ERRNOS])
    }

    /// How often releases failed, by error.
    pub(super) fn release_errors(&self) -> BTreeMap<Errno, u64> {
        by_errno(&self.errors[ERRNOS..])
    }
}

fn by_errno(counts: &[AtomicU64]) -> BTreeMap<Errno, u64> {
    (0..)
        .zip(counts)
        .map(|(number, count)| (Errno::from_raw(number), count.load(Ordering::Relaxed)))
        .filter(|(_, count)| *count > 0)
        .collect()
}
