//! Classes of rounds: those that no property can tell apart.
//!
//! There are far more rounds than anybody can judge, and they differ in little. A history without calls is judged by who
//! won, lost and failed, whether two held at once, whether somebody was refused a lock that was free, and what the workload
//! wrote twice. Rounds that agree in this are counted as one class, of which one round is kept with all its events.
//! A property that looks at more sees only that one: then the class has to grow.

use super::log::{Code, Mark};

/// What came of a round, small enough to compare.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Class {
    /// Attempts that won.
    pub(super) winners: u16,
    /// Attempts that were told *busy*.
    pub(super) busy: u16,
    /// Attempts that failed.
    pub(super) failed: u16,
    /// Works that failed.
    pub(super) work_failed: u16,
    /// Releases that failed.
    pub(super) release_failed: u16,
    /// Panics.
    pub(super) panicked: u16,
    /// The most holders at one moment.
    pub(super) together: u16,
    /// Attempts that were told *busy* after a release, when nobody held or did anything.
    pub(super) refused: u16,
    /// Entries that were written more than once, and 1; 0 without the workload.
    pub(super) duplicates: u64,
}

/// How many words a class takes.
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
        let mut sweep = Sweep::new(processes);
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
            pack([self.release_failed, self.panicked, self.together, self.refused]),
            self.duplicates,
        ]
    }
}

/// A walk over the events of a round in the order of the counter.
struct Sweep {
    class: Class,
    /// Holders at this moment.
    holders: u16,
    /// For each process, whether it does something or holds; one whose operation failed never ends, since nobody knows
    /// what it left.
    busy: Vec<bool>,
    /// For each process, whether nobody else was about since it began its attempt.
    alone: Vec<bool>,
    /// Whether a release succeeded.
    released: bool,
}

impl Sweep {
    fn new(processes: usize) -> Self {
        Self {
            class: Class::default(),
            holders: 0,
            busy: vec![false; processes],
            alone: vec![false; processes],
            released: false,
        }
    }

    fn take(&mut self, process: usize, code: Code) {
        let class = &mut self.class;
        match code {
            Code::AcquireBegan => {
                self.alone.fill(false);
                self.alone[process] = self.released && !self.busy.contains(&true);
                self.busy[process] = true;
            }
            Code::Acquired => {
                class.winners += 1;
                self.holders += 1;
                class.together = class.together.max(self.holders);
            }
            Code::Busy => {
                class.busy += 1;
                class.refused += u16::from(self.alone[process]);
                self.busy[process] = false;
            }
            Code::ReleaseBegan => self.holders -= 1,
            Code::Released => {
                self.busy[process] = false;
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

    /// One letter is one event of the process whose letter it is, in its cycle: began, then as written.
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
    fn holders_at_one_moment_are_counted_and_winners_in_turn_are_not() {
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
        assert_eq!((turns.winners, turns.together), (2, 1));
        let together = class(&[(0, Began), (1, Began), (0, Acquired), (1, Acquired), (0, ReleaseBegan)]);
        assert_eq!((together.winners, together.together), (2, 2));
    }

    #[test]
    fn refused_is_who_was_told_busy_after_a_release_with_nobody_about() {
        let before = [(0, Began), (0, Acquired), (0, ReleaseBegan)];
        for (rest, refused) in [
            (vec![(0, Released), (1, Began), (1, Busy)], 1),
            (vec![(1, Began), (0, Released), (1, Busy)], 0),
            (vec![(0, ReleaseFailed), (1, Began), (1, Busy)], 0),
            (vec![(0, Released), (1, Began), (2, Began), (2, Busy), (1, Busy)], 0),
        ] {
            let events: Vec<_> = before.iter().copied().chain(rest).collect();
            assert_eq!(class(&events).refused, refused, "{events:?}");
        }
        assert_eq!(class(&[(0, Began), (0, Busy)]).refused, 0);
    }

    #[test]
    fn classes_that_differ_have_other_words() {
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
            Class { together: 1, ..base },
            Class { refused: 1, ..base },
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
