//! Losses of executions, as every part of the tracer returns them.

use std::io;

use onewinner_core::explore::{Lost, Retry};

/// The loss of an execution, for this reason.
pub(crate) fn lost(again: Retry, reason: String) -> Lost {
    Lost { reason, again }
}

/// The loss after an error of ptrace or of `/proc`: the task was killed, or is no longer traced.
pub(crate) fn untraced(error: &io::Error) -> Lost {
    lost(Retry::Maybe, format!("a traced process cannot be reached: {error}"))
}
