//! The replacement of `linux/` on other systems, without real processes.

mod backends;
mod primitive;

pub(super) use backends::{RealProcesses, forbids_tracing};
