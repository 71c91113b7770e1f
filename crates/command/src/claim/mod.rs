//! A spec file's claims, parsed and checked: the gate.
//!
//! ```text
//!  specs/*.md ─find─▶ Spec{Subject, Claim…} ─pieces─▶ Plan… ─check─▶ Judged ─Expected─▶ Row ◀─ Baseline
//! ```
//!
//! | file | what |
//! |---|---|
//! | `find.rs` | which files, in which order, and which part of them |
//! | `front.rs`, `reader.rs`, `parser.rs` | the front matter: as it is written, what may be, and what it means |
//! | `spec.rs`, `spec_error.rs` | a spec and its claims; why there is none |
//! | `expected.rs` | what a claim expects, and whether a verdict is that |
//! | `plan.rs`, `run.rs`, `row.rs` | the runs that decide a claim, and what became of them |
//! | `baseline.rs` | what was covered before, and what of it is lost |
//!
//! It prints nothing, and knows no terminal and no exit.

mod baseline;
mod expected;
mod find;
mod front;
mod parser;
mod plan;
mod reader;
mod row;
mod run;
mod spec;
mod spec_error;

pub use baseline::{Baseline, BaselineError};
pub use expected::Expected;
pub use find::{Partition, find};
pub use front::{Evidence, SCHEMA};
pub use plan::{Depth, Piece};
pub use row::{Came, Row};
pub use run::{Gate, RunError};
pub use spec::{Budget, Claim, Spec};
pub use spec_error::SpecError;
