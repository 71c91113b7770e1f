//! Real processes on the kernel's file system, stopped before each system call; `explore` chooses every step.
//!
//! ```text
//!  explore ──a request──▶ worker (a process of its own: tracer, pinned) ──orders──▶ zygote ──fork──▶ contenders
//!          ◀─executions──
//! ```
//!
//! | folder | what it does |
//! |---|---|
//! | `session` | starts the worker, sends requests, reads its answers |
//! | `worker` | the process that traces and searches |
//! | `system` | the traced contenders as the system that the search steps |
//! | `tracees` | every traced task: stopped, run, copied, killed |
//! | `syscalls` | what system calls mean and which objects they touch |
//! | `channel` | how the tracer and a contender exchange messages |
//! | `program` | how a program, or a test of libtest, is started |
//!
//! Each folder may import those below it in the table, and no other one.
//!
//! A system call is taken as atomic.

pub mod channel;
pub mod program;
mod session;
mod syscalls;
mod system;
mod tracees;
mod worker;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::{ChildStdout, Command, Stdio};
use std::time::Duration;

use crate::one_store::{NotShared, by_each_way};
use crate::run_directory::{ANSWER, RunDirectory, RunDirectoryError, is_answering};
use crate::sys::process;
use crate::sys::supervisor::end_program;
use onewinner_core::explore::{Limits, Searched, Stop, Strategy};
use onewinner_core::history::Execution;
use onewinner_core::scenario::{ProgramKind, Scenario, Subject, Work};

use program::command_line::LineError;
use program::re_exec::{self, GREETING, ReentryError, Test};
pub use session::messages::FORBIDDEN;
use session::messages::{Asked, Line, Request};
pub use worker::{greet, serve, serve_knowing};

/// The argument that makes the binary a worker.
pub const WORKER: &str = "worker";

/// How long a worker may be silent before it is asked whether its file system hangs.
const SILENCE: Duration = Duration::from_secs(15);
/// The most that a test may print before it comes to its exploration, in bytes.
const MOST_SAID: u64 = 1024 * 1024;
/// How much of it is shown when it does not, in bytes.
const LAST_SAID: usize = 2_000;

/// What to explore with real processes.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Whose lock.
    pub subject: &'a Subject,
    /// What each process does.
    pub scenario: &'a Scenario,
    /// How schedules are chosen.
    pub strategy: &'a Strategy,
    /// How far the search goes.
    pub limits: Limits,
    /// Where: a fresh run directory is made below the first, and process *i* works by way of the *i* mod *k*-th; below the
    /// directory for temporary files, if there is none.
    pub directories: &'a [PathBuf],
}

/// What a search told, but for the executions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Told {
    /// How far it went.
    pub searched: Searched,
    /// How many directories of killed runs were removed.
    pub swept: usize,
    /// How programs were started, and what was not seen.
    pub notes: Vec<String>,
}

/// Why there was no search, or no end of it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum TracedError {
    /// What this backend does not do.
    #[error("failed to trace {what}: it is not supported; {instead}")]
    Unsupported {
        /// What.
        what: String,
        /// What to do instead.
        instead: &'static str,
    },
    /// No directory.
    #[error(transparent)]
    RunDirectory(#[from] RunDirectoryError),
    /// Two directories that have nothing to do with each other: every contender would win in its own.
    #[error(
        "failed to contend in {one:?} and {other:?}: what is made in one is not there in the other; name two mounts of one store"
    )]
    NotShared {
        /// The first directory.
        one: PathBuf,
        /// The other one.
        other: PathBuf,
    },
    /// No worker, or it cannot be talked to.
    #[error("failed to run a worker process: {0}; look at `ulimit -u`")]
    Worker(#[from] io::Error),
    /// The machine does not let a worker trace.
    #[error("{0}")]
    Refused(String),
    /// A test was entered again as a worker, and did something else.
    #[error(
        "failed to enter the test again: it did not come to its exploration; explore from the body of a `#[test]` itself, and \
         do nothing before it that another process of the same test cannot do; it said:\n{said}"
    )]
    NotEntered {
        /// The end of what it printed.
        said: String,
    },
    /// The file system stopped answering.
    #[error(
        "failed to explore to the end: nothing came back from {directory:?} within {} s, so that its file system hangs; look at \
         its server or daemon", ANSWER.as_secs()
    )]
    Hung {
        /// The directory of the run.
        directory: PathBuf,
    },
    /// The worker ended in the middle.
    #[error("failed to explore to the end: the worker process was lost ({0}); run it again")]
    Lost(String),
}

