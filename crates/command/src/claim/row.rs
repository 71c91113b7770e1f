//! One row of the gate: a claim, one piece of evidence on it, and the result.

use std::path::PathBuf;

use serde::{Serialize, Serializer};

use super::evidence_plan::RequestedCoverage;
use onewinner_core::verdict::{Exit, Judged, Verdict};

/// The result of one piece of evidence on one claim.
#[derive(Clone, Debug, Serialize)]
pub struct GateRow {
    /// The name of the spec.
    pub spec: String,
    /// The spec file.
    pub file: PathBuf,
    /// The line of the claim.
    pub line: usize,
    /// The lock's name, or the program's command line.
    pub lock: String,
    /// The value of `expect`.
    #[serde(rename = "claim")]
    pub expected: String,
    /// The scenario with its injected faults, in words.
    pub configuration: String,
    /// The backend, in words.
    pub evidence: &'static str,
    /// The exit code of this row. A row that lost ground is not as claimed.
    #[serde(serialize_with = "serialize_code")]
    pub exit: Exit,
    /// Why the row is not as claimed, or inconclusive.
    #[serde(rename = "told", skip_serializing_if = "Option::is_none")]
    pub reason: Option<String>,
    /// The coverage that the baseline has and this row lacks.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost_ground: Vec<String>,
    /// The time it took.
    pub seconds: f64,
    /// The verdict with its coverage.
    #[serde(flatten)]
    pub result: EvidenceResult,
    /// Identifies the claim in its spec.
    #[serde(skip)]
    pub(super) key: String,
    /// The exit code, regardless of the baseline.
    #[serde(skip)]
    pub(super) exit_without_baseline: Exit,
    #[serde(skip)]
    pub(super) requested: Option<RequestedCoverage>,
}

/// The result of a run.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum EvidenceResult {
    /// A verdict.
    Judged(Box<Judged>),
    /// The run did not start; the verdict says why.
    NotRun(Verdict),
}

fn serialize_code<S: Serializer>(exit: &Exit, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u8(exit.code())
}

impl GateRow {
    /// The verdict.
    pub fn verdict(&self) -> &Verdict {
        match &self.result {
            EvidenceResult::Judged(judged) => &judged.verdict,
            EvidenceResult::NotRun(verdict) => verdict,
        }
    }
}
