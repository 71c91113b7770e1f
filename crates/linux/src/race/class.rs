//! Classes of rounds that no property can tell apart.
//!
//! There are too many rounds to judge each. Without calls, a history is judged by who won, lost and failed, whether two held
//! the lock at the same time, whether a free lock was refused, and what the workload wrote twice. Rounds that agree in all
//! this are one class. One round of each class is kept with all its events. A property that depends on anything else needs
//! a new field here.

use super::log::{Code, Mark};

/// The outcome of a round, small enough to compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Class {
    /// Attempts that won.
    pub(super) winners: u16,
    /// Attempts that returned *busy*.
    pub(super) busy: u16,
    /// Attempts that failed.
    pub(super) failed: u16,
    /// Works that failed.
    pub(super) work_failed: u16,
    /// Releases that failed.
    pub(super) release_failed: u16,
    /// Panics.
    pub(super) panicked: u16,
    /// The most holders at the same time.
    pub(super) most_holders: u16,
    /// Attempts that returned *busy* after a release, while no other process held the lock or did anything.
    pub(super) refused_while_free: u16,
    /// Entries written more than once, plus 1; 0 without the workload.
    pub(super) duplicates: u64,
}

/// The size of a class in words.
pub(super) const WORDS: usize = 3;

impl Class {
    /// The class of a round, from the marks of each contender.
    pub(super) fn of<M: Iterator<Item = Mark>>(logs: impl Iterator<Item = M>, duplicates: Option<u64>) -> Self {
        let mut marks: Vec<(u64, usize, Code)> = Vec::new();
        let mut processes = 0;
        for log in logs {
            marks.extend(log.map(|mark| (mark.stamp, processes, mark.code)));
            processes += 1;
        }
        marks.sort_unstable_by_key(|&(stamp, ..)| stamp);
        let mut sweep = EventSweep::new(processes);
        for (_, process, code) in marks {
            sweep.take(process, code);
        }
        sweep.class.duplicates = duplicates.map_or(0, |count| count + 1);
        sweep.class
    }

    pub(super) fn words(self) -> [u64; WORDS] {
        let pack = |four: [u16; 4]| four.into_iter().fold(0, |word, part| word << 16 | u64::from(part));
        [
            pack([self.winners, self.busy, self.failed, self.work_failed]),
            pack([
                self.release_failed,
                self.panicked,
                self.most_holders,
                self.refused_while_free,
            ]),
            self.duplicates,
        ]
    }
}

/// A walk over the events of a round in the order of the counter.
struct EventSweep {
    class: Class,
    /// Holders at this moment.
    holders: u16,
    /// For each process, whether it holds the lock or does something. A process whose operation failed stays active, since
    /// what it left behind is unknown.
    active: Vec<bool>,
    /// For each process, whether no other one was active since it began its attempt.
    alone: Vec<bool>,
    /// Whether a release succeeded.
    released: bool,
}

impl EventSweep {
    fn new(processes: usize) -> Self {
        Self {
            class: Class::default(),
            holders: 0,
            active: vec![false; processes],
            alone: vec![false; processes],
            released: false,
        }
    }

    fn take(&mut self, process: usize, code: Code) {
        let class = &mut self.class;
        match code {
            Code::AcquireBegan => {
                self.alone.fill(false);
                self.alone[process] = self.released && !self.active.contains(&true);
                self.active[process] = true;
            }
            Code::Acquired => {
                class.winners += 1;
                self.holders += 1;
                class.most_holders = class.most_holders.max(self.holders);
            }
            Code::Busy => {
                class.busy += 1;
                class.refused_while_free += u16::from(self.alone[process]);
                self.active[process] = false;
            }
            Code::ReleaseBegan => self.holders -= 1,
            Code::Released => {
                self.active[process] = false;
                self.released = true;
            }
            Code::Failed => class.failed += 1,
            Code::WorkFailed => class.work_failed += 1,
            Code::ReleaseFailed => class.release_failed += 1,
            Code::Panicked => class.panicked += 1,
            Code::Worked => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The class of a round with these events, each with its process.
    fn class(events: &[(usize, Code)]) -> Class {
        let processes = events.iter().map(|&(process, _)| process + 1).max().unwrap_or(0);
        let log = |process| {
            let own = (0..).zip(events).filter(move |(_, event)| event.0 == process);
            own.map(|(stamp, &(_, code))| Mark { stamp, code, number: 0 })
        };
        Class::of((0..processes).map(log), None)
    }

    use Code::{AcquireBegan as Began, Acquired, Busy, ReleaseBegan, ReleaseFailed, Released};

    #[test]
    fn holders_at_the_same_time_are_counted_and_winners_in_turn_are_not() {
        let turns = class(&[
            (0, Began),
            (1, Began),
            (0, Acquired),
            (0, ReleaseBegan),
            (1, Acquired),
            (0, Released),
            (1, ReleaseBegan),
            (1, Released),
        ]);
        assert_eq!((turns.winners, turns.most_holders), (2, 1));
        let most_holders = class(&[(0, Began), (1, Began), (0, Acquired), (1, Acquired), (0, ReleaseBegan)]);
        assert_eq!((most_holders.winners, most_holders.most_holders), (2, 2));
    }

    #[test]
    fn a_busy_answer_after_a_release_counts_as_refused_only_if_no_other_process_is_active() {
        let before = [(0, Began), (0, Acquired), (0, ReleaseBegan)];
        for (rest, refused_while_free) in [
            (vec![(0, Released), (1, Began), (1, Busy)], 1),
            (vec![(1, Began), (0, Released), (1, Busy)], 0),
            (vec![(0, ReleaseFailed), (1, Began), (1, Busy)], 0),
            (vec![(0, Released), (1, Began), (2, Began), (2, Busy), (1, Busy)], 0),
        ] {
            let events: Vec<_> = before.iter().copied().chain(rest).collect();
            assert_eq!(class(&events).refused_while_free, refused_while_free, "{events:?}");
        }
        assert_eq!(class(&[(0, Began), (0, Busy)]).refused_while_free, 0);
    }

    #[test]
    fn different_classes_have_different_words() {
        let base = Class::default();
        let others = [
            Class { winners: 1, ..base },
            Class { busy: 1, ..base },
            Class { failed: 1, ..base },
            Class { work_failed: 1, ..base },
            Class {
                release_failed: 1,
                ..base
            },
            Class { panicked: 1, ..base },
            Class {
                most_holders: 1,
                ..base
            },
            Class {
                refused_while_free: 1,
                ..base
            },
            Class { duplicates: 1, ..base },
        ];
        for (position, other) in others.iter().enumerate() {
            assert_ne!(other.words(), base.words());
            assert!(
                others[..position]
                    .iter()
                    .all(|earlier| earlier.words() != other.words())
            );
        }
    }
}
