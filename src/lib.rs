//! Checks whether a file lock really lets only one process in.

extern crate self as onewinner;

pub mod testing;

#[cfg(target_os = "linux")]
pub use testing::explore;
pub use testing::explore_primitive;
