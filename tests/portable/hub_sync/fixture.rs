//! A simulated kernel with a hub in it, and what the tests look at. Knows nothing of what is right.

use std::cell::RefCell;
use std::path::Path;

use onewinner_core::fs::call::{ByCall, Call};
use onewinner_core::fs::sim::State;
use onewinner_core::fs::{Fs, Mode, OpenFlags};
use onewinner_core::id::ProcessId;
use onewinner_core::primitive::CreateNew;
use onewinner_core::workload::hub_sync::{
    DEFAULT_ENTRIES, Outcome, SyncError, Synced, entries_path, hub_path, lock_path, source, state_path, sync,
};

const CONTEXT: &str = "/.context";

/// A simulated kernel with the hub directory and two processes.
pub(crate) struct Hub(pub(crate) RefCell<State>);

impl Hub {
    pub(crate) fn new() -> Self {
        let hub = Self(RefCell::new(State::new(2)));
        hub.process(0)
            .mkdir(Path::new(CONTEXT), Mode::DIRECTORY)
            .expect("absent");
        hub.process(0)
            .mkdir(&hub_path(context()), Mode::DIRECTORY)
            .expect("absent");
        hub
    }

    pub(crate) fn with_state(state: &[u8]) -> Self {
        let hub = Self::new();
        hub.save(state);
        hub
    }

    pub(crate) fn save(&self, state: &[u8]) {
        let fs = self.process(0);
        let fd = fs
            .open(&state_path(context()), OpenFlags::OVERWRITE, Mode::FILE)
            .expect("the hub directory is there");
        fs.write(fd, state).expect("open for writing");
        fs.close(fd).expect("open");
    }

    pub(crate) fn process(&self, process: u8) -> impl Fs + '_ {
        ByCall::new(ProcessId(process), move |call: Call| {
            self.0.borrow_mut().step(ProcessId(process), &call).0
        })
    }

    pub(crate) fn content(&self, path: &Path) -> Option<Vec<u8>> {
        let tree = self.0.borrow().tree();
        tree.into_iter().find(|node| node.path == path).map(|node| node.content)
    }

    pub(crate) fn sync(&self) -> Result<Outcome, SyncError> {
        sync(&CreateNew, &self.process(0), context(), &source(DEFAULT_ENTRIES))
    }

    pub(crate) fn locked(&self) -> bool {
        self.content(&lock_path(context())).is_some()
    }

    pub(crate) fn entries(&self) -> Vec<u8> {
        self.content(&entries_path(context())).unwrap_or_default()
    }
}

pub(crate) fn context() -> &'static Path {
    Path::new(CONTEXT)
}

pub(crate) fn synced(appended: u64, last_sequence: u64) -> Outcome {
    Outcome::Synced(Synced {
        appended,
        last_sequence,
    })
}

/// Wraps `fs`: passes each call to `before`, then makes it.
pub(crate) fn watched<'a>(fs: &'a dyn Fs, before: impl Fn(&Call) + 'a) -> impl Fs + 'a {
    ByCall::new(fs.process(), move |call: Call| {
        before(&call);
        call.perform(fs)
    })
}
