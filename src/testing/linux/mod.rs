//! Explorations with real processes. This part is for Linux.
//!
//! | file | what |
//! |---|---|
//! | `function.rs`, `contender.rs` | a lock that is a function: its exploration, and what each contender does |
//! | `function_lock.rs` | a function as a lock that races |
//! | `primitive.rs` | a lock over `Fs`: traced and raced |
//! | `races.rs` | races, in a process of their own |
//! | `backends.rs` | the requested backends that run real processes, as data |
//! | `entry.rs` | which exploration of a test this is, and what this process does in it |
//! | `report.rs` | reports of several processes |

mod backends;
mod contender;
mod entry;
mod function;
mod function_lock;
mod primitive;
mod races;
mod report;

pub(super) use backends::{RealProcesses, forbids_tracing};
pub use function::{Function, explore};
