//! A cancel token that forked processes share, and isolated runs under it.

use std::io;
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use serde::Serialize;
use serde::de::DeserializeOwned;

use onewinner_linux::sys::Shared;
use onewinner_linux::sys::isolated::{IsolatedError, run_isolated};
use onewinner_linux::sys::memory::ShareError;
use onewinner_linux::sys::process::is_at_end;
use onewinner_linux::sys::supervisor::Watch;

/// How long an isolated run may take to clean up after a cancellation.
const GRACE: Duration = Duration::from_secs(3);

/// Whether the command has cancelled the work, by closing the standard input of its worker.
pub(super) struct SharedCancelToken(Shared<AtomicU32>);

impl SharedCancelToken {
    pub(super) fn new() -> Result<Self, ShareError> {
        Ok(Self(Shared::zeroed(1)?))
    }

    /// Checks whether the command has cancelled; only the first process, which has the standard input, calls it.
    pub(super) fn poll(&self) -> bool {
        if is_at_end(&io::stdin()) {
            self.0[0].store(1, Ordering::Relaxed);
        }
        self.is_cancelled()
    }

    /// Whether a poll has seen the cancellation.
    pub(super) fn is_cancelled(&self) -> bool {
        self.0[0].load(Ordering::Relaxed) != 0
    }
}

/// Runs `body` in a separate process under a limit and the cancel token. Its result has to fit in a pipe.
pub(super) fn run_cancellable<T: Serialize + DeserializeOwned>(
    limit: Duration,
    cancel: &SharedCancelToken,
    body: impl FnOnce() -> T,
) -> Result<T, IsolatedError> {
    let cancelled = || cancel.poll();
    let watch = Watch {
        grace: GRACE,
        ..Watch::new(limit, &cancelled)
    };
    run_isolated(&watch, body)
}
