//! A conversation of two processes: one line asks, lines answer, and that the asker wants no more, or is dead, is told by the
//! end of what the answerer reads.
//!
//! Knows nothing of what is asked for.

use std::io::{self, BufRead, BufReader, Write};
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, channel};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use onewinner_linux::sys::process;
use onewinner_linux::sys::supervisor::end_program;

/// How often it is looked whether the user wants no more.
const POLL: Duration = Duration::from_millis(50);
/// How long a worker may take to clean up.
const GRACE: Duration = Duration::from_secs(20);
/// How long it may be silent beyond the limit of its work: a file system is made, or a killed process does not go.
const SILENCE: Duration = Duration::from_secs(180);

/// How a conversation ended.
pub(super) enum End {
    /// All was told.
    Told,
    /// The user wants no more.
    Interrupted,
    /// The worker cannot do it, for this reason.
    Refused(String),
    /// The worker did not come to its end, for this reason.
    Lost(String),
}

impl End {
    /// Why something was not told.
    pub(super) fn reason(&self) -> &str {
        match self {
            Self::Told => "the worker process told nothing of it",
            Self::Interrupted => "interrupted",
            Self::Refused(reason) | Self::Lost(reason) => reason,
        }
    }
}

/// Executes this binary once more with one argument, asks it, and hears until it is at its end; `limit` is what it may take from
/// one line to the next. `hear` tells how it ends if a line is the last.
///
/// # Errors
///
/// When it cannot be executed.
pub(super) fn converse<L: DeserializeOwned>(
    argument: &str,
    request: &impl Serialize,
    limit: Duration,
    interrupted: &AtomicBool,
    hear: &mut dyn FnMut(L) -> Option<End>,
) -> io::Result<End> {
    // Not by name: the file may have been replaced.
    let mut worker = Command::new("/proc/self/exe")
        .arg(argument)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()?;
    let heard = ask_and_hear(&mut worker, request, limit + SILENCE, interrupted, hear);
    // It may have ended by itself; if not, nobody listens to it any more. One that a call holds in the kernel is left.
    let _gone = end_program(&worker);
    // Else it was killed before it had heard the request, or in the middle of a word.
    Ok(heard.unwrap_or_else(|error| End::Lost(format!("the worker process was lost: {error}"))))
}

fn ask_and_hear<L: DeserializeOwned>(
    worker: &mut Child,
    request: &impl Serialize,
    patience: Duration,
    interrupted: &AtomicBool,
    hear: &mut dyn FnMut(L) -> Option<End>,
) -> io::Result<End> {
    let mut input = worker.stdin.take().expect("it was piped");
    serde_json::to_writer(&mut input, request)?;
    input.write_all(b"\n")?;
    let mut input = Some(input);
    let lines = lines(worker.stdout.take().expect("it was piped"));
    let mut deadline = Instant::now() + patience;
    loop {
        if input.is_some() && interrupted.load(Ordering::Relaxed) {
            // That its input is at an end tells the worker to clean up and go.
            input = None;
            deadline = Instant::now() + GRACE;
        }
        let early = |reason: String| match input {
            Some(_) => End::Lost(reason),
            None => End::Interrupted,
        };
        match lines.recv_timeout(POLL) {
            Ok(line) => {
                if let Some(end) = hear(serde_json::from_str(&line?)?) {
                    // Until it has cleaned up.
                    let _ended = lines.recv_timeout(GRACE);
                    return Ok(if input.is_none() { End::Interrupted } else { end });
                }
                if input.is_some() {
                    deadline = Instant::now() + patience;
                }
            }
            Err(RecvTimeoutError::Disconnected) => return Ok(early("the worker process was lost".to_owned())),
            Err(RecvTimeoutError::Timeout) if Instant::now() > deadline => {
                let reason = format!("the worker process said nothing for {} s", patience.as_secs());
                return Ok(early(reason));
            }
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// The lines of a worker, read by a thread: who waits for one can look at the clock meanwhile.
fn lines(output: ChildStdout) -> Receiver<io::Result<String>> {
    let (sender, receiver) = channel();
    std::thread::spawn(move || {
        for line in BufReader::new(output).lines() {
            // Nobody listens any more.
            if sender.send(line).is_err() {
                return;
            }
        }
    });
    receiver
}

/// What this process, a worker, is asked for.
pub(super) fn request<T: DeserializeOwned>() -> Result<T, String> {
    let mut line = String::new();
    let heard = io::stdin().lock().read_line(&mut line);
    heard.map_err(|error| error.to_string())?;
    let request: T = serde_json::from_str(&line).map_err(|error| error.to_string())?;
    process::leave_interrupts_to_others().map_err(|error| format!("failed to ignore signals: {error}"))?;
    Ok(request)
}

/// Answers with a line.
pub(super) fn say(line: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, line)?;
    out.write_all(b"\n")?;
    out.flush()
}
