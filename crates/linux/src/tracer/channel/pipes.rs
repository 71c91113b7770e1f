//! Programs as contenders: their pipes, and the messages on them.
//!
//! Each program reads and prints through named pipes in the directory of the run, which the tracer keeps open. A program that
//! is not a server is started once for each round. `driver_protocol.rs` says what the lines mean. Knows no system call.

use std::collections::{BTreeMap, BTreeSet};
use std::ffi::{CString, OsString};
use std::fs::{self, File};
use std::io::{self, Read, Write};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use super::driver_protocol::{Conversation, Ending, Owes, ProtocolError};
use super::{Channel, Sent};
use crate::sys::fifo;
use crate::sys::launch::{Streams, launch};
use crate::sys::private_state::STREAMS;
use crate::sys::process::{Ended, is_readable};
use crate::tracer::layout::{FIRST_DIRECTORY, contender_directory};
use crate::tracer::program::start::Starter;
use onewinner_core::explore::{Lost, Retry};
use onewinner_core::history::What;
use onewinner_core::id::ProcessId;
use onewinner_core::scenario::{Program, ProgramKind, Scenario, ScenarioKind};

/// The argument that makes the binary the command that `{hold}` stands for.
pub const HOLD: &str = "hold";

/// The exit codes of a shell, and of `env` and its like, for a command that was not run.
const NOT_RUN: [u8; 2] = [126, 127];

/// SIGKILL: no program ends itself by it, so another process or the kernel did.
const KILLED: i32 = 9;

/// How many of the last lines of an error output are looked at.
const LAST_LINES: usize = 20;
/// The longest error message that is shown, in characters.
const LONGEST_COMPLAINT: usize = 200;
/// What the line of an error output contains that describes the error; other lines are places in the code.
const DESCRIBES: [&str; 5] = ["error", "exception", "panic", "failed", "not permitted"];

/// Where the pipes of a contender are.
#[derive(Clone, Debug)]
struct Ends {
    input: PathBuf,
    output: PathBuf,
    complaints: PathBuf,
}

impl Ends {
    fn of(root: &Path, process: ProcessId) -> Self {
        let [input, output, complaints] = STREAMS.map(|stream| root.join(format!("{stream}{process}")));
        Self {
            input,
            output,
            complaints,
        }
    }
}

/// Turns a child of the zygote into the program.
pub(crate) struct ProgramChild {
    starter: Starter,
    scenario: Scenario,
    roots: Vec<PathBuf>,
}

impl ProgramChild {
    /// Becomes the program of this contender; the exit code if that fails.
    pub(crate) fn enter(&self, process: ProcessId) -> u8 {
        let directory = contender_directory(&self.roots, process, FIRST_DIRECTORY);
        let lock = self.starter.program.lock(&self.scenario, &directory);
        let ends = Ends::of(&self.roots[0], process);
        let streams = Streams {
            input: &ends.input,
            output: &ends.output,
            complaints: &ends.complaints,
        };
        if let Ok(mut image) = self.starter.image(&lock) {
            image.environment.push(contender_variable(process));
            let Err(error) = launch(&image, streams);
            // Its standard error is open by now, if anything is. If nobody reads it, the exit code reports the same.
            let _unread = writeln!(io::stderr(), "failed to execute {:?}: {error}", self.starter.file());
        }
        NOT_RUN[1]
    }
}

/// A variable that differs in its length. It moves the stack of each contender, as a random start address does without a tracer:
/// mkdtemp(3) takes its first name from an address and the time, and all contenders would try the same one.
fn contender_variable(process: ProcessId) -> CString {
    /// The alignment of the stack, in bytes.
    const STEP: usize = 16;
    let number = process.index();
    let text = format!("ONEWINNER_CONTENDER={number:0width$}", width = STEP * (number + 1));
    CString::new(text).expect("it has no zero byte")
}

