//! Explorations with real processes, for Linux.
//!
//! | file | content |
//! |---|---|
//! | `function.rs`, `contender.rs` | a lock that is a function: its exploration, and the work of each contender |
//! | `function_lock.rs` | a function as a lock that races |
//! | `primitive.rs` | a lock over `Fs`: traced and raced |
//! | `races.rs` | races, in a separate process |
//! | `backends.rs` | the requested backends that run real processes, as data |
//! | `entry.rs` | the number of an exploration in its test, and the role of this process in it |
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
