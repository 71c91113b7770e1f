//! Events of contenders, written as words to shared memory and read back as events of a history.
//!
//! Each contender writes its own part, which is read while all contenders wait. A text that does not fit is cut; texts of
//! errors are far shorter. Judges and counts nothing.

use std::path::PathBuf;
use std::sync::atomic::{AtomicU64, Ordering};

use onewinner_core::fs::Errno;
use onewinner_core::history::{Event, What};
use onewinner_core::id::ProcessId;
use onewinner_core::primitive::CallError;

/// The longest text of an event, in bytes.
const LONGEST_TEXT: usize = 256;
/// The stamp, the code with the number, the length of the text, and the text.
const WORDS_PER_EVENT: usize = 3 + LONGEST_TEXT / 8;
/// Separates the operation and the path of an error; neither can contain it.
const SEPARATOR: char = '\0';

/// The kind of an event.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Code {
    AcquireBegan,
    Acquired,
    Busy,
    Failed,
    Worked,
    WorkFailed,
    ReleaseBegan,
    Released,
    ReleaseFailed,
    Panicked,
}

impl Code {
    const ALL: [Self; 10] = [
        Self::AcquireBegan,
        Self::Acquired,
        Self::Busy,
        Self::Failed,
        Self::Worked,
        Self::WorkFailed,
        Self::ReleaseBegan,
        Self::Released,
        Self::ReleaseFailed,
        Self::Panicked,
    ];
}

/// An event without its text: its stamp from the shared counter, its kind, and its number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Mark {
    pub(super) stamp: u64,
    pub(super) code: Code,
    /// The error number, or how many entries were appended.
    pub(super) number: u32,
}

/// The number of words that a contender needs for this number of events.
pub(super) fn words_for(events: usize) -> usize {
    1 + events * WORDS_PER_EVENT
}

/// The events of one contender in one round.
#[derive(Clone, Copy)]
pub(super) struct Log<'a>(pub(super) &'a [AtomicU64]);

impl Log<'_> {
    pub(super) fn clear(self) {
        self.0[0].store(0, Ordering::Relaxed);
    }

    fn len(self) -> usize {
        usize::try_from(self.0[0].load(Ordering::Relaxed)).expect("a log is short")
    }

    fn slot(&self, position: usize) -> &[AtomicU64] {
        &self.0[1 + position * WORDS_PER_EVENT..][..WORDS_PER_EVENT]
    }

    /// Adds an event. There is room for all events of a round.
    pub(super) fn push(self, stamp: u64, what: &What) {
        let length = self.len();
        let (code, number, text) = encode(what);
        let slot = self.slot(length);
        slot[0].store(stamp, Ordering::Relaxed);
        slot[1].store((code as u64) << 32 | u64::from(number), Ordering::Relaxed);
        store_text(&slot[2..], &text);
        self.0[0].store(length as u64 + 1, Ordering::Relaxed);
    }

    /// The events without their texts, in the order in which they were added.
    pub(super) fn marks(&self) -> impl Iterator<Item = Mark> {
        (0..self.len()).map(|position| mark(self.slot(position)))
    }

    /// The events with their stamps.
    pub(super) fn events(&self, process: ProcessId) -> impl Iterator<Item = (u64, Event)> {
        (0..self.len()).map(move |position| {
            let slot = self.slot(position);
            let mark = mark(slot);
            let what = decode(mark, &load_text(&slot[2..]));
            (mark.stamp, Event { process, what })
        })
    }
}

fn mark(slot: &[AtomicU64]) -> Mark {
    let word = slot[1].load(Ordering::Relaxed);
    Mark {
        stamp: slot[0].load(Ordering::Relaxed),
        code: Code::ALL[(word >> 32) as usize],
        number: (word & u64::from(u32::MAX)) as u32,
    }
}