/// A contender that is a program.
struct PipedContender {
    ends: Ends,
    lock: PathBuf,
    conversation: Option<Conversation>,
    input: Option<File>,
    output: Option<File>,
    /// How long its error output was when its process started: a copy appends to that of the process that it was copied from.
    complained: u64,
    rounds_left: u32,
}

/// The channel to contenders that are programs.
pub(crate) struct Pipes {
    program: Program,
    scenario: Scenario,
    root: PathBuf,
    contenders: Vec<PipedContender>,
}

impl Pipes {
    /// Makes the pipes of all contenders, and what turns a forked process into the program.
    ///
    /// # Errors
    ///
    /// When there is no place for them.
    pub(crate) fn new(starter: Starter, scenario: &Scenario, roots: &[PathBuf]) -> io::Result<(Self, ProgramChild)> {
        let mut pipes = Self {
            program: starter.program.clone(),
            scenario: scenario.clone(),
            root: roots[0].clone(),
            contenders: Vec::new(),
        };
        pipes.add_contenders()?;
        let child = ProgramChild {
            starter,
            scenario: scenario.clone(),
            roots: roots.to_vec(),
        };
        Ok((pipes, child))
    }

    /// Makes the pipes that the contenders of the scenario lack.
    fn add_contenders(&mut self) -> io::Result<()> {
        for process in ProcessId::first(self.scenario.participants()).skip(self.contenders.len()) {
            let ends = Ends::of(&self.root, process);
            fifo::make(&ends.input)?;
            fifo::make(&ends.output)?;
            self.contenders.push(PipedContender {
                ends,
                lock: PathBuf::new(),
                conversation: None,
                input: None,
                output: None,
                complained: 0,
                rounds_left: 0,
            });
        }
        Ok(())
    }

    /// The named pipes of the contenders, by device and inode.
    ///
    /// # Errors
    ///
    /// When one is gone.
    pub(crate) fn streams(&self) -> io::Result<BTreeMap<(u64, u64), ProcessId>> {
        let mut streams = BTreeMap::new();
        for (process, contender) in ProcessId::first(self.contenders.len()).zip(&self.contenders) {
            for pipe in [&contender.ends.input, &contender.ends.output] {
                let there = fs::metadata(pipe)?;
                streams.insert((there.dev(), there.ino()), process);
            }
        }
        Ok(streams)
    }

    /// The names in the directory of the run through which the first contenders read and print.
    pub(crate) fn names(contenders: usize) -> BTreeSet<OsString> {
        let ends = ProcessId::first(contenders).map(|process| Ends::of(Path::new(""), process));
        let paths = ends.flat_map(|ends| [ends.input, ends.output, ends.complaints]);
        paths.map(PathBuf::into_os_string).collect()
    }

    fn rounds(&self, process: ProcessId) -> u32 {
        match self.scenario.kind {
            ScenarioKind::Cycle { rounds } if self.scenario.probe() != Some(process) => rounds,
            _ => 1,
        }
    }

    fn releases(&self) -> bool {
        matches!(self.scenario.kind, ScenarioKind::Cycle { .. })
    }
}

fn never(reason: String) -> Lost {
    let again = Retry::Never;
    Lost { reason, again }
}

/// Shortens paths in an event: they begin at the directory of the contender, as in its calls.
fn relative(mut what: What, lock: &Path) -> What {
    if let What::Failed { error } | What::ReleaseFailed { error } = &mut what
        && error.path == lock
    {
        error.path = Path::new("/").join(lock.file_name().unwrap_or_default());
    }
    what
}

/// All that is in a pipe now.
fn drain(pipe: &mut File) -> io::Result<Vec<u8>> {
    let mut bytes = Vec::new();
    match pipe.read_to_end(&mut bytes) {
        Err(error) if error.kind() != io::ErrorKind::WouldBlock => Err(error),
        _ => Ok(bytes),
    }
}

