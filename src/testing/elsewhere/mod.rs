//! What replaces `linux/` on other systems: no real processes.

mod backends;
mod primitive;

pub(super) use backends::{RealProcesses, forbids_tracing};
