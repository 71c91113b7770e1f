//! What a contender does whose lock is a function: it attempts, tells its tracer, and waits for what comes next.
//!
//! The words are those of a driver, `crates/linux/src/tracer/channel/driver_protocol.rs`. Knows no exploration.

use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::super::attempt::Attempt;
use onewinner_core::backend::sim;
use onewinner_linux::tracer::channel::driver_protocol::{LONGEST_LINE, TOLD};

/// Attempts at `lock`, and wherever it is told to afterwards, until its input ends.
///
/// # Errors
///
/// When nobody listens.
pub(super) fn contend<G>(
    mut lock: PathBuf,
    attempt: &mut dyn FnMut(&Path) -> Attempt<G>,
    release: &mut dyn FnMut(G) -> Option<String>,
) -> io::Result<ExitCode> {
    // libtest would keep it for itself. Standard error is where the tracer looks for the last words of one that fails.
    std::panic::set_hook(Box::new(|panic| {
        let _unread = writeln!(io::stderr(), "{panic}");
    }));
    loop {
        match caught(|| attempt(&lock)) {
            Err(message) => return say("panicked", &message).map(|()| ExitCode::FAILURE),
            Ok(Attempt::Busy) => say("busy", "")?,
            Ok(Attempt::Failed(error)) => say("error", &error)?,
            Ok(Attempt::Acquired(guard)) => {
                say("acquired", "")?;
                if hear()?.is_none() {
                    // Nobody is there any more; a holder that is killed releases nothing.
                    std::mem::forget(guard);
                    return Ok(ExitCode::SUCCESS);
                }
                match caught(|| release(guard)) {
                    Err(message) => return say("panicked", &message).map(|()| ExitCode::FAILURE),
                    Ok(None) => say("released", "")?,
                    Ok(Some(error)) => say("error", &error)?,
                }
            }
        }
        match hear()?.as_deref().and_then(|line| line.strip_prefix("acquire ")) {
            Some(path) => lock = path.into(),
            None => return Ok(ExitCode::SUCCESS),
        }
    }
}

/// What the lock does, or the message of its panic.
fn caught<T>(deed: impl FnOnce() -> T) -> Result<T, String> {
    // Nothing of the closure is used again after a panic: the contender ends.
    catch_unwind(AssertUnwindSafe(deed)).map_err(|payload| sim::panic_message(&*payload))
}

/// A line of its own, whatever was printed before.
fn say(word: &str, text: &str) -> io::Result<()> {
    let room = LONGEST_LINE / 8;
    let text: String = text.replace(char::is_control, " ").chars().take(room).collect();
    let mut out = io::stdout().lock();
    // In one piece, for the tracer hears whatever is there.
    let line = format!("\n{TOLD}{word} {text}");
    out.write_all(format!("{}\n", line.trim_end()).as_bytes())?;
    out.flush()
}

fn hear() -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim_end_matches('\n').to_owned()))
}
