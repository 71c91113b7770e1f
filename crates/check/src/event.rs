//! Events of a run, and the function that receives them.

use std::sync::Arc;

use onewinner_core::backend::BackendKind;
use onewinner_core::verdict::Judged;

/// What happens during a run.
#[derive(Clone, Debug)]
pub enum Event {
    /// A plan begins.
    Began {
        /// The backend.
        backend: BackendKind,
        /// The lock's name, or the program's command line.
        lock: String,
        /// The scenario, in words.
        scenario: String,
    },
    /// The run makes progress.
    Progress {
        /// Executions or rounds so far, over all plans that run at the same time.
        executions: u64,
        /// The estimated share of the search or race that is done, from 0 to 1.
        share: Option<f64>,
        /// Steps in the last execution.
        depth: Option<usize>,
    },
    /// The plan has its verdict.
    Judged(Box<Judged>),
}

/// Receives events, possibly from several threads: loom calls it from inside a model.
pub type EventSink = Arc<dyn Fn(Event) + Send + Sync>;

/// A sink that drops all events.
pub fn ignore_events() -> EventSink {
    Arc::new(|_| {})
}
