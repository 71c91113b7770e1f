//! Runs one piece of work in a separate process: if it hangs, the caller does not.
//!
//! The work runs in a forked process, and its result comes back through a pipe as one line of JSON.

use std::io::{self, BufRead, BufReader, PipeReader, Write};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::process::{Ended, ForkError, PANICKED, detach_streams, is_readable};
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
    let mut reader = BufReader::new(reader);
    match watched {
        Ok(()) => {
            let line = line_if_written(&mut reader)?.ok_or(IsolatedError::NoResult)?;
            Ok(serde_json::from_str(&line).map_err(io::Error::from)?)
        }
        Err(Unfinished::Lost(ended)) => {
            let said = match ended {
                Ended::Exited(PANICKED) => line_if_written(&mut reader)?,
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

/// Reads the next line if all of it was written, without its newline. Never waits.
///
/// A reader that waits for the end of the pipe may wait for ever: a program that the writer left in the background keeps
/// the pipe open.
///
/// # Errors
///
/// When the pipe cannot be read, or the line is not UTF-8.
pub fn line_if_written(reader: &mut BufReader<PipeReader>) -> io::Result<Option<String>> {
    let mut line = Vec::new();
    loop {
        if reader.buffer().is_empty() && !is_readable(reader.get_ref(), Duration::ZERO) {
            return Ok(None);
        }
        let written = reader.fill_buf()?;
        let Some(end) = written.iter().position(|byte| *byte == b'\n') else {
            let length = written.len();
            if length == 0 {
                return Ok(None); // The end of the pipe.
            }
            line.extend_from_slice(written);
            reader.consume(length);
            continue;
        };
        line.extend_from_slice(&written[..end]);
        reader.consume(end + 1);
        return match String::from_utf8(line) {
            Ok(line) => Ok(Some(line)),
            Err(error) => Err(io::Error::new(io::ErrorKind::InvalidData, error)),
        };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_not_there_is_not_waited_for_while_the_pipe_stays_open() {
        let (reader, mut writer) = io::pipe().unwrap();
        let mut reader = BufReader::new(reader);
        assert_eq!(line_if_written(&mut reader).unwrap(), None);
        let long = "x".repeat(20_000);
        write!(writer, "first\n{long}\nthe beginning of").unwrap();
        assert_eq!(line_if_written(&mut reader).unwrap().as_deref(), Some("first"));
        assert_eq!(line_if_written(&mut reader).unwrap(), Some(long));
        assert_eq!(line_if_written(&mut reader).unwrap(), None);
    }

    #[test]
    fn the_end_of_the_pipe_is_not_a_line() {
        let (reader, writer) = io::pipe().unwrap();
        drop(writer);
        assert_eq!(line_if_written(&mut BufReader::new(reader)).unwrap(), None);
    }
}
