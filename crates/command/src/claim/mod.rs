//! A spec file's claims, parsed and checked: the gate.
//!
//! ```text
//!  specs/*.md ─find─▶ Spec{Subject, Claim…} ─pieces─▶ Plan… ─check─▶ Judged ─Expected─▶ Row ◀─ Baseline
//! ```
//!
//! | file | what |
//! |---|---|
//! | `find.rs` | which files, in which order, and which part of them |
//! | `front.rs`, `reader.rs`, `spec.rs` | the front matter: as it is written, what may be, and what it means |
//! | `expected.rs` | what a claim expects, and whether a verdict is that |
//! | `plan.rs`, `run.rs` | the runs that decide a claim, and what became of them |
//! | `baseline.rs` | what was covered before, and what of it is lost |
//!
//! It prints nothing, and knows no terminal and no exit.

mod baseline;
mod expected;
mod find;
mod front;
mod plan;
mod reader;
mod run;
mod spec;

pub use baseline::{Baseline, BaselineError};
pub use expected::Expected;
pub use find::{Partition, SpecError, find};
pub use front::{Evidence, SCHEMA};
pub use plan::{Depth, Piece};
pub use run::{Came, Gate, Row, RunError};
pub use spec::{Budget, Claim, Spec};
