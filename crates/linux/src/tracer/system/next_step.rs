//! The next step of a contender, as a value.

use crate::tracer::syscalls::timers::TimerKey;
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
    /// The sleep of this task is over, or the time limit of its wait.
    TimeOut(i32),
    /// A timer of the process with this number expires.
    Expires(i32, TimerKey),
}

impl NextStep {
    /// Whether time passes with it.
    pub(crate) fn takes_time(&self) -> bool {
        matches!(self, Self::TimeOut(_) | Self::Expires(..))
    }
}