impl From<NotShared> for TracedError {
    fn from(NotShared { one, other }: NotShared) -> Self {
        Self::NotShared { one, other }
    }
}

impl TracedError {
    /// Whether it tells of the machine, and not of what was asked for.
    pub fn is_no_misuse(&self) -> bool {
        match self {
            Self::RunDirectory(error) => error.is_no_misuse(),
            Self::Refused(_) | Self::Lost(_) | Self::Worker(_) | Self::NotEntered { .. } | Self::Hung { .. } => true,
            _ => false,
        }
    }
}

/// Searches the schedules of real processes and hands each execution to `watch`, until that breaks. Afterwards no process
/// and no file is left.
///
/// # Errors
///
/// When the machine forbids tracing, or the worker is lost. A contender that is lost is no error: its execution says so.
pub fn explore(run: &Run<'_>, watch: &mut dyn FnMut(Execution) -> ControlFlow<()>) -> Result<Told, TracedError> {
    explore_telling(run, &mut |_| {}, watch)
}

/// The same; `tell` hears now and then which share of the search is behind it, as far as can be told.
///
/// # Errors
///
/// As [`explore`].
pub fn explore_telling(
    run: &Run<'_>,
    tell: &mut dyn FnMut(f64),
    watch: &mut dyn FnMut(Execution) -> ControlFlow<()>,
) -> Result<Told, TracedError> {
    let subject = asked(run)?;
    let parent = real(&run.directories.first().cloned().unwrap_or_else(std::env::temp_dir));
    let (directory, swept) = RunDirectory::create(&parent)?;
    let ways: Vec<PathBuf> = run.directories.iter().map(|way| real(way)).collect();
    let roots = by_each_way(directory.path(), &ways)?;
    let request = Request {
        subject,
        scenario: run.scenario.clone(),
        strategy: run.strategy.clone(),
        executions: run.limits.executions,
        steps: run.limits.steps,
        time_ms: u64::try_from(run.limits.time.as_millis()).unwrap_or(u64::MAX),
        roots,
        parent: std::process::id(),
    };
    let (mut command, entered) = worker(run.subject)?;
    let mut worker = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
    let answer = converse(&mut worker, entered, &request, tell, watch);
    // It may have ended by itself; if not, nobody listens to it any more.
    let _gone = end_program(&worker);
    let (searched, notes) = answer?;
    directory.close()?;
    Ok(Told { searched, swept, notes })
}

/// The directory without symbolic links on the way, as the kernel tells paths; whoever makes something in it notices if it is
/// none.
fn real(directory: &Path) -> PathBuf {
    directory.canonicalize().unwrap_or_else(|_| directory.to_owned())
}

/// How a worker begins to answer.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Entered {
    /// At once.
    Directly,
    /// When a test has come to its exploration.
    ByTest,
}

/// The command that starts a worker: this binary, or the test that alone knows the lock.
fn worker(subject: &Subject) -> Result<(Command, Entered), TracedError> {
    match subject {
        Subject::Program(program) if program.kind == ProgramKind::Test => {
            let unknown = |error: LineError| TracedError::Refused(error.to_string());
            return Ok((re_exec::worker(program).map_err(unknown)?, Entered::ByTest));
        }
        // In a test binary nobody understands the argument of a worker.
        Subject::Primitive(primitive) if is_of_a_test() => {
            let unknown = |error: ReentryError| TracedError::Refused(error.to_string());
            let command = Test::of_this_thread()
                .map_err(unknown)?
                .worker_knowing(primitive.name());
            return Ok((command, Entered::ByTest));
        }
        Subject::Primitive(_) | Subject::Program(_) => {}
    }
    // Not by name: the file may have been replaced.
    let mut command = Command::new("/proc/self/exe");
    command.arg(WORKER);
    Ok((command, Entered::Directly))
}

