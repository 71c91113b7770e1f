//! Progress events of running searches, and the flags that stop them. Searches that run in parallel share one monitor.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use super::event::{Event, EventSink};

/// The least time between two progress events.
const EVENT_INTERVAL: Duration = Duration::from_millis(50);

/// Counts executions for progress events, and knows whether to stop.
pub(crate) struct ProgressMonitor {
    interrupted: Arc<AtomicBool>,
    /// Set when the verdicts are no longer needed.
    stopped: Arc<AtomicBool>,
    events: EventSink,
    executions: AtomicU64,
    last_event: Mutex<Instant>,
}

impl ProgressMonitor {
    pub(crate) fn new(interrupted: &Arc<AtomicBool>, events: &EventSink) -> Self {
        Self {
            interrupted: Arc::clone(interrupted),
            stopped: Arc::default(),
            events: Arc::clone(events),
            executions: AtomicU64::new(0),
            last_event: Mutex::new(Instant::now()),
        }
    }

    /// The same, also stopped by this flag.
    pub(crate) fn or_stopped_by(self, stopped: &Arc<AtomicBool>) -> Self {
        let stopped = Arc::clone(stopped);
        Self { stopped, ..self }
    }

    /// Whether to stop.
    pub(crate) fn is_stopped(&self) -> bool {
        self.interrupted.load(Ordering::Relaxed) || self.stopped.load(Ordering::Relaxed)
    }

    /// Takes back executions that will run again in another order.
    pub(crate) fn discount(&self, executions: u64) {
        self.executions.fetch_sub(executions, Ordering::Relaxed);
    }

    /// Counts an execution of `depth` steps. `share` is the estimated share of its search that is done.
    pub(crate) fn count_execution(&self, depth: usize, share: Option<f64>) {
        let executions = self.executions.fetch_add(1, Ordering::Relaxed) + 1;
        let mut last = self.last_event.lock().unwrap_or_else(PoisonError::into_inner);
        if last.elapsed() >= EVENT_INTERVAL {
            *last = Instant::now();
            (self.events)(Event::Progress {
                executions,
                share,
                depth: Some(depth),
            });
        }
    }
}
