//! The channel between the tracer and contenders, whatever contenders are.
//!
//! | file | what it holds |
//! |---|---|
//! | `shared_state.rs` | events of a lock over `Fs`, in shared memory |
//! | `pipes.rs` | programs, which read and print lines |
//! | `driver_protocol.rs` | what those lines mean |
//!
//! The tracer asks about a contender only while that is quiet, so each message belongs to the step before it.

pub mod driver_protocol;
pub mod pipes;
pub(crate) mod shared_state;

use std::collections::BTreeMap;
use std::fs::File;
use std::io;
use std::path::Path;

use self::shared_state::SharedState;
use crate::sys::process::Ended;
use onewinner_core::explore::Lost;
use onewinner_core::history::What;
use onewinner_core::id::ProcessId;
use onewinner_core::scenario::Scenario;

/// What the tracer sent to a contender after it had read its output.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Nothing.
    Nothing,
    /// A message, or the end of its input: it runs until it is quiet again.
    Message,
}

/// Exchanges messages with contenders.
///
/// For each execution [`begin`](Self::begin) comes first and [`end`](Self::end) last. The output of a contender is read whenever
/// it is quiet. When its first process has ended, [`gone`](Self::gone) returns whether it is started once more.
pub(crate) trait Channel {
    /// Another search of the same program begins, with this scenario. Returns the named pipes of its contenders, by device and
    /// inode.
    fn renew(&mut self, _scenario: &Scenario) -> io::Result<BTreeMap<(u64, u64), ProcessId>> {
        Ok(BTreeMap::new())
    }

    /// An execution begins; process *i* works on the lock of its own directory.
    fn begin(&mut self, locks: &[&Path]) -> io::Result<()>;

    /// A contender is about to be started, the first time or again.
    fn starts(&mut self, process: ProcessId) -> io::Result<()>;

    /// A contender is about to take a step.
    fn acts(&mut self, _process: ProcessId, _heard: &mut Vec<What>) {}

    /// Reads what a quiet contender has printed since the last time; paths in it begin at its directory.
    fn read_output(&mut self, process: ProcessId, directory: &Path, heard: &mut Vec<What>) -> Result<Sent, Lost>;

    /// Whether a contender whose first process has ended so may still answer, by another process: a daemon does.
    fn goes_on_after(&self, _process: ProcessId, _how: Ended) -> bool {
        false
    }

    /// The first process of a contender ended, as a step. Returns whether another round starts with a new one.
    fn gone(&mut self, process: ProcessId, how: Ended, heard: &mut Vec<What>) -> Result<bool, Lost>;

    /// Whether a contender that still runs has nothing more to do.
    fn rests(&self, process: ProcessId) -> bool;

    /// Whether a contender holds the lock, and does not release it yet.
    fn holds(&self, _process: ProcessId) -> bool {
        false
    }

    /// Whether a contender that owes an answer waits for a message instead. `reads` says whether it is blocked in a read of a
    /// file.
    fn waits_in_vain(&self, _process: ProcessId, _reads: &dyn Fn(&File) -> bool) -> bool {
        false
    }

    /// Whether no message was exchanged with the contender since its start.
    fn is_silent(&self, _process: ProcessId) -> bool {
        false
    }

    /// The last error message of the contender.
    fn complaint(&self, _process: ProcessId) -> Option<String> {
        None
    }

    /// All contenders have ended.
    fn end(&mut self) {}
}

impl Channel for std::rc::Rc<SharedState> {
    fn begin(&mut self, _: &[&Path]) -> io::Result<()> {
        SharedState::begin(self);
        Ok(())
    }

    fn starts(&mut self, _: ProcessId) -> io::Result<()> {
        Ok(())
    }

    fn read_output(&mut self, process: ProcessId, directory: &Path, heard: &mut Vec<What>) -> Result<Sent, Lost> {
        heard.extend(self.drain(process, directory));
        Ok(Sent::Nothing)
    }

    fn gone(&mut self, _: ProcessId, _: Ended, _: &mut Vec<What>) -> Result<bool, Lost> {
        Ok(false)
    }

    /// It is stopped at its exit then.
    fn rests(&self, _: ProcessId) -> bool {
        false
    }
}
