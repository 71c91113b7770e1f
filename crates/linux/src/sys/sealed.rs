//! A world of their own for traced programs: private process numbers, mounts, network, IPC and host name.
//!
//! ```text
//!  worker ──fork──▶ enters the namespaces ──fork──▶ their first process: it runs the body
//! ```
//!
//! The first process of a process namespace is the parent of all orphans there, and when it ends the kernel kills all others:
//! [pid_namespaces(7)](https://man7.org/linux/man-pages/man7/pid_namespaces.7.html). Numbers of processes can be chosen there.
//! Knows nothing of tracing.

use std::fs::{self, File};
use std::io::{self, Write};
use std::os::unix::fs::FileExt;

use nix::sched::CloneFlags;
use nix::sys::prctl::set_dumpable;
use nix::unistd::sethostname;
use serde::{Deserialize, Serialize};

use super::lines::Lines;
use super::loopback;
use super::namespace::{NamespaceError, Rights, enter_as, make_private, show_processes};
use super::process::{self, Ended, PANICKED, Worker};

/// The host name that programs see.
const HOST: &str = "onewinner";

/// Where the number of the last process of the namespace is read and set:
/// [proc_sys_kernel(5)](https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html), `ns_last_pid`.
const LAST_NUMBER: &str = "/proc/sys/kernel/ns_last_pid";

/// Why there is no sealed world. The text names the step that failed, and what the kernel said.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{step}: {error}")]
pub struct Unsealed {
    /// What could not be done.
    pub step: String,
    /// What the kernel said.
    pub error: String,
}

impl Unsealed {
    /// This step failed.
    pub fn at(step: &'static str) -> impl Fn(io::Error) -> Self {
        move |error| Self {
            step: step.to_owned(),
            error: error.to_string(),
        }
    }
}

/// The namespaces in which this process is the first one.
#[derive(Debug)]
pub struct World {
    /// Chooses the numbers of new processes.
    pub numbers: NextNumber,
    /// The rights of this process in them.
    pub rights: Rights,
}

/// Chooses the number of the next process of this namespace.
#[derive(Debug)]
pub struct NextNumber(File);

impl NextNumber {
    fn open() -> io::Result<Self> {
        let numbers = Self(File::options().write(true).open(LAST_NUMBER)?);
        // The first process has number 1: this changes nothing.
        numbers.choose(2)?;
        Ok(numbers)
    }

    /// The next task of this namespace gets this number, if no process, process group or session has it.
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub fn choose(&self, number: i32) -> io::Result<()> {
        // At the beginning of the file: elsewhere the kernel ignores it (sysctl_writes_strict).
        self.0.write_all_at((number - 1).to_string().as_bytes(), 0)
    }
}

/// The largest number of a process.
///
/// # Errors
///
/// When `/proc` cannot be read.
pub fn largest_number() -> io::Result<i32> {
    let text = fs::read_to_string("/proc/sys/kernel/pid_max")?;
    text.trim().parse().map_err(io::Error::other)
}

/// Runs `body` once, and returns its result: as the first process of new namespaces; or in this process, with the reason, where
/// there are none. This process must have a single thread.
///
/// All processes die with this one.
pub fn run(body: impl FnOnce(Result<World, Unsealed>) -> u8) -> u8 {
    let mut body = Some(body);
    let mut inside = |world| body.take().map_or(PANICKED, |body| body(Ok(world)));
    match run_inside(&mut inside) {
        Ok(code) => code,
        // In this process it has not run.
        Err(unsealed) => body.take().map_or(PANICKED, |body| body(Err(unsealed))),
    }
}

fn run_inside(inside: &mut dyn FnMut(World) -> u8) -> Result<u8, Unsealed> {
    let refused = Unsealed::at("a process for the namespaces cannot be started");
    let forked = |error: process::ForkError| refused(io::Error::other(error));
    let (reader, writer) = io::pipe().map_err(&refused)?;
    let mut writer = Some(writer);
    let parent = std::process::id();
    let mut outer = Worker::fork(|| {
        let writer = writer.take();
        let tell = |unsealed: &Unsealed| {
            // If nobody reads it, the exit code says that something failed.
            let _unread = writer
                .as_ref()
                .map(|mut writer| writeln!(writer, "{}", serde_json::json!(unsealed)));
            PANICKED
        };
        let rights = match enter(parent) {
            Ok(rights) => rights,
            Err(unsealed) => return tell(&unsealed),
        };
        let first = Worker::fork_first(|| match settle(rights) {
            Ok(world) => inside(world),
            Err(unsealed) => tell(&unsealed),
        });
        match first {
            Ok(mut first) => code(first.wait()),
            Err(error) => tell(&Unsealed::at("the first process cannot be started")(io::Error::other(
                error,
            ))),
        }
    })
    .map_err(forked)?;
    drop(writer.take());
    let ended = outer.wait();
    let reported = Lines::new(reader).next_if_written().map_err(&refused)?;
    match reported.and_then(|line| serde_json::from_str(&line).ok()) {
        Some(unsealed) => Err(unsealed),
        None => Ok(code(ended)),
    }
}

fn code(ended: Ended) -> u8 {
    match ended {
        Ended::Exited(code) => code,
        Ended::Killed(_) => PANICKED,
    }
}

/// Moves this process to new namespaces, and its next child to a process namespace. `parent` is its parent.
fn enter(parent: u32) -> Result<Rights, Unsealed> {
    let ours = CloneFlags::CLONE_NEWNS
        | CloneFlags::CLONE_NEWPID
        | CloneFlags::CLONE_NEWNET
        | CloneFlags::CLONE_NEWIPC
        | CloneFlags::CLONE_NEWUTS;
    // The user stays who it is: programs look at it.
    let rights = enter_as(ours, |own| own).map_err(|error| match error {
        NamespaceError::Unmapped(error) => Unsealed::at("the user cannot be mapped")(error),
        NamespaceError::Refused { errno } | NamespaceError::Public { errno } => {
            Unsealed::at("namespaces are refused")(errno.into())
        }
    })?;
    // With a new user namespace the kernel resets both: `commit_creds` in kernel/cred.c.
    set_dumpable(true).map_err(|errno| Unsealed::at("this process cannot be traced")(errno.into()))?;
    process::die_with(parent).map_err(Unsealed::at("its parent has ended"))?;
    Ok(rights)
}

/// Prepares the namespaces from their first process.
fn settle(rights: Rights) -> Result<World, Unsealed> {
    make_private().map_err(|errno| Unsealed::at("mounts cannot be made private")(errno.into()))?;
    show_processes().map_err(|errno| Unsealed::at("/proc cannot be mounted")(errno.into()))?;
    let numbers = NextNumber::open().map_err(Unsealed::at("process numbers cannot be chosen"))?;
    loopback::up().map_err(Unsealed::at("the loopback interface cannot be started"))?;
    sethostname(HOST).map_err(|errno| Unsealed::at("the host name cannot be set")(errno.into()))?;
    Ok(World { numbers, rights })
}
