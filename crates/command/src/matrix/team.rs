//! Processes that know each other's numbers and begin together, for what is no race.

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use onewinner_core::id::ProcessId;
use onewinner_linux::pid_table::PidTable;
use onewinner_linux::real_fs::RealFs;
use onewinner_linux::sys::Shared;
use onewinner_linux::sys::memory::ShareError;
use onewinner_linux::sys::process::{Ended, ForkError};
use onewinner_linux::sys::supervisor::{NEVER, Supervisor, Unfinished, Watch};

/// How often somebody looks whether it is its turn.
pub(super) const POLL: Duration = Duration::from_micros(50);

/// Why they did not come to their end.
#[derive(Debug, thiserror::Error)]
pub(super) enum TeamError {
    #[error(transparent)]
    Share(#[from] ShareError),
    #[error(transparent)]
    Fork(#[from] ForkError),
    #[error("a process died ({0})")]
    Died(Ended),
    #[error("a process did not come back from one operation within {} s, and had to be killed", .0.as_secs())]
    Hung(Duration),
    #[error("the processes {0:?} are left: a call holds them in the kernel, so that the file system hangs")]
    Unkillable(Vec<i32>),
}

/// What they share.
pub(super) struct Team {
    pid_table: PidTable,
    words: Shared<AtomicU64>,
}

impl Team {
    /// With so many words for what they tell each other.
    pub(super) fn new(processes: usize, words: usize) -> Result<Self, ShareError> {
        Ok(Self {
            pid_table: PidTable::new(processes)?,
            words: Shared::zeroed(words)?,
        })
    }

    /// Has each of them run `body`, and waits until all are at their end.
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
        match supervisor.all(&watch) {
            Ok(()) => Ok(()),
            Err(Unfinished::Lost(ended)) => Err(TeamError::Died(ended)),
            Err(Unfinished::TimedOut | Unfinished::Cancelled) => {
                let stuck = supervisor.end();
                Err(if stuck.is_empty() {
                    TeamError::Hung(limit)
                } else {
                    TeamError::Unkillable(stuck)
                })
            }
        }
    }

    /// Tells its number, and waits until all have told theirs: a lock may ask whether another one lives.
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

    /// Waits until the word has at least this value; the limit of [`run`](Self::run) ends it if nobody sets it.
    pub(super) fn wait(&self, word: usize, value: u64) {
        while self.get(word) < value {
            std::thread::sleep(POLL);
        }
    }
}
