//! Processes whose parents have ended: this process becomes their parent, and ends them.
//!
//! A tracer follows what its tracees start, unless they ask the kernel not to be followed (`CLONE_UNTRACED`, clone(2)). In a PID
//! namespace of its own the kernel ends everything with the first process; this is for machines that refuse one.

use std::collections::BTreeSet;
use std::fs;
use std::io;
use std::time::{Duration, Instant};

use nix::errno::Errno as KernelErrno;
use nix::sys::prctl::set_child_subreaper;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::{Pid, getpid};

use super::task_state::parent;
use super::tracee::kill_process;

/// The time between two looks at the children.
const POLL: Duration = Duration::from_millis(1);

/// Ends what this process becomes the parent of.
#[derive(Debug)]
pub struct Orphans {
    /// The children that it had before.
    spared: BTreeSet<i32>,
}

impl Orphans {
    /// From now on this process is the parent of each descendant whose parent ends: `PR_SET_CHILD_SUBREAPER`,
    /// [prctl(2)](https://man7.org/linux/man-pages/man2/PR_SET_CHILD_SUBREAPER.2const.html).
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub fn adopt() -> io::Result<Self> {
        set_child_subreaper(true)?;
        let spared = children().into_iter().collect();
        Ok(Self { spared })
    }

    /// Kills all children but those that this process had before, and what they leave behind in turn. Returns whether all are
    /// gone within `limit`.
    ///
    /// Nothing else may wait for a child of this process.
    pub fn kill(&self, limit: Duration) -> bool {
        let deadline = Instant::now() + limit;
        loop {
            if !reap() {
                return true;
            }
            let left: Vec<i32> = children()
                .into_iter()
                .filter(|child| !self.spared.contains(child))
                .collect();
            if left.is_empty() {
                return true;
            }
            left.into_iter().for_each(kill_process);
            if Instant::now() > deadline {
                return false;
            }
            std::thread::sleep(POLL);
        }
    }
}

/// Waits for the children that have ended; returns whether there are others.
fn reap() -> bool {
    loop {
        match waitpid(None, Some(WaitPidFlag::WNOHANG | WaitPidFlag::__WALL)) {
            Ok(WaitStatus::StillAlive) => return true,
            Err(KernelErrno::ECHILD) => return false,
            // One has ended, or a traced one has stopped.
            Ok(_) | Err(_) => {}
        }
    }
}

/// The children of this process. None where `/proc` belongs to another PID namespace: there its numbers name other processes.
fn children() -> Vec<i32> {
    let own = getpid();
    let shown = fs::read_link("/proc/self").ok();
    let shown = shown.and_then(|link| link.to_str()?.parse().ok()).map(Pid::from_raw);
    let (true, Ok(entries)) = (shown == Some(own), fs::read_dir("/proc")) else {
        return Vec::new();
    };
    let numbers = entries.filter_map(|entry| entry.ok()?.file_name().to_str()?.parse().ok());
    numbers
        .filter(|process| parent(*process) == Some(own.as_raw()))
        .collect()
}
