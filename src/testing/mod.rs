//! A lock of one's own, explored from a `#[test]`: a function that acquires at a path, or an implementor of `LockPrimitive`.
//!
//! ```no_run
//! use std::fs::File;
//! use std::io;
//! use std::path::Path;
//!
//! fn try_acquire(path: &Path) -> io::Result<File> {
//!     let file = File::create(path)?;
//!     file.try_lock()?; // A kernel lock; it is given back with the file.
//!     Ok(file)
//! }
//!
//! #[test]
//! fn my_lock_lets_one_in() {
//!     onewinner::explore(|path| try_acquire(path)).processes(3).rounds(2).run().expect_holds();
//! }
//! ```
//!
//! # How
//!
//! ```text
//!  test ──▶ explore(…).run() ──▶ check ──▶ traced ──▶ the same test, entered again: the worker
//!                                                       └──▶ the same test, entered again: contenders
//! ```
//!
//! libtest is threaded, and a contender is a process. So the test binary is executed again, for this test alone: what it comes
//! to is the same `run()`, which then serves as a contender, or as the worker that traces them, and ends the process. What
//! stands before `explore` in the test is done in each of these processes, and what it keeps is not dropped there: a temporary
//! directory stays. Best is that nothing stands there; a contender gets an empty directory anyway.
//!
//! A contender has no thread but its main one, and its `std::thread::spawn` fails; a lock that starts threads gives each a
//! [stack of its own](std::thread::Builder::stack_size), or is explored as a program, `onewinner explore --driver`.
//!
//! | file | what |
//! |---|---|
//! | `attempt.rs` | what a function returns: acquired, busy, or failed |
//! | `options.rs` | what is run, and how far |
//! | `primitive.rs` | implementations of `LockPrimitive`, on every backend |
//! | `linux/` | everything that starts processes: functions, traced searches, races |
//! | `elsewhere/` | what replaces `linux/` on other systems |
//! | `run_plans.rs` | from plans to a report |
//! | `report.rs` | the results, and what a test expects of them |
//!
//! Deliberately prints nothing but that a test is skipped: what there is to say is the message of a panic.

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

pub use attempt::{Attempt, IntoAttempt, LockError, ReleaseResult};
#[cfg(all(target_os = "linux", not(onewinner_portable)))]
pub use linux::{Function, explore};
pub use options::Exploration;
pub use primitive::{Primitive, explore_primitive};
pub use report::{Outcome, Report};
