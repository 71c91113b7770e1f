//! The run directory of one target, owned by a separate process that makes, checks and removes it, because each of these may
//! hang for ever.

use std::io::{self, PipeReader, PipeWriter, Write};
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::unmeasured::Unmeasured;
use crate::mount::verify::{VerifyError, distinct, one_store};
use onewinner_linux::blame::Blame;
use onewinner_linux::run_directory::{RunDirectory, RunDirectoryError};
use onewinner_linux::sys::lines::Lines;
use onewinner_linux::sys::process::Ended;
use onewinner_linux::sys::supervisor::{Supervisor, Unfinished, Watch};
use onewinner_linux::sys::{Shared, futex};

/// The longest sleep before the process checks the word itself.
const LOOK_AGAIN: Duration = Duration::from_secs(1);

/// The word for the number of reports written.
const REPORTED: usize = 0;
/// The word for whether the directory may be removed.
const CLOSE: usize = 1;
const WORDS: usize = 2;

/// A report of the process, one line of JSON.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) enum DirReport {
    /// The directory was made with this name, on file systems of this type.
    Ready { name: String, kind: String },
    /// The path does not exist or is not a directory.
    WrongUse(String),
    /// The directory cannot be used.
    Refused(String),
    /// The directory was removed.
    Removed,
    /// The directory could not be removed.
    NotRemoved(String),
}

/// The process that owns the directory.
pub(super) struct IsolatedDir {
    supervisor: Supervisor,
    words: Shared<AtomicU32>,
    reports: Lines<PipeReader>,
    read: u32,
}

impl IsolatedDir {
    /// Starts to make a directory in the first of these mounts. [`next_report`](Self::next_report) returns the outcome, so that
    /// several directories can be made at the same time.
    pub(super) fn begin(ways: &[PathBuf]) -> Result<Self, Unmeasured> {
        let words = Shared::zeroed(WORDS)?;
        let (reader, writer) = io::pipe()?;
        let mut supervisor = Supervisor::default();
        supervisor.fork(|| {
            own_directory(ways, &words, &writer);
            0
        })?;
        Ok(Self {
            supervisor,
            words,
            reports: Lines::new(reader),
            read: 0,
        })
    }

    /// Waits for the next report.
    pub(super) fn next_report(&mut self, limit: Duration, interrupted: &AtomicBool) -> Result<DirReport, Unmeasured> {
        let cancelled = || interrupted.load(Ordering::Relaxed);
        let (words, read) = (&self.words, self.read);
        // The exit is checked before the count: a process that has ended writes no more reports.
        let is_reported = |ends: &[Option<Ended>]| {
            if words[REPORTED].load(Ordering::Acquire) > read {
                Some(Ok(()))
            } else {
                ends[0].map(Err)
            }
        };
        match self.supervisor.wait_until(&Watch::new(limit, &cancelled), is_reported) {
            Ok(Ok(())) => {}
            Ok(Err(ended)) | Err(Unfinished::Lost(ended)) => return Err(Unmeasured::Lost(ended)),
            Err(Unfinished::Cancelled) => return Err(Unmeasured::Interrupted),
            Err(Unfinished::TimedOut) => return Err(Unmeasured::Silent(limit)),
        }
        self.read += 1;
        // The line was written before it was counted.
        let line = self.reports.next_if_written()?.ok_or(io::ErrorKind::UnexpectedEof);
        Ok(serde_json::from_str(&line.map_err(io::Error::from)?).map_err(io::Error::from)?)
    }

    /// Asks the process to remove the directory, and waits for that. Returns why something is left, if so. The process is killed
    /// if it exceeds the limit.
    pub(super) fn close(mut self, limit: Duration) -> Option<String> {
        self.words[CLOSE].store(1, Ordering::Release);
        futex::wake_all(&self.words[CLOSE]);
        let never = AtomicBool::new(false);
        loop {
            match self.next_report(limit, &never) {
                Ok(DirReport::Ready { .. }) => {}
                Ok(DirReport::Removed | DirReport::WrongUse(_) | DirReport::Refused(_)) => return None,
                Ok(DirReport::NotRemoved(reason)) => return Some(reason),
                Err(error) => {
                    return Some(format!(
                        "failed to remove the run directory: {error}; remove it by hand, or measure there again"
                    ));
                }
            }
        }
    }
}

/// Runs the process.
fn own_directory(ways: &[PathBuf], words: &Shared<AtomicU32>, writer: &PipeWriter) {
    let send = |report: &DirReport| {
        let text = serde_json::to_string(report).expect("it is plain data");
        // The reader exists as long as its process, and this process ends with it.
        let mut writer = writer;
        let _unread = writeln!(writer, "{text}");
        words[REPORTED].fetch_add(1, Ordering::Release);
    };
    let run = match RunDirectory::create(&ways[0]) {
        Ok((run, _swept)) => run,
        Err(error @ (RunDirectoryError::Missing { .. } | RunDirectoryError::NotADirectory { .. })) => {
            return send(&DirReport::WrongUse(error.to_string()));
        }
        Err(error) => return send(&DirReport::Refused(error.to_string())),
    };
    let name = run
        .path()
        .file_name()
        .expect("a run has a directory of its own")
        .to_owned();
    let roots: Vec<PathBuf> = ways.iter().map(|way| way.join(&name)).collect();
    let kind = match kinds(ways).and_then(|kind| one_store(&roots).map(|()| kind)) {
        Ok(kind) => kind,
        Err(error) => {
            drop(run);
            let reason = error.to_string();
            return send(&if error.blame() == Blame::User {
                DirReport::WrongUse(reason)
            } else {
                DirReport::Refused(reason)
            });
        }
    };
    send(&DirReport::Ready {
        name: name.to_string_lossy().into_owned(),
        kind,
    });
    while words[CLOSE].load(Ordering::Acquire) == 0 {
        futex::wait(&words[CLOSE], 0, LOOK_AGAIN);
    }
    send(&match run.close_by(&roots[1..]) {
        Ok(()) => DirReport::Removed,
        Err(error) => DirReport::NotRemoved(error.to_string()),
    });
}

/// The types of the file systems, each once.
fn kinds(ways: &[PathBuf]) -> Result<String, VerifyError> {
    let identities = distinct(ways)?;
    let mut kinds: Vec<String> = identities.into_iter().map(|found| found.kind).collect();
    kinds.dedup();
    Ok(kinds.join(", "))
}
