//! onewinner.
pub mod access;
pub mod fs;
pub mod happens_before;
pub mod id;
pub mod primitive;
pub mod schedule;
pub mod workload;

pub use schedule::Schedule;
