//! The portable core of onewinner: a lock over `Fs`, a file system that is a model, a search over schedules, and what must be
//! true of the histories that result.
//!
//! Names no system call and no process of the machine. A module imports only from those above it in this list.

// Tests in this crate share programs with those in `tests/`, which know it by its name.
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
