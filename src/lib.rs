//! onewinner settles whether a file lock lets exactly one process in.
//!
//! The same lock code runs as a loom model, as simulated processes, as real processes whose every system call is
//! scheduled, and as real processes at full speed. The answer is *holds*, *violated* with the interleaving to read and
//! replay, or *inconclusive*; never without what was covered.
//!
//! # The flow
//!
//! ```text
//!  argv ─cli─▶ Plan{Subject, Scenario, World, seed}
//!                │
//!              check ─▶ backend ─▶ contenders run LockPrimitive::try_acquire(&dyn Fs)
//!                │         │                     │ one Fs method = one system call = one Call
//!                │         │   explore picks ◀── a Call is pending
//!                │         │   a ProcessId  ──▶  the Call is performed ─▶ Reply, Accesses
//!                │         ▼
//!                │      Execution{Schedule, History, End}        every backend ends here
//!                ▼
//!              property: History ─▶ Finding ─▶ check: Verdict, Event ─▶ report: bytes ─▶ cli: ExitCode
//! ```
//!
//! # The map
//!
//! A module imports only from those above it; `tests/architecture.rs` holds the exact table.
//!
//! | module | what it is |
//! |---|---|
//! | [`id`] | who acts, and when |
//! | [`access`] | what a performed call touched, and which calls commute |
//! | [`schedule`] | the choices that fix an execution, as a value with a text form |
//! | [`happens_before`] | the partial order of steps, and the class of an execution |
//! | [`fs`] | the file system as a lock sees it: the kernel's, the simulated, loom's |
//! | [`primitive`] | lock primitives, written once over [`fs::Fs`] |
//! | [`workload`] | what a holder does inside |
//! | [`scenario`] | what to run, as plain data |
//! | [`history`] | what happened, as every backend tells it |
//! | [`mod@explore`] | the search over schedules |
//! | [`statistics`] | bounds on rates |
//! | `sys` | the only unsafe code: fork, wait, ptrace, seccomp, shared memory, futex (Linux) |
//! | [`backend`] | the worlds in which a lock runs |
//! | [`property`] | what must be true of a history |
//! | [`verdict`] | what is known at the end, with its coverage and exit code |
//! | [`check`] | from a plan to a verdict |
//! | [`claim`] | the claims of spec files, and whether they hold: the gate |
//! | `mount` | file systems made for a run; one recipe per file (Linux) |
//! | `cost` | what an acquisition costs: time, and fairness (Linux) |
//! | `matrix` | locks × directories: verdict and cost (Linux) |
//! | [`report`] | events and verdicts as bytes |
//! | [`own`] | a lock of one's own, explored from a `#[test]` |
//! | [`cli`] | arguments, standard output and exit codes |
//!
//! # What is not there
//!
//! - [`mod@explore`] names no system call.
//! - [`property`] cannot tell which backend made a history.
//! - [`fs::sim`] never waits and never looks at a clock.
//! - [`check`] prints nothing; [`report`] decides nothing.
//! - No module but `sys` has unsafe code; none but `sys` and `fs::real` names nix or libc.
//! - Nothing depends on environment variables, but for colours; and `cli::gate` reads `GITHUB_ACTIONS` and
//!   `GITHUB_STEP_SUMMARY`, to report to GitHub where it runs the gate.

#[cfg(all(feature = "kernel", not(target_os = "linux")))]
compile_error!(
    "the feature `kernel` (races on the kernel's file system) needs Linux; build with `--no-default-features` to have `sim` and `loom`"
);

// Tests in this crate share programs with those in `tests/`, which know it by its name.
#[cfg(test)]
extern crate self as onewinner;

pub mod access;
pub mod backend;
pub mod check;
pub mod claim;
pub mod cli;
#[cfg(feature = "kernel")]
pub mod cost;
pub mod explore;
pub mod fs;
pub mod happens_before;
pub mod history;
pub mod id;
#[cfg(feature = "kernel")]
pub mod matrix;
#[cfg(feature = "kernel")]
pub mod mount;
pub mod own;
pub mod primitive;
pub mod property;
pub mod report;
pub mod scenario;
pub mod schedule;
pub mod statistics;
#[cfg(feature = "kernel")]
pub mod sys;
pub mod verdict;
pub mod workload;

#[cfg(feature = "kernel")]
pub use own::explore;
pub use own::explore_primitive;
pub use schedule::Schedule;
