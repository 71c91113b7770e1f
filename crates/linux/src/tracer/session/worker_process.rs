//! The worker process of a session: started, spoken to, and ended. Every wait for it has a limit.
//!
//! Knows no search.

use std::io::{self, Read, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, ChildStdin, ChildStdout, Command, Stdio};
use std::time::{Duration, Instant};

use crate::run_directory::is_answering;
use crate::sys::lines::{Lines, Received};
use crate::sys::process::KILL_LIMIT;
use crate::sys::supervisor::{CancelToken, NEVER, Supervisor, Watch};
use crate::tracer::error::{NotEntered, Refusal, TracerError, WorkerLoss};
use crate::tracer::messages::{Answer, Message};
use crate::tracer::program::command_line::LineError;
use crate::tracer::program::re_exec::{self, GREETING, Test};
use onewinner_core::scenario::{ProgramKind, Subject};

/// The argument that makes the binary a worker.
pub const WORKER: &str = "worker";

/// How long the session waits for a line before it asks whether to wait on.
const TICK: Duration = Duration::from_millis(100);
/// How long a worker may take to end what it traces, after the session has closed its pipes. Then it is killed.
const END_LIMIT: Duration = Duration::from_secs(1);
/// The longest line of a worker, in bytes.
const LONGEST_ANSWER: usize = 256 * 1024 * 1024;
/// How long a test may take to reach its exploration.
const LONGEST_WAY: Duration = Duration::from_secs(120);
/// The most that a test may print before it reaches its exploration, in bytes.
const MOST_PRINTED: usize = 1024 * 1024;
/// How much of that is shown if it does not reach it, in bytes.
const LAST_PRINTED: usize = 2_000;

/// How long a worker may be silent.
struct Silence {
    /// Then its file system is asked whether it hangs, each time.
    usual: Duration,
    /// Then it is lost.
    longest: Duration,
}

impl Silence {
    /// It sends a line every few seconds, and none of its own waits takes longer than a minute.
    const LIMITS: Self = Self {
        usual: Duration::from_secs(15),
        longest: Duration::from_secs(180),
    };
}

/// When a worker is ready for messages.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entry {
    /// From its start.
    Direct,
    /// When a test has reached its exploration.
    ThroughTest,
}

/// What came from a worker.
#[derive(Debug)]
pub(crate) enum Next {
    /// An answer.
    Answer(Answer),
    /// The end: there are no more answers.
    End,
    /// Nothing: the wait was cancelled.
    Cancelled,
}

/// A worker process. Dropped, it ends what it traces, and itself; if it does not, it is killed, and what it traces dies with
/// it.
#[derive(Debug)]
pub(crate) struct WorkerProcess {
    child: Child,
    /// `None` when it is dropped.
    pipes: Option<Pipes>,
}

#[derive(Debug)]
struct Pipes {
    input: ChildStdin,
    answers: Lines<ChildStdout>,
}

impl Drop for WorkerProcess {
    fn drop(&mut self) {
        let Some(Pipes { input, mut answers }) = self.pipes.take() else {
            return;
        };
        // The worker reads the end of its input, and ends itself and what it does not trace: killed at once, it could not.
        drop(input);
        let closed = pass_over(&mut answers, END_LIMIT);
        let mut supervisor = Supervisor::default();
        supervisor.adopt(&self.child);
        if closed {
            let _ended = supervisor.wait_for_all(&Watch::new(END_LIMIT, NEVER));
        }
        // One that a call holds in the kernel is left to `init`.
        let _stuck = supervisor.kill_all();
        if !closed {
            // It may have worked in a process of its own namespaces, which dies with it a moment later, and closes the pipe then.
            pass_over(&mut answers, KILL_LIMIT);
        }
    }
}

/// Passes over what a worker still sends; returns whether it has closed the pipe within `limit`.
fn pass_over<R: Read + AsFd>(answers: &mut Lines<R>, limit: Duration) -> bool {
    let deadline = Instant::now() + limit;
    while Instant::now() < deadline {
        let left = deadline.saturating_duration_since(Instant::now());
        match answers.next_within(left, LONGEST_ANSWER) {
            Ok(Received::Line(_) | Received::TooLong(_)) => {}
            Ok(Received::End(_)) => return true,
            Ok(Received::Nothing) | Err(_) => return false,
        }
    }
    false
}