impl PipedContender {
    /// What the program has printed since the last time.
    fn printed(&mut self) -> io::Result<Vec<u8>> {
        self.output.as_mut().map_or(Ok(Vec::new()), drain)
    }

    /// The line of its error output that describes its last error, or else the last line.
    fn complaint(&self) -> Option<String> {
        let bytes = fs::read(&self.ends.complaints).ok()?;
        // A process that is started anew begins an empty file.
        let from = usize::try_from(self.complained)
            .ok()
            .filter(|from| *from <= bytes.len());
        let text = String::from_utf8_lossy(&bytes[from.unwrap_or(0)..]).into_owned();
        let lines = text.lines().rev().filter(|line| !line.trim().is_empty());
        let last: Vec<&str> = lines.take(LAST_LINES).collect();
        let describes = |line: &&&str| DESCRIBES.iter().any(|word| line.to_lowercase().contains(word));
        let line = last.iter().find(describes).or(last.first())?;
        Some(line.trim().chars().take(LONGEST_COMPLAINT).collect())
    }

    /// The end of its process, with its last error message.
    fn ending(&self, how: Ended) -> Ending {
        match how {
            Ended::Exited(0) | Ended::Killed(KILLED) => Ending::Plain,
            Ended::Exited(_) | Ended::Killed(_) => Ending::Error(match self.complaint() {
                Some(complaint) => format!("{how}: {complaint}"),
                None => how.to_string(),
            }),
        }
    }

    fn say(&mut self, line: &str) -> io::Result<()> {
        let Some(input) = self.input.as_mut() else {
            return Err(io::ErrorKind::BrokenPipe.into());
        };
        input.write_all(line.as_bytes())
    }
}

impl Channel for Pipes {
    fn renew(&mut self, scenario: &Scenario) -> io::Result<BTreeMap<(u64, u64), ProcessId>> {
        self.scenario.clone_from(scenario);
        self.add_contenders()?;
        self.streams()
    }

    fn begin(&mut self, locks: &[&Path]) -> io::Result<()> {
        for (process, lock) in ProcessId::first(self.contenders.len()).zip(locks) {
            // The first attempt of a test begins with it, as if it had been asked for.
            let begun = u32::from(self.program.kind == ProgramKind::Test);
            let rounds_left = self.rounds(process) - begun;
            let contender = &mut self.contenders[process.index()];
            contender.lock = self.program.lock_at.clone().unwrap_or_else(|| (*lock).to_owned());
            contender.rounds_left = rounds_left;
        }
        Ok(())
    }

    fn starts(&mut self, process: ProcessId) -> io::Result<()> {
        let kind = self.program.kind;
        let contender = &mut self.contenders[process.index()];
        contender.conversation = Some(Conversation::new(kind, &contender.lock));
        contender.complained = fs::metadata(&contender.ends.complaints).map_or(0, |file| file.len());
        contender.input = Some(fifo::open(&contender.ends.input)?);
        contender.output = Some(fifo::open(&contender.ends.output)?);
        // What was left from the last process.
        for end in [&mut contender.input, &mut contender.output] {
            drain(end.as_mut().expect("it was opened"))?;
        }
        Ok(())
    }

    fn acts(&mut self, process: ProcessId, heard: &mut Vec<What>) {
        if let Some(conversation) = &mut self.contenders[process.index()].conversation {
            conversation.acts(&mut |what| heard.push(what));
        }
    }

