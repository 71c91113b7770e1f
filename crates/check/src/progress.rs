//! What a running search tells, and what ends it early. Shared by the searches that run at once.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::{Event, EventSink};

/// How often is told how far it came.
const TELL_EVERY: Duration = Duration::from_millis(50);

/// See the head of this file.
pub(super) struct Watch {
    interrupted: Arc<AtomicBool>,
    /// Nobody wants to know any more.
    abandoned: Arc<AtomicBool>,
    tell: EventSink,
    executions: AtomicU64,
    told: Mutex<Instant>,
}

impl Watch {
    pub(super) fn new(interrupted: &Arc<AtomicBool>, tell: &EventSink) -> Self {
        Self {
            interrupted: Arc::clone(interrupted),
            abandoned: Arc::default(),
            tell: Arc::clone(tell),
            executions: AtomicU64::new(0),
            told: Mutex::new(Instant::now()),
        }
    }

    /// The same, that `abandoned` ends too.
    pub(super) fn or(self, abandoned: &Arc<AtomicBool>) -> Self {
        let abandoned = Arc::clone(abandoned);
        Self { abandoned, ..self }
    }

    /// Whether to stop.
    pub(super) fn is_over(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed) || self.abandoned.load(Ordering::Relaxed)
    }

    /// So many executions are run once more, in another order.
    pub(super) fn forget(&self, executions: u64) {
        self.executions.fetch_sub(executions, Ordering::Relaxed);
    }

    /// An execution of so many steps ended; of its search so much is behind it, as far as can be told.
    pub(super) fn saw(&self, depth: usize, share: Option<f64>) {
        let executions = self.executions.fetch_add(1, Ordering::Relaxed) + 1;
        let mut told = self.told.lock().unwrap_or_else(PoisonError::into_inner);
        if told.elapsed() >= TELL_EVERY {
            *told = Instant::now();
            (self.tell)(Event::Progress {
                executions,
                share,
                depth: Some(depth),
            });
        }
    }
}
