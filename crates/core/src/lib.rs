//! The portable core of onewinner: locks over `Fs`, a simulated file system, the search over schedules, and the properties
//! that the resulting histories must have.
//!
//! Makes no system call and starts no process. The layers and what each may import are in `tests/portable/architecture`.

// Tests in this crate share programs with those in `tests/`, which refer to it by name.
#[cfg(test)]
extern crate self as onewinner_core;

pub mod access;
pub mod backend;
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
pub mod verdict;
pub mod workload;
