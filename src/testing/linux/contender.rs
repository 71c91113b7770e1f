//! A contender whose lock is a function: it tries to acquire, reports to its tracer, and waits for the next command.
//!
//! It follows the driver protocol. Knows no exploration.

use std::io::{self, BufRead, Write};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use super::super::attempt::Attempt;
use onewinner_core::backend::sim;
use onewinner_linux::tracer::channel::driver_protocol::{LONGEST_LINE, TEST_PREFIX};

/// Tries to acquire `lock`, then each lock that the tracer names, until the input ends.
///
/// # Errors
///
/// If the tracer has closed the pipe.
pub(super) fn contend<G>(
    mut lock: PathBuf,
    attempt: &mut dyn FnMut(&Path) -> Attempt<G>,
    release: &mut dyn FnMut(G) -> Option<String>,
) -> io::Result<ExitCode> {
    // libtest would capture the message; the tracer reads it from standard error.
    std::panic::set_hook(Box::new(|panic| {
        let _closed = writeln!(io::stderr(), "{panic}");
    }));
    loop {
        match caught(|| attempt(&lock)) {
            Err(message) => return send_panic(&message).map(|()| ExitCode::FAILURE),
            Ok(Attempt::Busy) => send("busy", "")?,
            Ok(Attempt::Failed(error)) => send("error", &error)?,
            Ok(Attempt::Acquired(guard)) => {
                send("acquired", "")?;
                if receive()?.is_none() {
                    // The tracer is gone. As if killed, release nothing.
                    std::mem::forget(guard);
                    return Ok(ExitCode::SUCCESS);
                }
                match caught(|| release(guard)) {
                    Err(message) => return send_panic(&message).map(|()| ExitCode::FAILURE),
                    Ok(None) => send("released", "")?,
                    Ok(Some(error)) => send("error", &error)?,
                }
            }
        }
        match receive()?.as_deref().and_then(|line| line.strip_prefix("acquire ")) {
            Some(path) => lock = path.into(),
            None => return Ok(ExitCode::SUCCESS),
        }
    }
}

/// Runs `operation`; a panic becomes an error with its message.
fn caught<T>(operation: impl FnOnce() -> T) -> Result<T, String> {
    // After a panic the contender ends, so it uses nothing of the closure again.
    catch_unwind(AssertUnwindSafe(operation)).map_err(|payload| sim::panic_message(&*payload))
}

/// How the panic of `std::thread::spawn` begins, if it cannot start a thread.
const NO_THREAD: &str = "failed to spawn thread";

/// Reports a panic. That a thread cannot be started is no fault of the lock: libtest could not start one here either.
fn send_panic(message: &str) -> io::Result<()> {
    if message.starts_with(NO_THREAD) {
        return send(
            "unsupported",
            "the contender started a thread; give it a stack size (`std::thread::Builder::stack_size`), or check the lock as a \
             program with `onewinner explore --driver`",
        );
    }
    send("panicked", message)
}

/// Prints a separate line, even if the lock printed a part of a line before.
fn send(word: &str, text: &str) -> io::Result<()> {
    let room = LONGEST_LINE / 8;
    let text: String = text.replace(char::is_control, " ").chars().take(room).collect();
    let mut out = io::stdout().lock();
    // In one write, because the tracer reads whatever has arrived.
    let line = format!("\n{TEST_PREFIX}{word} {text}");
    out.write_all(format!("{}\n", line.trim_end()).as_bytes())?;
    out.flush()
}

fn receive() -> io::Result<Option<String>> {
    let mut line = String::new();
    let read = io::stdin().lock().read_line(&mut line)?;
    Ok((read > 0).then(|| line.trim_end_matches('\n').to_owned()))
}
