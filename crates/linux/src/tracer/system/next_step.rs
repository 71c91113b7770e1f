//! The next step of a contender, as a value.

use onewinner_core::fs::call::Call;

/// The next step of a contender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NextStep {
    /// This task makes the call at which it is stopped.
    Call(i32),
    /// The process of this task ends.
    Exit(i32),
    /// The tracer acts on it: a kill, or the end of its wait for others.
    Made(Call),
}