impl WorkerProcess {
    /// Starts the worker for a subject and sends it the first message.
    ///
    /// # Errors
    ///
    /// When there is no process, or a test does not reach its exploration.
    pub(crate) fn start(subject: &Subject, opening: &Message) -> Result<Self, TracerError> {
        let (mut command, entry) = command(subject)?;
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        let input = child.stdin.take().expect("it was piped");
        let answers = Lines::new(child.stdout.take().expect("it was piped"));
        let pipes = Some(Pipes { input, answers });
        let mut worker = Self { child, pipes };
        let sent = worker.send(opening);
        if entry == Entry::ThroughTest {
            // A test that ends without serving closes the pipe: what it printed explains more than the pipe does.
            await_greeting(&mut worker.pipes().answers, LONGEST_WAY)?;
        }
        sent?;
        Ok(worker)
    }

    /// Sends a message.
    ///
    /// # Errors
    ///
    /// When the worker has closed its input: then its last answers say why.
    pub(crate) fn send(&mut self, message: &Message) -> io::Result<()> {
        let mut line = serde_json::to_vec(message)?;
        line.push(b'\n');
        self.pipes().input.write_all(&line)
    }

    fn pipes(&mut self) -> &mut Pipes {
        self.pipes.as_mut().expect("they are closed when it is dropped")
    }

    /// The next answer. `root` is the directory in which the worker works.
    ///
    /// # Errors
    ///
    /// When the worker is lost, or its file system hangs.
    pub(crate) fn next(&mut self, root: &Path, cancelled: CancelToken<'_>) -> Result<Next, TracerError> {
        let line = match next_line(&mut self.pipes().answers, &Silence::LIMITS, root, cancelled)? {
            NextLine::Line(line) => line,
            NextLine::End => return Ok(Next::End),
            NextLine::Cancelled => return Ok(Next::Cancelled),
        };
        let unreadable = |error: serde_json::Error| TracerError::Lost(WorkerLoss::Unreadable(error.to_string()));
        serde_json::from_slice(&line).map(Next::Answer).map_err(unreadable)
    }
}

/// The command that starts a worker: this binary, or the test that alone knows the lock.
fn command(subject: &Subject) -> Result<(Command, Entry), TracerError> {
    match subject {
        Subject::Program(program) if program.kind == ProgramKind::Test => {
            let unusable = |error: LineError| Refusal::Program(error.to_string());
            Ok((re_exec::worker(program).map_err(unusable)?, Entry::ThroughTest))
        }
        // A test binary does not understand the argument of a worker.
        Subject::Primitive(primitive) if is_of_a_test() => {
            let command = Test::of_this_thread()?.worker_knowing(primitive.name());
            Ok((command, Entry::ThroughTest))
        }
        Subject::Primitive(_) | Subject::Program(_) => {
            // Not by name: the file may have been replaced.
            let mut command = Command::new("/proc/self/exe");
            command.arg(WORKER);
            Ok((command, Entry::Direct))
        }
    }
}

/// Whether libtest gave this thread to a test. A command explores on its main thread, or on threads without names.
fn is_of_a_test() -> bool {
    std::thread::current().name().is_some_and(|name| name != "main")
}

/// Passes over what a test prints before it reaches its exploration.
fn await_greeting<R: Read + AsFd>(lines: &mut Lines<R>, limit: Duration) -> Result<(), TracerError> {
    let deadline = Instant::now() + limit;
    let mut printed = Vec::new();
    let why = loop {
        let left = deadline.saturating_duration_since(Instant::now());
        match lines.next_within(left, MOST_PRINTED)? {
            Received::Line(line) if line.trim_ascii() == GREETING.as_bytes() => return Ok(()),
            Received::Line(line) => printed.extend(line),
            Received::TooLong(line) => printed.extend(line),
            Received::End(line) => {
                printed.extend(line);
                break NotEntered::Ended;
            }
            Received::Nothing => break NotEntered::TooLate(limit),
        }
        if printed.len() > MOST_PRINTED {
            break NotEntered::PrintedTooMuch { bytes: MOST_PRINTED };
        }
    };
    let printed = String::from_utf8_lossy(&printed[printed.len().saturating_sub(LAST_PRINTED)..]).into_owned();
    Err(TracerError::NotEntered { why, printed })
}

/// The next line of a worker.
enum NextLine {
    Line(Vec<u8>),
    End,
    Cancelled,
}

