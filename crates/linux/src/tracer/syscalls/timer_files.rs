//! The timers that programs reach through a descriptor: timerfd_create(2).
//!
//! Such a timer belongs to an open file description: a copy of the descriptor, also one in another process, is the same timer. Knows
//! no clock, and does not know which timers are armed.

use std::io;

use crate::sys::timer_file::TimerFile;

/// The timers behind the descriptors of all contenders.
#[derive(Default)]
pub(super) struct TimerFiles {
    known: Vec<TimerFile>,
    /// Whether the kernel lets the tracer make them expire.
    controlled: Option<bool>,
}

impl TimerFiles {
    /// A new execution begins.
    pub(super) fn begin(&mut self) {
        self.known.clear();
    }

    /// Whether the tracer can make them expire.
    pub(super) fn are_controlled(&mut self) -> bool {
        *self.controlled.get_or_insert_with(TimerFile::can_be_controlled)
    }

    /// The number of the timer behind a descriptor of a process; `None` if there is none.
    ///
    /// # Errors
    ///
    /// When it cannot be examined.
    pub(super) fn number(&mut self, group: i32, fd: i32) -> io::Result<Option<i32>> {
        let known = self.known.iter().position(|timer| timer.is(group, fd));
        let place = match known {
            Some(place) => place,
            None => match TimerFile::of(group, fd)? {
                Some(timer) => {
                    self.known.push(timer);
                    self.known.len() - 1
                }
                None => return Ok(None),
            },
        };
        i32::try_from(place).map(Some).map_err(io::Error::other)
    }

    /// The timer with this number.
    pub(super) fn get(&self, number: i32) -> Option<&TimerFile> {
        self.known.get(usize::try_from(number).ok()?)
    }
}
