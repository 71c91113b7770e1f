//! The worker: a process of its own, with a single thread, that traces, searches, and streams what it sees.
//!
//! | file | what it holds |
//! |---|---|
//! | `answering.rs` | sends an answer; a refusal to search |
//! | `searching.rs` | one search, and its answers |
//! | `primitive_system.rs` | the system of contenders of a lock over `Fs` |
//! | `program_system.rs` | the system of contenders that are programs |
//! | `surroundings.rs` | what programs see beside the lock: process numbers, temporary files |
//! | `above.rs` | a directory above that of an execution, as it was at the beginning |
//! | `zygote.rs` | the traced process that forks contenders |
//! | `lock_visibility.rs` | between which mounts kernel locks are visible |
//!
//! It reads messages from its standard input and answers on its standard output, each a line of JSON. It dies with the thread
//! that started it, and what it traces dies with it.

mod above;
mod answering;
mod lock_visibility;
mod primitive_system;
mod program_system;
mod searching;
mod surroundings;
mod zygote;

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::fd::{AsFd, OwnedFd};
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use self::answering::{failed, say};
use self::primitive_system::PrimitiveLauncher;
use self::program_system::ProgramLauncher;
use self::searching::search_and_answer;
use self::surroundings::Surroundings;
use super::error::Refusal;
use super::layout::FIRST_DIRECTORY;
use super::messages::{Answer, Message, SearchRequest, SubjectName};
use super::program::re_exec::GREETING;
use super::system::TracedSystem;
use crate::run_directory::removal::remove_tree;
use crate::sys::lines::{Lines, Received};
use crate::sys::orphans::Orphans;
use crate::sys::sealed;
use crate::sys::{affinity, process, tracee};
use onewinner_core::primitive::{self, LockPrimitive};

/// The longest message of a session, in bytes: a schedule to replay has a few bytes for each step.
const LONGEST_MESSAGE: usize = 64 * 1024 * 1024;

/// How long the worker waits for a message before it waits again: its session may be idle as long as it likes.
const IDLE: Duration = Duration::from_secs(60);

/// How long what a search has left running may take to end, after it was killed.
const ORPHANS_LIMIT: Duration = Duration::from_millis(500);