fn encode(what: &What) -> (Code, u32, String) {
    let error = |code, error: &CallError| {
        let text = format!("{}{SEPARATOR}{}", error.operation, error.path.display());
        (code, error.errno.raw().unsigned_abs(), text)
    };
    match what {
        What::AcquireBegan => (Code::AcquireBegan, 0, String::new()),
        What::Acquired => (Code::Acquired, 0, String::new()),
        What::Busy => (Code::Busy, 0, String::new()),
        What::Failed { error: cause } => error(Code::Failed, cause),
        What::Worked { appended } => (
            Code::Worked,
            u32::try_from(*appended).unwrap_or(u32::MAX),
            String::new(),
        ),
        What::WorkFailed { error } => (Code::WorkFailed, 0, error.clone()),
        What::ReleaseBegan => (Code::ReleaseBegan, 0, String::new()),
        What::Released => (Code::Released, 0, String::new()),
        What::ReleaseFailed { error: cause } => error(Code::ReleaseFailed, cause),
        What::Panicked { message } => (Code::Panicked, 0, message.clone()),
        What::Performed { .. } | What::Injected { .. } | What::Reentered { .. } => {
            unreachable!("a race neither sees nor injects calls, and its holders attempt once")
        }
    }
}

fn decode(mark: Mark, text: &str) -> What {
    let error = || {
        let (operation, path) = text.split_once(SEPARATOR).unwrap_or((text, ""));
        CallError {
            operation: operation.to_owned(),
            path: PathBuf::from(path),
            errno: errno(mark),
        }
    };
    match mark.code {
        Code::AcquireBegan => What::AcquireBegan,
        Code::Acquired => What::Acquired,
        Code::Busy => What::Busy,
        Code::Failed => What::Failed { error: error() },
        Code::Worked => What::Worked {
            appended: mark.number.into(),
        },
        Code::WorkFailed => What::WorkFailed { error: text.to_owned() },
        Code::ReleaseBegan => What::ReleaseBegan,
        Code::Released => What::Released,
        Code::ReleaseFailed => What::ReleaseFailed { error: error() },
        Code::Panicked => What::Panicked {
            message: text.to_owned(),
        },
    }
}

/// The error number of a mark.
fn errno(mark: Mark) -> Errno {
    Errno::from_raw(i32::try_from(mark.number).expect("it was an i32"))
}

/// Writes the length and the bytes of a text, cut to the room there is.
pub(super) fn store_text(words: &[AtomicU64], text: &str) {
    let room = (words.len() - 1) * 8;
    let end = (0..=room.min(text.len())).rfind(|&end| text.is_char_boundary(end));
    let bytes = &text.as_bytes()[..end.unwrap_or(0)];
    words[0].store(bytes.len() as u64, Ordering::Relaxed);
    for (word, chunk) in words[1..].iter().zip(bytes.chunks(8)) {
        let mut eight = [0; 8];
        eight[..chunk.len()].copy_from_slice(chunk);
        word.store(u64::from_le_bytes(eight), Ordering::Relaxed);
    }
}

/// Reads the text that [`store_text`] wrote.
pub(super) fn load_text(words: &[AtomicU64]) -> String {
    let length = usize::try_from(words[0].load(Ordering::Relaxed)).expect("it was a usize");
    let mut bytes: Vec<u8> = words[1..]
        .iter()
        .take(length.div_ceil(8))
        .flat_map(|word| word.load(Ordering::Relaxed).to_le_bytes())
        .collect();
    bytes.truncate(length);
    String::from_utf8_lossy(&bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn events_are_read_back_as_they_were_written() {
        let error = || CallError {
            operation: "create".to_owned(),
            path: PathBuf::from("/some/where/lock-17"),
            errno: Errno::EROFS,
        };
        let written = [
            What::AcquireBegan,
            What::Acquired,
            What::Busy,
            What::Failed { error: error() },
            What::Worked { appended: 3 },
            What::WorkFailed {
                error: "failed to parse".to_owned(),
            },
            What::ReleaseBegan,
            What::Released,
            What::ReleaseFailed { error: error() },
            What::Panicked {
                message: "oh".to_owned(),
            },
        ];
        let words: Vec<AtomicU64> = (0..words_for(written.len())).map(|_| AtomicU64::new(7)).collect();
        let log = Log(&words);
        log.clear();
        for (stamp, what) in (10..).zip(&written) {
            log.push(stamp, what);
        }
        let expected: Vec<_> = (10..)
            .zip(written)
            .map(|(stamp, what)| {
                let process = ProcessId(3);
                (stamp, Event { process, what })
            })
            .collect();
        assert_eq!(log.events(ProcessId(3)).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn a_text_that_does_not_fit_is_cut_at_a_character() {
        let words: Vec<AtomicU64> = (0..3).map(|_| AtomicU64::new(0)).collect();
        store_text(&words, "fifteen bytes, ü and more");
        assert_eq!(load_text(&words), "fifteen bytes, ");
    }
}