/// The next line of a worker, within the limits of its silence.
fn next_line<R: Read + AsFd>(
    lines: &mut Lines<R>,
    silence: &Silence,
    root: &Path,
    cancelled: CancelToken<'_>,
) -> Result<NextLine, TracerError> {
    let began = Instant::now();
    let mut answered = began;
    loop {
        match lines.next_within(TICK.min(silence.usual), LONGEST_ANSWER)? {
            Received::Line(line) => return Ok(NextLine::Line(line)),
            Received::End(_) => return Ok(NextLine::End),
            Received::TooLong(_) => {
                let reason = format!("a line has more than {LONGEST_ANSWER} bytes");
                return Err(TracerError::Lost(WorkerLoss::Unreadable(reason)));
            }
            Received::Nothing if cancelled() => return Ok(NextLine::Cancelled),
            Received::Nothing if answered.elapsed() < silence.usual => {}
            Received::Nothing if !is_answering(root)? => {
                let directory = root.to_owned();
                return Err(TracerError::Hung { directory });
            }
            Received::Nothing if began.elapsed() >= silence.longest => {
                return Err(TracerError::Lost(WorkerLoss::Silent(silence.longest)));
            }
            Received::Nothing => answered = Instant::now(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SHORT: Duration = Duration::from_millis(30);
    const LONG: Duration = Duration::from_secs(60);

    fn not_entered(printed: &[u8], limit: Duration, open: bool) -> (NotEntered, String) {
        let (reader, mut writer) = io::pipe().unwrap();
        let text = printed.to_owned();
        let printing = std::thread::spawn(move || {
            // Nobody may read it to its end.
            let _unread = writer.write_all(&text);
            writer
        });
        if !open {
            drop(printing);
            return match await_greeting(&mut Lines::new(reader), limit) {
                Err(TracerError::NotEntered { why, printed }) => (why, printed),
                other => panic!("{other:?}"),
            };
        }
        let entered = await_greeting(&mut Lines::new(reader), limit);
        drop(printing.join().unwrap());
        match entered {
            Err(TracerError::NotEntered { why, printed }) => (why, printed),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn a_test_that_never_reaches_its_exploration_is_not_awaited_for_ever() {
        assert_eq!(
            not_entered(b"a\nb", LONG, false),
            (NotEntered::Ended, "a\nb".to_owned())
        );
        let (why, printed) = not_entered(b"running 1 test\n", SHORT, true);
        assert_eq!(
            (why, printed.as_str()),
            (NotEntered::TooLate(SHORT), "running 1 test\n")
        );
        let bytes = MOST_PRINTED;
        let endless = vec![b'x'; 2 * MOST_PRINTED];
        let (why, printed) = not_entered(&endless, LONG, true);
        assert_eq!(
            (why, printed.len()),
            (NotEntered::PrintedTooMuch { bytes }, LAST_PRINTED)
        );
    }

    #[test]
    fn a_greeting_is_found_among_what_a_test_prints() {
        let (reader, mut writer) = io::pipe().unwrap();
        write!(writer, "running 1 test\ntest a ...\n{GREETING}\nnext\n").unwrap();
        let mut lines = Lines::new(reader);
        await_greeting(&mut lines, LONG).unwrap();
        assert_eq!(
            lines.next_within(LONG, 100).unwrap(),
            Received::Line(b"next\n".to_vec())
        );
    }

    const SILENCE: Silence = Silence {
        usual: SHORT,
        longest: Duration::from_millis(90),
    };

    #[test]
    fn a_worker_that_is_silent_while_its_file_system_answers_is_lost() {
        let directory = tempfile::tempdir().unwrap();
        let (reader, _writer) = io::pipe().unwrap();
        let lost = next_line(&mut Lines::new(reader), &SILENCE, directory.path(), NEVER);
        let Err(lost) = lost else { panic!("there is no line") };
        assert!(matches!(lost, TracerError::Lost(WorkerLoss::Silent(_))), "{lost}");
        assert!(lost.to_string().contains("it sent nothing"), "{lost}");
    }

    #[test]
    fn a_cancelled_wait_for_a_worker_ends_within_a_second() {
        let (reader, _writer) = io::pipe().unwrap();
        let began = Instant::now();
        let next = next_line(&mut Lines::new(reader), &Silence::LIMITS, Path::new("/"), &|| true);
        assert!(matches!(next, Ok(NextLine::Cancelled)));
        assert!(began.elapsed() < Duration::from_secs(1), "{:?}", began.elapsed());
    }
}
