//! Why a command could not do its work.

/// Why a command could not do its work.
pub(super) type Failure = Box<dyn std::error::Error>;
