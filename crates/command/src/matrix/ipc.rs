//! The exchange between a command and its worker: the command writes one line, the worker answers with lines. When its
//! input ends, the worker knows that the command has cancelled or died.
//!
//! Knows nothing of the content of the lines.

use std::io::{self, BufRead, Write};
use std::process::{Child, ChildStdin, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, channel};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use onewinner_linux::sys::lines::{Lines, Received};
use onewinner_linux::sys::process;
use onewinner_linux::sys::supervisor::kill_program;

/// The longest line of a worker, in bytes.
const LONGEST_LINE: usize = 256 * 1024 * 1024;
/// The time between two checks for an interrupt.
const POLL: Duration = Duration::from_millis(50);
/// How long a worker may take to clean up after an interrupt.
pub(super) const GRACE: Duration = Duration::from_secs(20);
/// How long a worker may be silent beyond the limit of its work: making a file system takes time, and a killed process may
/// not end.
pub(super) const SILENCE: Duration = Duration::from_secs(180);

/// How the exchange with a worker ended.
pub(super) enum End {
    /// The worker sent everything.
    Done,
    /// The user interrupted it.
    Interrupted,
    /// The worker could not serve the request, for this reason.
    Refused(String),
    /// The worker was lost, for this reason.
    Lost(String),
}

impl End {
    /// Why a result is missing.
    pub(super) fn reason(&self) -> &str {
        match self {
            Self::Done => "the worker process did not report it",
            Self::Interrupted => "interrupted",
            Self::Refused(reason) | Self::Lost(reason) => reason,
        }
    }
}

/// Runs this binary as a worker with one argument, sends the request, and passes each line to `receive` until that returns an
/// end. The worker is lost if a line takes longer than `limit` and [`SILENCE`] together.
///
/// # Errors
///
/// When the worker cannot be executed.
pub(super) fn ask_worker<L: DeserializeOwned>(
    argument: &str,
    request: &impl Serialize,
    limit: Duration,
    interrupted: &AtomicBool,
    receive: &mut dyn FnMut(L) -> Option<End>,
) -> io::Result<End> {
    // Not by name: the file may have been replaced.
    let mut worker = Command::new("/proc/self/exe")
        .arg(argument)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let heard = exchange(&mut worker, request, limit + SILENCE, interrupted, receive);
    // It may have ended by itself. If not, its output is no longer read. A process that a call holds in the kernel is left.
    let _gone = kill_program(&worker);
    // An error means that the worker was killed before it read the request, or in the middle of a line.
    Ok(heard.unwrap_or_else(|error| End::Lost(format!("the worker process was lost: {error}"))))
}

fn exchange<L: DeserializeOwned>(
    worker: &mut Child,
    request: &impl Serialize,
    patience: Duration,
    interrupted: &AtomicBool,
    receive: &mut dyn FnMut(L) -> Option<End>,
) -> io::Result<End> {
    let mut request = serde_json::to_vec(request)?;
    request.push(b'\n');
    let mut input = Some(send(worker.stdin.take().expect("it was piped"), request));
    let mut lines = Lines::new(worker.stdout.take().expect("it was piped"));
    let mut deadline = Instant::now() + patience;
    loop {
        if input.is_some() && interrupted.load(Ordering::Relaxed) {
            // When its input ends, the worker cleans up and exits.
            input = None;
            deadline = Instant::now() + GRACE;
        }
        let early = |reason: String| match input {
            Some(_) => End::Lost(reason),
            None => End::Interrupted,
        };
        match lines.next_within(POLL, LONGEST_LINE)? {
            Received::End(line) if line.is_empty() => return Ok(early("the worker process was lost".to_owned())),
            // A line that is not whole cannot be read, and says so.
            Received::Line(line) | Received::TooLong(line) | Received::End(line) => {
                if let Some(end) = receive(serde_json::from_slice(&line)?) {
                    // Wait until the worker has cleaned up.
                    let _ended = lines.next_within(GRACE, LONGEST_LINE);
                    return Ok(if input.is_none() { End::Interrupted } else { end });
                }
                if input.is_some() {
                    deadline = Instant::now() + patience;
                }
            }
            Received::Nothing if Instant::now() > deadline => {
                let reason = format!("the worker process was silent for {} s", patience.as_secs());
                return Ok(early(reason));
            }
            Received::Nothing => {}
        }
    }
}

/// Writes the request in a thread, because a worker that does not read it would block the writer. Dropping the receiver closes
/// the input once all is written. A worker that is gone is noticed by its output.
fn send(mut input: ChildStdin, request: Vec<u8>) -> Receiver<ChildStdin> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        if input.write_all(&request).is_ok() {
            let _closed = sender.send(input);
        }
    });
    receiver
}

/// Reads the request of this process, a worker.
pub(super) fn read_request<T: DeserializeOwned>() -> Result<T, String> {
    let mut line = String::new();
    let heard = io::stdin().lock().read_line(&mut line);
    heard.map_err(|error| error.to_string())?;
    let request: T = serde_json::from_str(&line).map_err(|error| error.to_string())?;
    process::ignore_interrupts().map_err(|error| format!("failed to ignore signals: {error}"))?;
    Ok(request)
}

/// Writes a message to standard output.
pub(super) fn print_message(line: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, line)?;
    out.write_all(b"\n")?;
    out.flush()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Longer than what a pipe holds.
    const LONG_REQUEST: usize = 1 << 20;

    #[test]
    fn a_worker_that_neither_reads_nor_answers_is_lost_at_the_limit() {
        let mut command = Command::new("sleep");
        command.arg("60").stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut worker = command.spawn().unwrap();
        let (request, patience) = ("x".repeat(LONG_REQUEST), Duration::from_millis(20));
        let end = exchange(
            &mut worker,
            &request,
            patience,
            &AtomicBool::new(false),
            &mut |_: ()| None,
        );
        assert!(kill_program(&worker));
        match end.unwrap() {
            End::Lost(reason) => assert!(reason.contains("silent"), "{reason}"),
            other => panic!("{}", other.reason()),
        }
    }
}
