//! Losses of executions, as every part of the tracer returns them.

use std::io;

use onewinner_core::explore::{Lost, Retry};
use onewinner_core::id::ProcessId;

/// The loss of an execution, for this reason.
pub(crate) fn lost(again: Retry, reason: String) -> Lost {
    Lost { reason, again }
}

/// The loss after an error of ptrace or of `/proc`: the task was killed, or is no longer traced.
pub(crate) fn untraced(error: &io::Error) -> Lost {
    lost(Retry::Maybe, format!("a traced process cannot be reached: {error}"))
}

/// The filter ends a task that makes a call of another architecture.
pub(super) fn other_architecture(process: ProcessId) -> Lost {
    let reason = format!(
        "{process} makes a system call of another architecture, such as one of 32 bits (int 0x80), which is not controlled"
    );
    lost(Retry::Never, reason)
}

/// The number of processes is limited for a user: others can make the call fail.
pub(super) fn too_many_processes(process: ProcessId) -> Lost {
    let reason = format!(
        "{process} cannot make another process or thread: the limit of its user, which others share, is reached (EAGAIN)"
    );
    lost(Retry::Never, reason)
}
