//! What an execution of programs leaves out, in words for the verdict.
//!
//! Knows only what was noted meanwhile.

use super::TracedSystem;
use super::polling::{MOST_FRUITLESS_POLLS, MOST_IDLE_POLLS, MOST_IDLE_STEPS};
use super::waking::MOST_DOZES;

impl TracedSystem {
    /// What was not observed so far, or differs from the request.
    pub(crate) fn notes(&self) -> Vec<String> {
        let programs = self.engine.interpreter.shadow().is_none();
        let polled = format!(
            "a program polls: after {MOST_FRUITLESS_POLLS} polls that bring nothing new it waits until another process changes what it looks at"
        );
        let endless = format!(
            "a program polls for ever: it was seen to go on for {MOST_IDLE_POLLS} polls, or {MOST_IDLE_STEPS} steps, while nothing else could happen; what it does after more is not explored"
        );
        let dozing = format!(
            "a thread that only sleeps or waits wakes {MOST_DOZES} times while its contender holds the lock, sleeps or waits; what it does later is not explored"
        );
        let own = [
            (programs && !self.scenario.kills.is_empty())
                .then(|| "a kill ends a process with all its children".to_owned()),
            self.dozes.then_some(dozing),
            self.spun.then_some(polled),
            (self.spun && !self.endless.is_empty()).then_some(endless),
        ];
        let own = own.into_iter().flatten();
        self.notes
            .iter()
            .cloned()
            .chain(self.engine.interpreter.notes())
            .chain(own)
            .collect()
    }
}
