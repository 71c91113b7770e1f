//! What programs print about their lock, as events.
//!
//! A *driver* prints `acquired`, `busy` or `error TEXT`, and after a line `release` on its input `released`. It may print
//! `ready` first; then it serves lines `acquire PATH` and `release`. A *wrapped* command runs `{hold}` while it holds the
//! lock: that prints `acquired`, and ends after a line `release`. The command has released when it has ended itself, and one
//! that ends without having run `{hold}` has lost. A *test* begins with an attempt and then serves; each of its messages is a
//! line that begins with [`TEST_PREFIX`], because libtest prints other lines.
//! Reads no pipe and starts nothing. The caller reads only while the contender is quiet, so each answer belongs to the step
//! before it.

use std::path::{Path, PathBuf};

use onewinner_core::history::What;
use onewinner_core::primitive::CallError;
use onewinner_core::scenario::ProgramKind;

/// The longest line that a program may print, in bytes.
pub const LONGEST_LINE: usize = 4096;

/// The prefix of a line that a test prints for its tracer; all other lines of a test are ignored.
pub const TEST_PREFIX: &str = "onewinner ";

/// Where the conversation with one program stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Stage {
    /// It was started, and may be a server.
    Started,
    /// It is a server without a request.
    Idle,
    /// It attempts to acquire.
    Acquiring,
    /// It has the lock.
    Holding,
    /// It was asked to release.
    Releasing,
    /// It is finished.
    Over,
}

/// What the harness may do next.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Owes {
    /// The program owes an answer.
    Answer,
    /// The program waits for the line `acquire PATH`.
    Acquire,
    /// The program holds the lock, and waits for the line `release`.
    Release,
    /// Nothing more: it ends.
    End,
}

/// The conversation with one program: its output as events.
#[derive(Clone, Debug)]
pub struct Conversation {
    kind: ProgramKind,
    lock: PathBuf,
    stage: Stage,
    serves: bool,
    /// The beginning of a line whose end was not seen yet.
    pending: Vec<u8>,
}

/// Why the conversation has no result.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum ProtocolError {
    /// The program has ended although it owes an answer.
    #[error("broke the driver protocol: its output ended where {expected} was expected")]
    Ended {
        /// What the protocol allows here.
        expected: &'static str,
    },
    /// A line that the driver protocol does not allow.
    #[error("broke the driver protocol: it printed {line:?} where {expected} was expected")]
    Unexpected {
        /// What it printed.
        line: String,
        /// What the protocol allows here.
        expected: &'static str,
    },
    /// A test did something that its tracer cannot follow.
    #[error("cannot be followed: {reason}")]
    Unsupported {
        /// What it did, and what to do instead.
        reason: String,
    },
}

/// How a program ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// With the exit code 0, or because another process killed it.
    Plain,
    /// By an error of its own: another exit code, or a signal. The text describes it.
    Error(String),
}

impl Conversation {
    /// A conversation with a program that was started for this lock. Its attempt begins with its first controlled call, unless it
    /// prints `ready`.
    pub fn new(kind: ProgramKind, lock: &Path) -> Self {
        Self {
            kind,
            lock: lock.to_owned(),
            stage: Stage::Started,
            serves: kind == ProgramKind::Test,
            pending: Vec::new(),
        }
    }

    /// What has to come next.
    pub fn owes(&self) -> Owes {
        match self.stage {
            Stage::Started | Stage::Acquiring | Stage::Releasing => Owes::Answer,
            Stage::Idle => Owes::Acquire,
            Stage::Holding => Owes::Release,
            Stage::Over => Owes::End,
        }
    }

    /// Whether no message was exchanged so far.
    pub fn is_silent(&self) -> bool {
        // Lines that libtest prints are no messages.
        self.stage == Stage::Started && (self.pending.is_empty() || self.kind == ProgramKind::Test)
    }

    /// Whether the program is a server, which is not started for each attempt.
    pub fn serves(&self) -> bool {
        self.serves
    }

    /// The line that asks for the lock; the attempt begins.
    ///
    /// # Panics
    ///
    /// When the program does not wait for it.
    pub fn acquire(&mut self, tell: &mut dyn FnMut(What)) -> String {
        assert_eq!(self.stage, Stage::Idle, "only a program that serves is asked");
        self.stage = Stage::Acquiring;
        tell(What::AcquireBegan);
        format!("acquire {}\n", self.lock.display())
    }

