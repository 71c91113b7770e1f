//! The run directory of one place, kept by a process of its own: it is looked at, made and removed there, because any of
//! that may hang for ever.
//!
//! Deliberately knows nothing of what is measured in it.

use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::unmeasured::Unmeasured;
use crate::mount::verify::{VerifyError, one_store, told_apart};
use onewinner_linux::run_directory::{RunDirectory, RunDirectoryError};
use onewinner_linux::sys::process::Ended;
use onewinner_linux::sys::supervisor::{Supervisor, Unfinished, Watch};
use onewinner_linux::sys::{Shared, futex};

/// How long it trusts the kernel to wake it.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The word that says how many lines it has told.
const TOLD: usize = 0;
/// The word that says whether the directory is needed no more.
const ENOUGH: usize = 1;
const WORDS: usize = 2;

/// A line of the process.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum Told {
    /// The directory is there, under this name, on file systems of this type.
    Kept { name: String, kind: String },
    /// There is no such directory.
    Misused(String),
    /// It is of no use.
    Refused(String),
    /// The directory is removed.
    Gone,
    /// It could not be.
    Remains(String),
}

/// The process.
pub(super) struct Keeper {
    supervisor: Supervisor,
    words: Shared<AtomicU32>,
    reader: BufReader<PipeReader>,
    heard: u32,
}

impl Keeper {
    /// Begins to make a directory by way of the first of these; what came of it is [heard](Self::hear) later, so that
    /// several can be at it.
    pub(super) fn begin(ways: &[PathBuf]) -> Result<Self, Unmeasured> {
        let words = Shared::zeroed(WORDS)?;
        let (reader, writer) = std::io::pipe()?;
        let mut supervisor = Supervisor::default();
        supervisor.fork(|| {
            keep(ways, &words, &writer);
            0
        })?;
        Ok(Self {
            supervisor,
            words,
            reader: BufReader::new(reader),
            heard: 0,
        })
    }

    /// The next thing that it tells.
    pub(super) fn hear(&mut self, limit: Duration, interrupted: &AtomicBool) -> Result<Told, Unmeasured> {
        let cancelled = || interrupted.load(Ordering::Relaxed);
        let (words, heard) = (&self.words, self.heard);
        // Whether it ended is known before the look for a line: afterwards none comes any more.
        let told = |ends: &[Option<Ended>]| {
            if words[TOLD].load(Ordering::Acquire) > heard {
                Some(Ok(()))
            } else {
                ends[0].map(Err)
            }
        };
        match self.supervisor.until(&Watch::new(limit, &cancelled), told) {
            Ok(Ok(())) => {}
            Ok(Err(ended)) | Err(Unfinished::Lost(ended)) => return Err(Unmeasured::Lost(ended)),
            Err(Unfinished::Cancelled) => return Err(Unmeasured::Interrupted),
            Err(Unfinished::TimedOut) => return Err(Unmeasured::Silent(limit)),
        }
        self.heard += 1;
        let mut line = String::new();
        self.reader.read_line(&mut line)?;
        Ok(serde_json::from_str(&line).map_err(std::io::Error::from)?)
    }

    /// Has the directory removed, and waits for that; tells what is left. A process that does not come to it is killed.
    pub(super) fn close(mut self, limit: Duration) -> Option<String> {
        self.words[ENOUGH].store(1, Ordering::Release);
        futex::wake_all(&self.words[ENOUGH]);
        let never = AtomicBool::new(false);
        loop {
            match self.hear(limit, &never) {
                Ok(Told::Kept { .. }) => {}
                Ok(Told::Gone | Told::Misused(_) | Told::Refused(_)) => return None,
                Ok(Told::Remains(reason)) => return Some(reason),
                Err(error) => {
                    return Some(format!(
                        "failed to remove the run directory: {error}; remove what is left, or measure there again"
                    ));
                }
            }
        }
    }
}

/// The life of the process.
fn keep(ways: &[PathBuf], words: &Shared<AtomicU32>, writer: &PipeWriter) {
    let tell = |told: &Told| {
        let text = serde_json::to_string(told).expect("it is plain data");
        // If nobody reads it, nobody is there, and this process ends with the other.
        let mut writer = writer;
        let _unread = writeln!(writer, "{text}");
        words[TOLD].fetch_add(1, Ordering::Release);
    };
    let run = match RunDirectory::create(&ways[0]) {
        Ok((run, _swept)) => run,
        Err(error @ (RunDirectoryError::Missing { .. } | RunDirectoryError::NotADirectory { .. })) => {
            return tell(&Told::Misused(error.to_string()));
        }
        Err(error) => return tell(&Told::Refused(error.to_string())),
    };
    let name = run
        .path()
        .file_name()
        .expect("a run has a directory of its own")
        .to_owned();
    let roots: Vec<PathBuf> = ways.iter().map(|way| way.join(&name)).collect();
    let kind = match look(ways).and_then(|kind| one_store(&roots).map(|()| kind)) {
        Ok(kind) => kind,
        Err(error) => {
            drop(run);
            let reason = error.to_string();
            return tell(&if error.is_misuse() {
                Told::Misused(reason)
            } else {
                Told::Refused(reason)
            });
        }
    };
    tell(&Told::Kept {
        name: name.to_string_lossy().into_owned(),
        kind,
    });
    while words[ENOUGH].load(Ordering::Acquire) == 0 {
        futex::wait(&words[ENOUGH], 0, LOOK_AGAIN);
    }
    tell(&match run.close_by(&roots[1..]) {
        Ok(()) => Told::Gone,
        Err(error) => Told::Remains(error.to_string()),
    });
}

/// The types of the file systems, each once.
fn look(ways: &[PathBuf]) -> Result<String, VerifyError> {
    let identities = told_apart(ways)?;
    let mut kinds: Vec<String> = identities.into_iter().map(|found| found.kind).collect();
    kinds.dedup();
    Ok(kinds.join(", "))
}
