//! Reports of an exploration that uses several processes of one test.
//!
//! Decides nothing.

use super::super::report::{Outcome, Report, State};

impl Report {
    /// The report in a process that was started for another exploration: that process checks what is expected of it.
    pub(super) fn of_other_process() -> Self {
        Self {
            state: State::InOtherProcess,
            text: String::new(),
            saved: None,
        }
    }

    /// The report of an exploration that ran nothing, with the reason.
    pub(super) fn unknown(reason: &str) -> Self {
        Self::explored(vec![Outcome::unknown(reason, 0)], format!("{reason}\n"), None)
    }

    /// Both reports as one.
    pub(super) fn merged_with(mut self, other: Self) -> Self {
        if let (State::Explored(all), State::Explored(more)) = (&mut self.state, other.state) {
            all.extend(more);
        }
        self.text += &other.text;
        self.saved = self.saved.or(other.saved);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn report(outcomes: &[Outcome]) -> Report {
        Report::explored(outcomes.to_vec(), String::new(), None)
    }

    fn passes(expects: impl FnOnce() + std::panic::UnwindSafe) -> bool {
        std::panic::catch_unwind(expects).is_ok()
    }

    #[test]
    fn only_a_machine_that_forbids_tracing_lets_a_test_be_skipped() {
        let reason = format!("{}: not permitted", onewinner_linux::tracer::FORBIDDEN);
        let forbidden = Outcome::unknown(&reason, 0);
        let other = Outcome::unknown("the worker process was lost", 0);
        // It was permitted before.
        let later = Outcome::unknown(&reason, 3);
        for (outcomes, skipped) in [
            (vec![forbidden.clone()], true),
            (vec![forbidden.clone(), other.clone()], false),
            (vec![Outcome::Holds, forbidden.clone()], false),
            (vec![other], false),
            (vec![later], false),
            (vec![], false),
        ] {
            assert!(!passes(|| report(&outcomes).expect_holds()), "{outcomes:?}");
            assert_eq!(
                passes(|| report(&outcomes).or_skip().expect_holds()),
                skipped,
                "{outcomes:?}"
            );
        }
    }
}
