//! One piece of work in a process of its own, under a limit: what hangs in it hangs alone.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use onewinner_linux::sys::Shared;
use onewinner_linux::sys::memory::ShareError;
use onewinner_linux::sys::process::is_at_end;
use onewinner_linux::sys::supervisor::{IsolatedError, Watch, run_isolated};

/// How long it may take to clean up after it was asked to stop.
const GRACE: Duration = Duration::from_secs(3);

/// Whether the command wants no more: it closes our standard input.
pub(super) struct Wish(Shared<AtomicU32>);

impl Wish {
    pub(super) fn new() -> Result<Self, ShareError> {
        Ok(Self(Shared::zeroed(1)?))
    }

    /// Looks whether the command wants no more; for the process that started all others.
    pub(super) fn look(&self) -> bool {
        if is_at_end(&io::stdin()) {
            self.0[0].store(1, Ordering::Relaxed);
        }
        self.is_over()
    }

    /// Whether it was seen that the command wants no more.
    pub(super) fn is_over(&self) -> bool {
        self.0[0].load(Ordering::Relaxed) != 0
    }
}

/// Runs `body` in a process of its own. Its result has to fit in a pipe.
pub(super) fn limited<T: Serialize + DeserializeOwned>(
    limit: Duration,
    wish: &Wish,
    body: impl FnOnce() -> T,
) -> Result<T, IsolatedError> {
    let cancelled = || wish.look();
    let watch = Watch {
        grace: GRACE,
        ..Watch::new(limit, &cancelled)
    };
    run_isolated(&watch, body)
}
