//! The error type of commands.

/// The reason why a command failed, as one line for the user.
pub(super) type Failure = Box<dyn std::error::Error>;
