//! Real processes on the kernel's file system, stopped before each system call; the search chooses every step.
//!
//! ```text
//!  explore ──a request──▶ worker (a process of its own: tracer, pinned) ──orders──▶ zygote ──fork──▶ contenders
//!          ◀─executions──
//! ```
//!
//! | folder | what it does |
//! |---|---|
//! | `session` | one worker process, and the searches that it is asked for |
//! | `messages` | the lines between a session and its worker |
//! | `worker` | the process that traces and searches |
//! | `system` | the traced contenders as the system that the search steps |
//! | `tracees` | every traced task: stopped, run, copied, killed |
//! | `syscalls` | what system calls mean and which objects they touch |
//! | `channel` | how the tracer and a contender exchange messages |
//! | `program` | how a program, or a test of libtest, is started |
//!
//! Each folder may import those below it in the table, and no other one.
//!
//! The tracer treats a system call as atomic.

pub mod channel;
mod error;
mod layout;
mod messages;
pub mod program;
mod session;
mod syscalls;
mod system;
mod tracees;
mod worker;

use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::PathBuf;

use onewinner_core::explore::{Limits, Strategy};
use onewinner_core::history::Execution;
use onewinner_core::scenario::{Scenario, Subject};

pub use crate::sys::affinity::from_the_present as cpus;
use crate::sys::supervisor::NEVER;
pub use error::{FORBIDDEN, NotEntered, Refusal, TracerError, Unavailable, WorkerLoss};
pub use session::worker_process::WORKER;
pub use session::{Search, SearchReport, Session};
pub use system::polling::EndlessPoll;
pub use worker::{greet, serve, serve_knowing};

/// What to explore with real processes.
#[derive(Clone, Copy, Debug)]
pub struct Run<'a> {
    /// Whose lock.
    pub subject: &'a Subject,
    /// What each process does.
    pub scenario: &'a Scenario,
    /// How schedules are chosen.
    pub strategy: &'a Strategy,
    /// How far the search goes.
    pub limits: Limits,
    /// Where: see [`Session::open`].
    pub directories: &'a [PathBuf],
}

/// Searches the schedules of real processes in a session of its own, and hands each execution to `watch` until that breaks.
/// Afterwards no process and no file is left.
///
/// # Errors
///
/// As [`Session::open`], [`Session::search`] and [`Session::close`].
pub fn explore(
    run: &Run<'_>,
    watch: &mut dyn FnMut(Execution) -> ControlFlow<()>,
) -> Result<SearchReport, TracerError> {
    let search = Search {
        scenario: run.scenario,
        strategy: run.strategy,
        limits: run.limits,
        grows: false,
        endless: &BTreeSet::new(),
    };
    let mut session = Session::open(run.subject, run.directories, None)?;
    let report = session.search(&search, NEVER, &mut |_| {}, watch)?;
    session.close()?;
    Ok(report)
}
