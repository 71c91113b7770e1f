//! Parses spec files and checks their claims: the gate.
//!
//! ```text
//!  specs/*.md ─find─▶ Spec{Subject, Claim…} ─evidence_plans─▶ Plan… ─check─▶ Judged ─Expected─▶ GateRow ◀─ Baseline
//! ```
//!
//! | file | what |
//! |---|---|
//! | `spec.rs` | a spec and its claims |
//! | `spec_files.rs` | which files are read, in which order, and the partitions of `--partition` |
//! | `front_matter.rs`, `spec_parser.rs`, `claim_parser.rs` | parsing: the TOML as written, the spec, each claim |
//! | `spec_error.rs` | why a spec cannot be used |
//! | `expected.rs` | what a claim expects, and whether a verdict matches it |
//! | `evidence_plan.rs` | the runs that check a claim |
//! | `gate.rs`, `row.rs` | runs them; one row for each result |
//! | `baseline.rs` | the coverage of an earlier run, and what of it is lost |
//!
//! Prints nothing and does not exit the process.

mod baseline;
mod claim_parser;
mod evidence_plan;
mod expected;
mod front_matter;
mod gate;
mod row;
mod spec;
mod spec_error;
mod spec_files;
mod spec_parser;

pub use baseline::{Baseline, BaselineError};
pub use evidence_plan::{EvidencePlan, GateDepth};
pub use expected::Expected;
pub use front_matter::{Evidence, SCHEMA};
pub use gate::{Gate, RunError};
pub use row::{EvidenceResult, GateRow};
pub use spec::{Budget, Claim, Spec};
pub use spec_error::SpecError;
pub use spec_files::{Partition, find};
