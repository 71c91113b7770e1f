//! Processes that know each other's pids and take turns, in contrast to a race.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use onewinner_core::id::ProcessId;
use onewinner_linux::pid_table::PidTable;
use onewinner_linux::real_fs::RealFs;
use onewinner_linux::sys::Shared;
use onewinner_linux::sys::memory::ShareError;
use onewinner_linux::sys::process::{Ended, ForkError};
use onewinner_linux::sys::supervisor::{NEVER, Supervisor, Unfinished, Watch};

/// The time between two checks whether it is a process's turn.
pub(super) const POLL: Duration = Duration::from_micros(50);

/// Why the processes did not all end well.
#[derive(Debug, thiserror::Error)]
pub(super) enum TeamError {
    #[error(transparent)]
    Share(#[from] ShareError),
    #[error(transparent)]
    Fork(#[from] ForkError),
    #[error("a process died ({0})")]
    Died(Ended),
    #[error("one operation did not end within {} s; its process was killed", .0.as_secs())]
    Hung(Duration),
    #[error("the processes {0:?} cannot be killed: a system call holds them in the kernel, so the file system hangs")]
    Unkillable(Vec<i32>),
}

/// The memory that the processes share.
pub(super) struct Team {
    pid_table: PidTable,
    words: Shared<AtomicU64>,
}

impl Team {
    /// With this number of words for messages to each other.
    pub(super) fn new(processes: usize, words: usize) -> Result<Self, ShareError> {
        Ok(Self {
            pid_table: PidTable::new(processes)?,
            words: Shared::zeroed(words)?,
        })
    }

    /// Runs `body` in each process, and waits until all have ended.
    pub(super) fn run(&self, limit: Duration, body: impl Fn(ProcessId, &RealFs)) -> Result<(), TeamError> {
        let mut supervisor = Supervisor::default();
        for process in self.pid_table.contenders() {
            supervisor.fork(|| {
                body(process, &self.enter(process));
                0
            })?;
        }
        let watch = Watch {
            poll: POLL,
            ..Watch::new(limit, NEVER)
        };
        match supervisor.wait_for_all(&watch) {
            Ok(()) => Ok(()),
            Err(Unfinished::Lost(ended)) => Err(TeamError::Died(ended)),
            Err(Unfinished::TimedOut | Unfinished::Cancelled) => {
                let stuck = supervisor.kill_all();
                Err(if stuck.is_empty() {
                    TeamError::Hung(limit)
                } else {
                    TeamError::Unkillable(stuck)
                })
            }
        }
    }

    /// Enters the pid of the process and waits until all have entered: a lock may ask whether another process is alive. The
    /// limit of [`run`](Self::run) ends the wait.
    fn enter(&self, process: ProcessId) -> RealFs {
        std::panic::set_hook(Box::new(|_| {}));
        self.pid_table.enter(process);
        while !self.pid_table.is_complete() {
            std::thread::sleep(POLL);
        }
        RealFs::of(process, self.pid_table.peers())
    }

    pub(super) fn get(&self, word: usize) -> u64 {
        self.words[word].load(Ordering::Acquire)
    }

    pub(super) fn set(&self, word: usize, value: u64) {
        self.words[word].store(value, Ordering::Release);
    }

    /// Waits until the word has at least this value; the limit of [`run`](Self::run) ends the wait.
    pub(super) fn wait(&self, word: usize, value: u64) {
        while self.get(word) < value {
            std::thread::sleep(POLL);
        }
    }
}
