//! Executing a program: the last thing that a forked process does in our code.

use std::convert::Infallible;
use std::ffi::CString;
use std::io;
use std::os::fd::AsFd;
use std::path::Path;

use nix::fcntl::{OFlag, open};
use nix::sys::prctl::set_pdeathsig;
use nix::sys::signal::{SigHandler, SigSet, SigmaskHow, Signal, signal, sigprocmask};
use nix::sys::stat::Mode;
use nix::unistd::{dup2_stderr, dup2_stdin, dup2_stdout, execve};

use super::counter;

/// A program with its arguments and its environment.
#[derive(Clone, Debug)]
pub struct Image {
    /// The file that is executed.
    pub file: CString,
    /// Its arguments; the first is its name.
    pub arguments: Vec<CString>,
    /// Its environment, each `NAME=value`.
    pub environment: Vec<CString>,
}

/// The standard streams of a program.
#[derive(Clone, Copy, Debug)]
pub struct Streams<'a> {
    /// Its standard input.
    pub input: &'a Path,
    /// Its standard output.
    pub output: &'a Path,
    /// Its standard error: a file that is created or truncated.
    pub complaints: &'a Path,
}

/// Replaces this process by the program: [execve(2)](https://man7.org/linux/man-pages/man2/execve.2.html). Signals get their
/// default actions, and the counter of the processor is taken from the program where that is possible.
///
/// # Errors
///
/// When a stream cannot be opened, or the file cannot be executed.
pub fn launch(image: &Image, streams: Streams<'_>) -> io::Result<Infallible> {
    let append = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_TRUNC | OFlag::O_APPEND;
    dup2_stdin(open(streams.input, OFlag::O_RDONLY | OFlag::O_CLOEXEC, Mode::empty())?.as_fd())?;
    dup2_stdout(open(streams.output, OFlag::O_WRONLY | OFlag::O_CLOEXEC, Mode::empty())?.as_fd())?;
    let complaints = open(
        streams.complaints,
        append | OFlag::O_CLOEXEC,
        Mode::S_IRUSR | Mode::S_IWUSR,
    )?;
    dup2_stderr(complaints.as_fd())?;
    for changed in [
        Signal::SIGINT,
        Signal::SIGTERM,
        Signal::SIGHUP,
        Signal::SIGCHLD,
        Signal::SIGPIPE,
    ] {
        // SAFETY: the default action of a signal installs no handler.
        unsafe { signal(changed, SigHandler::SigDfl) }?;
    }
    sigprocmask(SigmaskHow::SIG_SETMASK, Some(&SigSet::empty()), None)?;
    // The program dies with its tracer, and not when the process that forked it ends.
    set_pdeathsig(None)?;
    // Where it cannot be taken, the worker says so.
    let _counter = counter::take();
    Ok(execve(&image.file, &image.arguments, &image.environment)?)
}