    /// The program is about to make a controlled call: its attempt begins, if it has not begun and is not waiting for a request.
    pub fn acts(&mut self, tell: &mut dyn FnMut(What)) {
        if self.stage == Stage::Started {
            self.stage = Stage::Acquiring;
            tell(What::AcquireBegan);
        }
    }

    /// The line that asks the holder to release; the release begins.
    ///
    /// # Panics
    ///
    /// When the program does not hold the lock.
    pub fn release(&mut self, tell: &mut dyn FnMut(What)) -> &'static str {
        assert_eq!(self.stage, Stage::Holding, "only a holder releases");
        self.stage = Stage::Releasing;
        tell(What::ReleaseBegan);
        "release\n"
    }

    /// Takes output of the program, in pieces of any length.
    ///
    /// # Errors
    ///
    /// When a line is not allowed here: the execution has no result.
    pub fn hear(&mut self, output: &[u8], tell: &mut dyn FnMut(What)) -> Result<(), ProtocolError> {
        self.pending.extend_from_slice(output);
        while let Some(end) = self.pending.iter().position(|byte| *byte == b'\n') {
            let line: Vec<u8> = self.pending.drain(..=end).collect();
            let line = String::from_utf8_lossy(&line);
            match (self.kind, line.trim().strip_prefix(TEST_PREFIX)) {
                (ProgramKind::Test, None) => {}
                (ProgramKind::Test, Some(said)) => self.line(said, tell)?,
                (ProgramKind::Driver | ProgramKind::Wrap, _) => self.line(line.trim(), tell)?,
            }
        }
        if self.pending.len() > LONGEST_LINE {
            if self.kind == ProgramKind::Test && !self.pending.starts_with(TEST_PREFIX.as_bytes()) {
                // Its beginning shows that the whole line is ignored.
                self.pending.truncate(TEST_PREFIX.len());
                return Ok(());
            }
            return Err(self.protocol_error(&String::from_utf8_lossy(&self.pending[..64])));
        }
        Ok(())
    }

    /// The program has ended. A holder that ends by an error has failed to release: its hold is over.
    ///
    /// # Errors
    ///
    /// When it owes an answer: a driver that dies has not lost the lock to another.
    pub fn ended(&mut self, how: &Ending, tell: &mut dyn FnMut(What)) -> Result<(), ProtocolError> {
        match (self.stage, self.kind, how) {
            (Stage::Holding | Stage::Releasing, ProgramKind::Driver | ProgramKind::Test, Ending::Error(words)) => {
                let error = CallError::in_words("release", &self.lock, words);
                tell(What::ReleaseFailed { error });
            }
            (Stage::Started | Stage::Acquiring, ProgramKind::Wrap, _) => {
                self.acts(tell);
                tell(What::Busy);
            }
            // The command releases the lock after `{hold}` has ended.
            (Stage::Releasing, ProgramKind::Wrap, _) => tell(What::Released),
            (Stage::Idle | Stage::Over, ..) => {}
            (Stage::Started | Stage::Acquiring | Stage::Holding | Stage::Releasing, ..) => {
                return Err(ProtocolError::Ended {
                    expected: self.expected(),
                });
            }
        }
        self.stage = Stage::Over;
        Ok(())
    }

    fn line(&mut self, line: &str, tell: &mut dyn FnMut(What)) -> Result<(), ProtocolError> {
        let served = if self.serves { Stage::Idle } else { Stage::Over };
        self.stage = match (self.stage, line) {
            (Stage::Started, "ready") if self.kind == ProgramKind::Driver => {
                self.serves = true;
                Stage::Idle
            }
            (Stage::Started | Stage::Acquiring | Stage::Releasing, line)
                if self.kind == ProgramKind::Test && line.starts_with("panicked ") =>
            {
                self.acts(tell);
                let message = line["panicked ".len()..].to_owned();
                tell(What::Panicked { message });
                Stage::Over
            }
            (_, line) if self.kind == ProgramKind::Test && line.starts_with("unsupported ") => {
                let reason = line["unsupported ".len()..].to_owned();
                return Err(ProtocolError::Unsupported { reason });
            }
            (Stage::Started | Stage::Acquiring, line) => {
                let (stage, what) = match line {
                    "acquired" => (Stage::Holding, What::Acquired),
                    "busy" => (served, What::Busy),
                    line => match line.strip_prefix("error ") {
                        Some(error) => (
                            served,
                            What::Failed {
                                error: CallError::in_words("acquire", &self.lock, error),
                            },
                        ),
                        None => return Err(self.protocol_error(line)),
                    },
                };
                self.acts(tell);
                tell(what);
                stage
            }
            (Stage::Releasing, "released") if self.kind != ProgramKind::Wrap => {
                tell(What::Released);
                served
            }
            (Stage::Releasing, line) if line.starts_with("error ") => {
                let error = CallError::in_words("release", &self.lock, &line["error ".len()..]);
                tell(What::ReleaseFailed { error });
                served
            }
            (_, line) => return Err(self.protocol_error(line)),
        };
        Ok(())
    }

    fn protocol_error(&self, line: &str) -> ProtocolError {
        ProtocolError::Unexpected {
            line: line.to_owned(),
            expected: self.expected(),
        }
    }

    /// What the protocol allows here.
    fn expected(&self) -> &'static str {
        match self.stage {
            Stage::Started | Stage::Acquiring => "`acquired`, `busy` or `error TEXT`",
            Stage::Releasing => "`released` or `error TEXT`",
            Stage::Idle | Stage::Holding | Stage::Over => "silence",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onewinner_core::fs::Errno;

    #[test]
    fn a_test_is_heard_among_what_its_harness_prints_and_serves_after_its_first_attempt() {
        let mut talk = Conversation::new(ProgramKind::Test, Path::new("/lock"));
        let hear = |talk: &mut Conversation, text: &str| {
            let heard = talk.hear(text.as_bytes(), &mut |_| {});
            heard.map(|()| (talk.is_silent(), talk.owes()))
        };
        let long = "x".repeat(LONGEST_LINE);
        for (text, silent, owes) in [
            ("\nrunning 1 test\ntest own::one ... ", true, Owes::Answer),
            ("\nbusy\n", true, Owes::Answer),
            (&long, true, Owes::Answer),
            (&long, true, Owes::Answer),
            ("\nonewinner acquired\n", false, Owes::Release),
        ] {
            assert_eq!(hear(&mut talk, text), Ok((silent, owes)), "{text}");
        }
        let mut events = Vec::new();
        talk.release(&mut |_| {});
        assert_eq!(
            hear(&mut talk, "noise\nonewinner released\n"),
            Ok((false, Owes::Acquire))
        );
        talk.acquire(&mut |_| {});
        talk.hear(b"onewinner panicked over it\n", &mut |what| events.push(what))
            .unwrap();
        assert_eq!(talk.owes(), Owes::End);
        assert!(
            matches!(&events[..], [What::Panicked { message }] if message == "over it"),
            "{events:?}"
        );
        assert!(hear(&mut talk, "onewinner acquired\n").is_err());
    }

    /// Reads a whole output and its end, sends each request that is due, and returns the events.
    fn converse(kind: ProgramKind, output: &[&str]) -> Result<Vec<What>, ProtocolError> {
        let mut talk = Conversation::new(kind, Path::new("/lock"));
        let mut events = Vec::new();
        let mut tell = |what| events.push(what);
        for piece in output {
            talk.hear(piece.as_bytes(), &mut tell)?;
            match talk.owes() {
                Owes::Acquire => assert_eq!(talk.acquire(&mut tell), "acquire /lock\n"),
                Owes::Release => assert_eq!(talk.release(&mut tell), "release\n"),
                Owes::Answer | Owes::End => {}
            }
        }
        talk.ended(&Ending::Plain, &mut tell)?;
        assert_eq!(talk.owes(), Owes::End);
        Ok(events)
    }

    #[test]
    fn a_driver_acquires_and_releases_and_its_lines_may_come_in_pieces() {
        use What::{AcquireBegan, Acquired, Busy, ReleaseBegan, Released};
        let driver = |output| converse(ProgramKind::Driver, output).unwrap();
        assert_eq!(driver(&["busy\n"]), [AcquireBegan, Busy]);
        let whole = [AcquireBegan, Acquired, ReleaseBegan, Released];
        assert_eq!(driver(&["acqui", "red\r\n", "released\n"]), whole);
    }

    #[test]
    fn a_command_that_ends_without_holding_has_lost_and_a_driver_that_does_has_failed() {
        assert_eq!(
            converse(ProgramKind::Wrap, &[]).unwrap(),
            [What::AcquireBegan, What::Busy]
        );
        for output in [&[][..], &["ready\n"], &["acquired\n"]] {
            assert!(converse(ProgramKind::Driver, output).is_err(), "{output:?}");
        }
    }

    #[test]
    fn a_holder_that_ends_by_an_error_has_failed_to_release_and_a_contender_has_no_answer() {
        let ends = |kind, output: &str, asked: bool| {
            let mut talk = Conversation::new(kind, Path::new("/lock"));
            talk.hear(output.as_bytes(), &mut |_| {}).unwrap();
            if asked {
                talk.release(&mut |_| {});
            }
            let mut events = Vec::new();
            let how = Ending::Error("exit code 1: OSError: [Errno 2] gone".to_owned());
            let ended = talk.ended(&how, &mut |what| events.push(what));
            ended.map(|()| events)
        };
        for (kind, output) in [
            (ProgramKind::Driver, "acquired\n"),
            (ProgramKind::Test, "onewinner acquired\n"),
        ] {
            for asked in [false, true] {
                let events = ends(kind, output, asked).unwrap();
                let [What::ReleaseFailed { error }] = &events[..] else {
                    panic!("{events:?}");
                };
                assert_eq!(error.errno, Errno::ENOENT);
                assert!(
                    error
                        .to_string()
                        .ends_with("\"/lock\": exit code 1: OSError: [Errno 2] gone"),
                    "{error}"
                );
            }
        }
        assert!(ends(ProgramKind::Driver, "", false).is_err());
        assert!(ends(ProgramKind::Wrap, "acquired\n", false).is_err());
    }

    #[test]
    fn a_test_reports_what_its_tracer_cannot_follow() {
        let mut talk = Conversation::new(ProgramKind::Test, Path::new("/lock"));
        let error = talk
            .hear(b"onewinner unsupported it started a thread\n", &mut |_| {})
            .unwrap_err();
        assert_eq!(error.to_string(), "cannot be followed: it started a thread");
    }

    #[test]
    fn an_error_keeps_its_text_and_the_error_number_that_it_names() {
        for (text, errno) in [("ENOSPC: disk full", Errno::ENOSPC), ("no idea", Errno::Unnamed(0))] {
            let events = converse(ProgramKind::Driver, &[&format!("error {text}\n")]).unwrap();
            let [What::AcquireBegan, What::Failed { error }] = &events[..] else {
                panic!("{events:?}");
            };
            assert_eq!(error.errno, errno);
            assert!(error.to_string().contains(text));
        }
    }

    #[test]
    fn a_program_that_serves_is_asked_again_and_again() {
        use What::{AcquireBegan, Acquired, Busy, ReleaseBegan, Released};
        let mut talk = Conversation::new(ProgramKind::Driver, Path::new("/lock"));
        let mut events = Vec::new();
        let mut tell = |what| events.push(what);
        talk.hear(b"ready\n", &mut tell).unwrap();
        for answers in [&["acquired\n", "released\n"][..], &["busy\n"]] {
            talk.acquire(&mut tell);
            for answer in answers {
                talk.hear(answer.as_bytes(), &mut tell).unwrap();
                if talk.owes() == Owes::Release {
                    talk.release(&mut tell);
                }
            }
        }
        talk.ended(&Ending::Plain, &mut tell).unwrap();
        assert_eq!(
            events,
            [AcquireBegan, Acquired, ReleaseBegan, Released, AcquireBegan, Busy]
        );
    }

    #[test]
    fn a_line_that_is_not_expected_is_reported_with_what_was_expected() {
        for (output, expected) in [
            (&["hello\n"][..], "`acquired`"),
            (&["busy\n", "busy\n"], "silence"),
            (&["acquired\n", "busy\n"], "`released`"),
        ] {
            let error = converse(ProgramKind::Driver, output).unwrap_err().to_string();
            assert!(error.contains(expected), "{output:?}: {error}");
        }
        let endless = "x".repeat(LONGEST_LINE + 1);
        assert!(converse(ProgramKind::Driver, &[&endless]).is_err());
    }
}
