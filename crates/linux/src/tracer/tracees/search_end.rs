//! The end of a search, as every wait of the engine asks for it: its time is over, or its session wants it to end.
//!
//! Knows neither the waits nor the session.

use std::cell::Cell;
use std::time::{Duration, Instant};

use super::loss::lost;
use onewinner_core::explore::{Lost, Retry};

/// How often the session is asked. That takes a system call, and a wait asks for each event.
const ASK_EVERY: Duration = Duration::from_millis(20);

/// Asks the session whether the search shall end.
type Requested = Box<dyn Fn() -> bool>;

/// When the search ends.
pub(crate) struct SearchEnd {
    deadline: Option<Instant>,
    requested: Option<Requested>,
    next_question: Cell<Instant>,
}

impl SearchEnd {
    /// No end: each wait ends by its own limit.
    pub(crate) fn never() -> Self {
        Self {
            deadline: None,
            requested: None,
            next_question: Cell::new(Instant::now()),
        }
    }

    /// The search ends when this time is over, or when `requested` returns true.
    pub(crate) fn within(limit: Duration, requested: impl Fn() -> bool + 'static) -> Self {
        Self {
            deadline: Instant::now().checked_add(limit),
            requested: Some(Box::new(requested)),
            ..Self::never()
        }
    }

    /// Asks whether to wait on; `doing` says what the tracer waits for.
    ///
    /// # Errors
    ///
    /// When the search is over: the execution is abandoned.
    pub(crate) fn check(&self, doing: impl FnOnce() -> String) -> Result<(), Lost> {
        if self.is_over() {
            return Err(lost(Retry::Abandoned, doing()));
        }
        Ok(())
    }

    fn is_over(&self) -> bool {
        let now = Instant::now();
        if self.deadline.is_some_and(|deadline| now >= deadline) {
            return true;
        }
        if now < self.next_question.get() {
            return false;
        }
        self.next_question.set(now + ASK_EVERY);
        self.requested.as_ref().is_some_and(|requested| requested())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_with_the_time_of_the_search_or_when_the_session_wants_it() {
        const LONG: Duration = Duration::from_secs(3_600);
        let doing = || "waiting".to_owned();
        assert!(SearchEnd::never().check(doing).is_ok());
        assert!(SearchEnd::within(LONG, || false).check(doing).is_ok());
        for over in [
            SearchEnd::within(Duration::ZERO, || false),
            SearchEnd::within(LONG, || true),
        ] {
            assert_eq!(over.check(doing), Err(lost(Retry::Abandoned, doing())));
        }
    }
}
