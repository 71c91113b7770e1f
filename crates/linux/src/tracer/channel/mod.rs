//! How contenders are spoken to and heard: the seam between the engine and what contenders are.
//!
//! A lock over `Fs` tells its events in shared memory ([`SharedState`]); a program prints lines (`pipes.rs`). Whoever is asked
//! about a contender may take it that the contender is quiet, so that what it has told belongs to the step before.

pub mod driver_protocol;
pub mod pipes;
pub(crate) mod shared_state;

use std::io;
use std::path::Path;

use self::shared_state::SharedState;
use crate::sys::process::Ended;
use onewinner_core::explore::Lost;
use onewinner_core::history::What;
use onewinner_core::id::ProcessId;

/// What a contender was told when it was heard.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Sent {
    /// Nothing.
    Nothing,
    /// Something upon which it goes on: it has to become quiet again.
    GoOn,
}

/// Speaks to contenders.
///
/// For each execution [`begin`](Self::begin) comes first and [`end`](Self::end) last. A contender is heard whenever it is
/// quiet, and when its first process is gone [`gone`](Self::gone) tells whether it is started once more.
pub(crate) trait Channel {
    /// An execution begins; process *i* works on the lock of its own directory.
    fn begin(&mut self, locks: &[&Path]) -> io::Result<()>;

    /// A contender is about to be started, the first time or again.
    fn starts(&mut self, process: ProcessId) -> io::Result<()>;

    /// A contender is about to take a step.
    fn acts(&mut self, _process: ProcessId, _heard: &mut Vec<What>) {}

    /// What a quiet contender has told since it was heard last; paths in it begin at its directory.
    fn read_output(&mut self, process: ProcessId, directory: &Path, heard: &mut Vec<What>) -> Result<Sent, Lost>;

    /// The first process of a contender is gone, as a step; whether another round begins with a new one.
    fn gone(&mut self, process: ProcessId, how: Ended, heard: &mut Vec<What>) -> Result<bool, Lost>;

    /// Whether nothing more is to come from the contender, though it is there.
    fn rests(&self, process: ProcessId) -> bool;

    /// Whether the contender has told nothing and was told nothing since it was started.
    fn is_silent(&self, _process: ProcessId) -> bool {
        false
    }

    /// What the contender last complained about, for messages.
    fn complaint(&self, _process: ProcessId) -> Option<String> {
        None
    }

    /// All contenders are gone.
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

    /// It stands at its exit then.
    fn rests(&self, _: ProcessId) -> bool {
        false
    }
}
