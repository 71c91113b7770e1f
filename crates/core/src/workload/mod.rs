//! What a holder does while it holds the lock: the damage that a second holder does is counted here.
//!
//! | workload | what it does | file |
//! |---|---|---|
//! | [`hub_sync`] | loads a sequence number, appends the entries after it, saves the number | `hub_sync.rs` |
//!
//! Written over [`Fs`](crate::fs::Fs) like the locks. Deliberately knows no backend, schedule or property, and of the
//! primitives only their trait.

mod file;
pub mod hub_sync;