    fn read_output(&mut self, process: ProcessId, _: &Path, heard: &mut Vec<What>) -> Result<Sent, Lost> {
        let releases = self.releases();
        let contender = &mut self.contenders[process.index()];
        let unheard = |error: io::Error| never(format!("the output of {process} cannot be read: {error}"));
        let printed = contender.printed().map_err(unheard)?;
        let Some(conversation) = &mut contender.conversation else {
            return Ok(Sent::Nothing);
        };
        let lock = contender.lock.clone();
        let mut tell = |what| heard.push(relative(what, &lock));
        let protocol_error = |error: ProtocolError| never(format!("{process} {error}"));
        conversation.hear(&printed, &mut tell).map_err(protocol_error)?;
        let line = match conversation.owes() {
            Owes::Release if releases => Some(conversation.release(&mut tell).to_owned()),
            Owes::Acquire if contender.rounds_left > 0 => {
                contender.rounds_left -= 1;
                Some(conversation.acquire(&mut tell))
            }
            Owes::Acquire | Owes::End => None,
            Owes::Answer | Owes::Release => return Ok(Sent::Nothing),
        };
        match line {
            Some(line) => contender.say(&line).map_err(unheard)?,
            // The end of its input: it has nothing more to do.
            None if contender.input.take().is_none() => return Ok(Sent::Nothing),
            None => {}
        }
        Ok(Sent::Message)
    }

    fn goes_on_after(&self, process: ProcessId, how: Ended) -> bool {
        let conversation = self.contenders[process.index()].conversation.as_ref();
        let owes = conversation.map(Conversation::owes);
        // A command that is wrapped has answered when it ends.
        self.program.kind == ProgramKind::Driver
            && how == Ended::Exited(0)
            && matches!(owes, Some(Owes::Answer | Owes::Release))
    }

    fn gone(&mut self, process: ProcessId, how: Ended, heard: &mut Vec<What>) -> Result<bool, Lost> {
        let contender = &mut self.contenders[process.index()];
        let Some(mut conversation) = contender.conversation.take() else {
            return Ok(false);
        };
        if let Ended::Exited(code) = how
            && NOT_RUN.contains(&code)
            && conversation.owes() == Owes::Answer
        {
            return Err(never(format!("{process} could not be run: exit code {code}")));
        }
        let lock = contender.lock.clone();
        let served = conversation.serves();
        let ending = contender.ending(how);
        let mut tell = |what| heard.push(relative(what, &lock));
        conversation
            .ended(&ending, &mut tell)
            .map_err(|error| never(format!("{process} ended with {how}, and {error}")))?;
        if served {
            return Ok(false);
        }
        contender.rounds_left = contender.rounds_left.saturating_sub(1);
        Ok(contender.rounds_left > 0)
    }

    fn rests(&self, process: ProcessId) -> bool {
        let contender = &self.contenders[process.index()];
        contender.conversation.is_none() || self.holds(process) && !self.releases()
    }

    fn holds(&self, process: ProcessId) -> bool {
        let conversation = self.contenders[process.index()].conversation.as_ref();
        conversation.is_some_and(|conversation| conversation.owes() == Owes::Release)
    }

    fn waits_in_vain(&self, process: ProcessId, reads: &dyn Fn(&File) -> bool) -> bool {
        let contender = &self.contenders[process.index()];
        let owes = contender.conversation.as_ref().map(Conversation::owes);
        // What it has not read yet is its next message.
        let waits = |input: &File| !is_readable(input, Duration::ZERO) && reads(input);
        owes == Some(Owes::Answer) && contender.input.as_ref().is_some_and(waits)
    }

    fn is_silent(&self, process: ProcessId) -> bool {
        let conversation = self.contenders[process.index()].conversation.as_ref();
        conversation.is_some_and(Conversation::is_silent)
    }

    fn complaint(&self, process: ProcessId) -> Option<String> {
        self.contenders[process.index()].complaint()
    }

    fn end(&mut self) {
        for contender in &mut self.contenders {
            (contender.conversation, contender.input, contender.output) = (None, None, None);
        }
    }
}

/// The command `{hold}`: prints that the lock is held, and ends at the line `release` or at the end of its input.
///
/// # Errors
///
/// When the tracer is gone.
pub fn hold() -> io::Result<()> {
    let mut out = io::stdout();
    out.write_all(b"acquired\n")?;
    out.flush()?;
    let mut line = String::new();
    io::stdin().read_line(&mut line)?;
    Ok(())
}
