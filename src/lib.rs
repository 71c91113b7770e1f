//! onewinner.
pub mod access;
pub mod backend;
pub mod check;
pub mod explore;
pub mod fs;
pub mod happens_before;
pub mod history;
pub mod id;
pub mod primitive;
pub mod property;
pub mod scenario;
pub mod schedule;
pub mod statistics;
#[cfg(target_os = "linux")]
pub mod sys;
pub mod verdict;
pub mod workload;

pub use schedule::Schedule;
