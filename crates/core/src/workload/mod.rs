//! Workloads: what a holder does while it holds the lock, so that the damage of a second holder can be counted.
//!
//! | workload | what it does | file |
//! |---|---|---|
//! | [`hub_sync`] | loads a sequence number, appends the entries after it, saves the number | `hub_sync.rs` |
//!
//! Written over [`Fs`](crate::fs::Fs) like the locks. Does not depend on backends, schedules, properties or a
//! particular lock.

mod file;
pub mod hub_sync;