/// Whether libtest gave this thread to a test. A command explores on its main thread, or on threads without names.
fn is_of_a_test() -> bool {
    std::thread::current().name().is_some_and(|name| name != "main")
}

/// Whose lock it is, as a worker is told.
fn asked(run: &Run<'_>) -> Result<Asked, TracedError> {
    let unsupported = |what: String, instead| Err(TracedError::Unsupported { what, instead });
    let Subject::Program(program) = run.subject else {
        return Ok(Asked::Primitive(run.subject.name().to_owned()));
    };
    match run.strategy {
        Strategy::Dpor => unsupported(
            format!("`{}` by a complete reduction", program.line),
            "it needs a model of what calls do; use `--search bounded`",
        ),
        _ if run.scenario.work != Work::Nothing => unsupported(
            format!("`{}` with a workload", program.line),
            "a program does its own work; leave the workload out",
        ),
        _ => Ok(Asked::Program(program.clone())),
    }
}

/// Passes over what a test prints before it comes to its exploration.
fn greeted(output: &mut impl BufRead) -> Result<(), TracedError> {
    let mut said = Vec::new();
    loop {
        let begin = said.len();
        let read = output.take(MOST_SAID).read_until(b'\n', &mut said)?;
        if said[begin..].trim_ascii() == GREETING.as_bytes() {
            return Ok(());
        }
        if read == 0 || said.len() as u64 > MOST_SAID {
            let said = String::from_utf8_lossy(&said[said.len().saturating_sub(LAST_SAID)..]).into_owned();
            return Err(TracedError::NotEntered { said });
        }
    }
}

fn converse(
    worker: &mut std::process::Child,
    entered: Entered,
    request: &Request,
    tell: &mut dyn FnMut(f64),
    watch: &mut dyn FnMut(Execution) -> ControlFlow<()>,
) -> Result<(Searched, Vec<String>), TracedError> {
    let mut input = worker.stdin.take().expect("it was piped");
    let sent = serde_json::to_writer(&mut input, request).map_err(io::Error::from);
    let sent = sent.and_then(|()| input.write_all(b"\n"));
    let mut output = BufReader::new(worker.stdout.take().expect("it was piped"));
    if entered == Entered::ByTest {
        // A test that ends without serving closes the pipe: what it printed explains more than the pipe does.
        greeted(&mut output)?;
    }
    sent?;
    let mut notes = Vec::new();
    let mut seen = Searched {
        stop: Stop::Asked,
        ..Searched::nothing()
    };
    let root = &request.roots[0];
    while let Some(line) = next_line(&mut output, root)? {
        match serde_json::from_str(&line).map_err(io::Error::from)? {
            Line::Execution(execution) => {
                seen.executions += 1;
                seen.steps += execution.schedule.len() as u64;
                if watch(execution).is_break() {
                    return Ok((seen, notes));
                }
            }
            Line::Share(share) => tell(share),
            Line::Notes(all) => notes = all,
            Line::Done(searched) => return Ok((searched, notes)),
            Line::Refused(reason) => return Err(TracedError::Refused(reason)),
        }
    }
    Err(TracedError::Lost("its answer ends in the middle".to_owned()))
}

/// What the worker says next. One that is silent may hang with its file system: then that does not answer us either.
fn next_line(output: &mut BufReader<ChildStdout>, root: &Path) -> Result<Option<String>, TracedError> {
    while output.buffer().is_empty() && !process::is_readable(output.get_ref(), SILENCE) {
        if !is_answering(root)? {
            let directory = root.to_owned();
            return Err(TracedError::Hung { directory });
        }
    }
    let mut line = String::new();
    let read = output.read_line(&mut line)?;
    Ok((read > 0).then_some(line))
}
