//! Check your lock in a `#[test]`: a function that acquires the lock at a path, or an implementation of `LockPrimitive`.
//!
//! ```no_run
//! use std::fs::File;
//! use std::io;
//! use std::path::Path;
//!
//! fn try_acquire(path: &Path) -> io::Result<File> {
//!     let file = File::create(path)?;
//!     file.try_lock()?; // A kernel lock; dropping the file releases it.
//!     Ok(file)
//! }
//!
//! #[test]
//! fn my_lock_lets_one_in() {
//!     onewinner::explore(|path| try_acquire(path)).processes(3).rounds(2).run().expect_holds();
//! }
//! ```
//!
//! # How it works
//!
//! ```text
//!  test ──▶ explore(…).run() ──▶ check ──▶ traced ──▶ the test binary again: the worker, which traces
//!                                                       └──▶ the test binary again: contenders
//! ```
//!
//! A contender is a process, but tests run in threads. So `run()` starts the test binary again, for this test only. In the new
//! process the test reaches the same `run()`, which does the work of a contender, or of the worker that traces the
//! contenders, and then exits.
//!
//! Code before `explore` also runs in each of these processes, and its values are not dropped there: for example, a temporary
//! directory stays. Keep it minimal. The lock is in an empty directory that onewinner creates.
//!
//! In a contender, `std::thread::spawn` fails. A lock that starts threads must set the [stack
//! size](std::thread::Builder::stack_size) of each, or be checked as a program: `onewinner explore --driver`.
//!
//! # Files
//!
//! | file | content |
//! |---|---|
//! | `attempt.rs` | the result of an attempt: acquired, busy, or failed |
//! | `options.rs` | the options: what to run, and how far |
//! | `primitive.rs` | implementations of `LockPrimitive`, on every backend |
//! | `linux/` | everything that starts processes: functions, traced searches, races |
//! | `elsewhere/` | the replacement of `linux/` on other systems |
//! | `run_plans.rs` | from plans to a report |
//! | `report.rs` | the report, and the expectations of a test |
//!
//! This module prints only that a test is skipped. Everything else is in the report, or in the message of a panic.

mod attempt;
#[cfg(any(not(target_os = "linux"), onewinner_portable))]
mod elsewhere;
#[cfg(all(target_os = "linux", not(onewinner_portable)))]
mod linux;
mod options;
mod primitive;
mod report;
mod run_plans;

#[cfg(any(not(target_os = "linux"), onewinner_portable))]
use elsewhere as platform;
#[cfg(all(target_os = "linux", not(onewinner_portable)))]
use linux as platform;

pub use attempt::{Attempt, IntoAttempt, LockError, ReleaseResult, maybe, shape};
#[cfg(all(target_os = "linux", not(onewinner_portable)))]
pub use linux::{Function, explore};
pub use options::Exploration;
pub use primitive::{Primitive, explore_primitive};
pub use report::{Outcome, Report};
