//! onewinner.
pub mod access;
pub mod backend;
pub mod check;
pub mod cli;
pub mod explore;
pub mod fs;
pub mod happens_before;
pub mod history;
pub mod id;
pub mod primitive;
pub mod property;
pub mod report;
pub mod scenario;
pub mod schedule;
pub mod verdict;
pub mod workload;

pub use schedule::Schedule;
