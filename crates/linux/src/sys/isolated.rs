//! Runs one piece of work in a separate process: if it hangs, the caller does not.
//!
//! The work runs in a forked process, and its result comes back through a pipe as one line of JSON.

use std::io::{self, Write};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::lines::Lines;
use super::process::{Ended, ForkError, PANICKED, detach_streams};
use super::supervisor::{Supervisor, Unfinished, Watch};

/// Why an isolated run has no result.
#[derive(Debug, thiserror::Error)]
pub enum IsolatedError {
    /// The limit passed.
    #[error("it did not end within {} s, and was killed: a call hangs, or it needs longer", .0.as_secs())]
    Hung(Duration),
    /// The limit passed, and the process survived SIGKILL.
    #[error("it hangs in a system call and cannot be killed")]
    Unkillable,
    /// The process died.
    #[error("its process died ({said})")]
    Died {
        /// How it ended.
        ended: Ended,
        /// How it ended in words, or the message of its panic.
        said: String,
    },
    /// The process ended well and wrote no result.
    #[error("its process ended without a result")]
    NoResult,
    /// The watch was cancelled.
    #[error("interrupted")]
    Interrupted,
    /// The process could not be forked.
    #[error(transparent)]
    Fork(#[from] ForkError),
    /// The pipe could not be made or read.
    #[error("failed to read the result of its process: {0}")]
    Pipe(#[from] io::Error),
}

/// Runs `body` in a separate process and returns its result, which has to fit in a pipe.
///
/// The standard streams of the process are redirected to `/dev/null`.
///
/// # Errors
///
/// When there is no result. Afterwards no process is left, except for [`IsolatedError::Unkillable`].
///
/// # Panics
///
/// Only in the other process, when the result cannot be serialised. The caller gets [`IsolatedError::Died`].
pub fn run_isolated<T: Serialize + DeserializeOwned>(
    watch: &Watch<'_>,
    body: impl FnOnce() -> T,
) -> Result<T, IsolatedError> {
    let (reader, writer) = io::pipe()?;
    let mut supervisor = Supervisor::default();
    supervisor.fork(|| {
        // The message of a panic goes through the pipe in place of the result.
        let said = writer.try_clone();
        std::panic::set_hook(Box::new(move |panic| {
            if let Ok(mut said) = said.as_ref() {
                let _unheard = writeln!(said, "{}", panic.to_string().replace('\n', " "));
            }
        }));
        // Without /dev/null the streams stay, which matters only if a call hangs for ever.
        let _kept = detach_streams();
        let text = serde_json::to_string(&body()).expect("the result is plain data");
        u8::from(writeln!(&writer, "{text}").is_err())
    })?;
    drop(writer);
    let watched = supervisor.wait_for_all(watch);
    let mut lines = Lines::new(reader);
    match watched {
        Ok(()) => {
            let line = lines.next_if_written()?.ok_or(IsolatedError::NoResult)?;
            Ok(serde_json::from_str(&line).map_err(io::Error::from)?)
        }
        Err(Unfinished::Lost(ended)) => {
            let said = match ended {
                Ended::Exited(PANICKED) => lines.next_if_written()?,
                _ => None,
            };
            let said = said.unwrap_or_else(|| ended.to_string());
            Err(IsolatedError::Died { ended, said })
        }
        Err(_) if !supervisor.kill_all().is_empty() => Err(IsolatedError::Unkillable),
        Err(Unfinished::Cancelled) => Err(IsolatedError::Interrupted),
        Err(Unfinished::TimedOut) => Err(IsolatedError::Hung(watch.limit)),
    }
}