/// Serves the session that started this process: what the hidden command `worker` does. `extra` are locks that are not in
/// the catalogue, for tests.
pub fn serve_knowing(extra: &[&'static dyn LockPrimitive]) -> ExitCode {
    let mut messages = match Messages::open() {
        Ok(messages) => messages,
        Err(error) => return refuse(failed("read the messages of the session", &error)),
    };
    let opening = match messages.next() {
        Ok(Some(Message::Open(opening))) => opening,
        // The session is gone.
        Ok(_) => return ExitCode::SUCCESS,
        Err(refusal) => return refuse(refusal),
    };
    if let Err(refusal) = stay_with(opening.parent) {
        return refuse(refusal);
    }
    ExitCode::from(match &opening.subject {
        // A lock over `Fs` does nothing that needs a world of its own.
        SubjectName::Primitive(name) => {
            let contenders = || primitive(name, extra);
            code(answer_all(messages, (&opening.roots, opening.cpu), contenders))
        }
        SubjectName::Program(program) => sealed::run(|world| {
            let surroundings = match Surroundings::of(world, &opening.roots, program.lock_at.as_deref()) {
                Ok(surroundings) => surroundings,
                Err(refusal) => return code(Err(refusal)),
            };
            let roots = surroundings.roots.clone();
            let launcher = || {
                Ok(Contenders::Program(Box::new(ProgramLauncher::new(
                    program,
                    surroundings,
                )?)))
            };
            code(answer_all(messages, (&roots, opening.cpu), launcher))
        }),
    })
}

/// The exit code of a worker.
fn code(answered: Result<(), Refusal>) -> u8 {
    match answered {
        Ok(()) => 0,
        Err(refusal) => {
            refuse(refusal);
            1
        }
    }
}

fn refuse(refusal: Refusal) -> ExitCode {
    // If the session is gone, nobody reads it.
    let _unread = say(&Answer::Refused(refusal));
    ExitCode::FAILURE
}

/// As [`serve_knowing`], with the catalogue alone.
pub fn serve() -> ExitCode {
    serve_knowing(&[])
}

/// Announces to the session that this process is its worker: a test has printed other lines before. [`serve`] or
/// [`serve_knowing`] comes next.
///
/// # Errors
///
/// When the session is gone.
pub fn greet() -> io::Result<()> {
    let mut out = io::stdout().lock();
    write!(out, "\n{GREETING}\n")?;
    out.flush()
}

/// The messages of the session.
struct Messages(Lines<File>);

impl Messages {
    fn open() -> io::Result<Self> {
        let input: OwnedFd = io::stdin().as_fd().try_clone_to_owned()?;
        Ok(Self(Lines::new(File::from(input))))
    }

    /// Whether the session has sent something, or is gone. Does not wait.
    fn has_more(&self) -> bool {
        self.0.has_more()
    }

    /// The next message; `None` when the session is gone. Waits as long as the session lives.
    fn next(&mut self) -> Result<Option<Message>, Refusal> {
        loop {
            let received = self.0.next_within(IDLE, LONGEST_MESSAGE);
            match received.map_err(|error| failed("read a message of the session", &error))? {
                Received::Line(line) => {
                    let message = serde_json::from_slice(&line);
                    return message
                        .map(Some)
                        .map_err(|error| failed("understand a message of the session", &error));
                }
                Received::TooLong(_) => {
                    let error = io::Error::other(format!("it has more than {LONGEST_MESSAGE} bytes"));
                    return Err(failed("read a message of the session", &error));
                }
                Received::End(_) => return Ok(None),
                Received::Nothing => {}
            }
        }
    }
}

/// Whose contenders are traced, and what lasts from one search to the next.
enum Contenders {
    Primitive(PrimitiveLauncher),
    Program(Box<ProgramLauncher>),
}

impl Contenders {
    /// Prepares the system of the last search for this one, if that is possible.
    fn renew(&mut self, last: &mut TracedSystem, request: &SearchRequest, roots: &[PathBuf]) -> Result<bool, Refusal> {
        match self {
            // A process that is forked for a search knows its scenario.
            Self::Primitive(_) => Ok(false),
            Self::Program(launcher) => launcher.renew(last, request, roots),
        }
    }

    /// A new system.
    fn system(&mut self, request: &SearchRequest, roots: &[PathBuf], directory: u32) -> Result<TracedSystem, Refusal> {
        match self {
            Self::Primitive(launcher) => launcher.system(request, roots, directory),
            Self::Program(launcher) => launcher.system(request, roots, directory),
        }
    }
}

/// Answers the messages of the session; `contenders` makes what is traced.
fn answer_all(
    mut messages: Messages,
    (roots, cpu): (&[PathBuf], Option<usize>),
    contenders: impl FnOnce() -> Result<Contenders, Refusal>,
) -> Result<(), Refusal> {
    let orphans = prepare(cpu)?;
    let searched = answer_searches(&mut messages, roots, contenders, &orphans);
    // The zygote is gone, so what is left belongs to this process. What a call holds in the kernel dies when that returns.
    let _all_gone = orphans.kill(ORPHANS_LIMIT);
    searched
}

/// Answers searches until the session is gone.
fn answer_searches(
    messages: &mut Messages,
    roots: &[PathBuf],
    contenders: impl FnOnce() -> Result<Contenders, Refusal>,
    orphans: &Orphans,
) -> Result<(), Refusal> {
    let mut contenders = contenders()?;
    let mut directory = FIRST_DIRECTORY;
    let mut last: Option<TracedSystem> = None;
    while let Some(message) = messages.next()? {
        let Message::Search(request) = message else { continue };
        let renewed = match &mut last {
            Some(last) => contenders.renew(last, &request, roots)?,
            None => false,
        };
        if !renewed {
            if let Some(mut last) = last.take() {
                directory = last.directory_number();
                last.end().map_err(|lost| Refusal::Preparation {
                    step: "end the contenders of the last search".to_owned(),
                    error: lost.reason,
                })?;
                drop(last);
                let _all_gone = orphans.kill(ORPHANS_LIMIT);
            }
            empty(&roots[0]).map_err(|error| failed("empty the directory of the run", &error))?;
            last = Some(contenders.system(&request, roots, directory)?);
        }
        let system = last.as_mut().expect("it was kept or made");
        let answered = search_and_answer(system, &request, &|| messages.has_more());
        if let Contenders::Program(launcher) = &mut contenders {
            launcher.shares(system.engine.interpreter.shares());
        }
        if answered.is_err() {
            return Ok(()); // The session is gone.
        }
    }
    Ok(())
}

/// Makes this process die with its session.
fn stay_with(parent: u32) -> Result<(), Refusal> {
    process::die_with(parent).map_err(|error| failed("stay with the process of the session", &error))?;
    process::ignore_interrupts().map_err(|error| failed("ignore SIGINT, SIGTERM and SIGHUP", &error))
}

/// Makes this process one that can trace, and that ends what its contenders leave running.
fn prepare(cpu: Option<usize>) -> Result<Orphans, Refusal> {
    tracee::listen().map_err(|error| failed("wait for SIGCHLD", &error))?;
    affinity::stay_on(cpu).map_err(|error| failed("stay on one CPU", &error))?;
    Orphans::adopt().map_err(|error| failed("adopt what contenders leave running", &error))
}

fn primitive(name: &str, extra: &[&'static dyn LockPrimitive]) -> Result<Contenders, Refusal> {
    // A test may give its own lock the name of another one.
    let known = extra.iter().copied().find(|each| each.name() == name);
    let found = known.or_else(|| primitive::by_name(name));
    let name = name.to_owned();
    let primitive = found.ok_or(Refusal::UnknownLock { name })?;
    Ok(Contenders::Primitive(PrimitiveLauncher::new(primitive)))
}

/// Removes all that is in a directory.
fn empty(directory: &Path) -> io::Result<()> {
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            remove_tree(&entry.path())?;
        } else {
            fs::remove_file(entry.path())?;
        }
    }
    Ok(())
}
