//! What the kernel lets this process do, each tried in a process of its own: to trace, to load filters, to make namespaces.
//!
//! Knows nothing of what is lost without it.

use std::fs::File;
use std::io::{self, Write};
use std::time::Duration;

use nix::sched::{CloneFlags, unshare};
use onewinner_core::fs::Errno;

use super::isolated::run_isolated;
use super::process::{Ended, Worker};
use super::supervisor::{NEVER, Supervisor, Unfinished, Watch};
use super::{namespace, seccomp, tracee, zygote};

/// How long one trial may take.
const LIMIT: Duration = Duration::from_secs(10);
/// Where the number of the last process of a PID namespace can be set:
/// [pid_namespaces(7)](https://man7.org/linux/man-pages/man7/pid_namespaces.7.html).
const LAST_PID: &str = "/proc/sys/kernel/ns_last_pid";

/// Nothing if it is allowed, otherwise what the kernel says, as `operation not permitted (EPERM)`.
pub type Allowed = Result<(), String>;

/// A kind of namespace: [namespaces(7)](https://man7.org/linux/man-pages/man7/namespaces.7.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Namespace {
    /// Users.
    User,
    /// Process numbers.
    Process,
    /// Mounts.
    Mount,
    /// Network devices and ports.
    Network,
    /// System V IPC and POSIX message queues.
    Ipc,
}

impl Namespace {
    /// All kinds that are tried.
    pub const ALL: [Self; 5] = [Self::User, Self::Process, Self::Mount, Self::Network, Self::Ipc];

    fn flag(self) -> CloneFlags {
        match self {
            Self::User => CloneFlags::CLONE_NEWUSER,
            Self::Process => CloneFlags::CLONE_NEWPID,
            Self::Mount => CloneFlags::CLONE_NEWNS,
            Self::Network => CloneFlags::CLONE_NEWNET,
            Self::Ipc => CloneFlags::CLONE_NEWIPC,
        }
    }
}

/// What the kernel lets this process do.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Abilities {
    /// To trace a child: [ptrace(2)](https://man7.org/linux/man-pages/man2/ptrace.2.html).
    pub ptrace: Allowed,
    /// To load a filter: [seccomp(2)](https://man7.org/linux/man-pages/man2/seccomp.2.html).
    pub seccomp: Allowed,
    /// To switch off address space randomisation: [personality(2)](https://man7.org/linux/man-pages/man2/personality.2.html).
    pub fixed_addresses: Allowed,
    /// To make a namespace of each kind, in the order of [`Namespace::ALL`].
    pub namespaces: [Allowed; Namespace::ALL.len()],
    /// To choose process numbers in a PID namespace of its own.
    pub last_pid: Allowed,
}

impl Abilities {
    /// Tries everything. This process, which must have a single thread, stays as it is.
    pub fn look() -> Self {
        Self {
            ptrace: tried(trace_a_child),
            seccomp: tried(|| seccomp::load_one_that_allows_all().map_err(|error| error.to_string())),
            fixed_addresses: tried(|| zygote::fix_addresses().map_err(|error| said(&error))),
            namespaces: Namespace::ALL.map(|namespace| tried(move || enter(namespace.flag()))),
            last_pid: tried(choose_a_number),
        }
    }
}

/// Tries something in a separate process.
fn tried(body: impl FnOnce() -> Allowed) -> Allowed {
    match run_isolated(&Watch::new(LIMIT, NEVER), body) {
        Ok(tried) => tried,
        Err(error) => Err(error.to_string()),
    }
}

fn trace_a_child() -> Allowed {
    let child = Worker::fork(|| {
        loop {
            std::thread::park();
        }
    });
    let child = child.map_err(|error| error.to_string())?;
    tracee::seize(child.pid()).map(drop).map_err(|error| said(&error))
}

/// Enters a namespace of each of these kinds; if only a user namespace gives the right to, then also one of those.
fn enter(kinds: CloneFlags) -> Allowed {
    let refused = match unshare(kinds) {
        Ok(()) => return Ok(()),
        Err(errno) => errno,
    };
    unshare(kinds | CloneFlags::CLONE_NEWUSER).map_err(|_| said(&refused.into()))
}

/// Sets the number of the last process, as the first process of a PID namespace.
fn choose_a_number() -> Allowed {
    enter(Namespace::Process.flag() | Namespace::Mount.flag())?;
    let mut supervisor = Supervisor::default();
    let first = Worker::fork_first(|| {
        let chosen = write_last_pid().or_else(|refused| {
            // In a container this file is read-only, and a new mount of it is not.
            let shown = namespace::make_private().and_then(|()| namespace::show_processes());
            shown.map_err(|_| refused)?;
            write_last_pid()
        });
        match chosen {
            Ok(()) => 0,
            Err(error) => u8::try_from(error.raw_os_error().unwrap_or(libc::EIO)).unwrap_or(u8::MAX),
        }
    });
    supervisor.add(first.map_err(|error| error.to_string())?);
    match supervisor.wait_for_all(&Watch::new(LIMIT, NEVER)) {
        Ok(()) => Ok(()),
        Err(Unfinished::Lost(Ended::Exited(number))) => Err(said(&io::Error::from_raw_os_error(number.into()))),
        Err(_) => Err("the trial did not end".to_owned()),
    }
}

fn write_last_pid() -> io::Result<()> {
    File::options().write(true).open(LAST_PID)?.write_all(b"1000")
}

/// What the kernel says, in words.
fn said(error: &io::Error) -> String {
    match error.raw_os_error().map(Errno::from_raw) {
        Some(errno) => format!("{} ({errno})", errno.text()),
        None => error.to_string(),
    }
}
