//! Checks a plan: from a lock, a scenario and a backend to a verdict.
//!
//! ```text
//!  Plan ─▶ backend ─▶ Execution ─▶ Results ─shrink─▶ Counterexample ─conclude─▶ Judged{Verdict, Coverage}
//! ```
//!
//! | file | what |
//! |---|---|
//! | `event.rs`, `error.rs`, `plan.rs`, `preset.rs`, `program_preset.rs`, `progress.rs` | what goes in, and what is reported during a run |
//! | `violation.rs`, `results.rs`, `plan_results.rs` | what executions show |
//! | `session.rs` | a backend, ready for any number of searches |
//! | `search.rs`, `parallel_search` | one search; a long one on several threads |
//! | `fault_sweep.rs`, `plan_searches.rs` | all searches of a plan |
//! | `loom_run.rs`, `race_run.rs`, `sampled.rs` | the backends that choose schedules themselves |
//! | `replayer.rs`, `decisive_pair.rs`, `shrink.rs` | make a violation easy to read |
//! | `counterexample.rs`, `program_context.rs`, `replay.rs` | saved counterexamples |
//! | `conclude.rs`, `exit.rs`, `check.rs`, `jobs.rs`, `together.rs` | the verdict; one plan; several plans; those that share their time |
//! | `confirm.rs`, `verdicts` | the plans of `confirm`; the table of all locks and properties |
//! | `text` | verdicts as text |
//!
//! Each file imports only files above it, in the order that `tests/architecture` lists. Prints nothing and does not exit the process.

mod check;
mod conclude;
pub mod confirm;
pub mod counterexample;
mod decisive_pair;
mod error;
mod event;
mod exit;
mod fault_sweep;
mod jobs;
#[cfg(feature = "loom")]
mod loom_run;
mod parallel_search;
mod plan;
mod plan_results;
mod plan_searches;
pub mod preset;
pub mod program_context;
pub mod program_preset;
mod progress;
#[cfg(target_os = "linux")]
mod race_run;
pub mod replay;
mod replayer;
mod results;
#[cfg(target_os = "linux")]
pub mod sampled;
mod search;
mod session;
mod shrink;
pub mod text;
mod together;
pub mod verdicts;
mod violation;

pub use check::check;
pub use error::CheckError;
pub use event::{Event, EventSink, ignore_events};
pub use exit::exit;
pub use jobs::{Allowance, check_all};
pub use plan::{Backend, Plan, judging};
