//! One row of a gate: a claim, one piece of evidence on it, and the result.

use std::path::PathBuf;

use serde::{Serialize, Serializer};

use super::evidence_plan::Asked;
use onewinner_core::verdict::{Exit, Judged, Verdict};

/// What became of one piece of evidence on one claim.
#[derive(Clone, Debug, Serialize)]
pub struct Row {
    /// The name of the spec.
    pub spec: String,
    /// Its file.
    pub file: PathBuf,
    /// The line of the claim.
    pub line: usize,
    /// The lock's name, or the program's command line.
    pub lock: String,
    /// What is expected, as the spec says it.
    #[serde(rename = "claim")]
    pub expected: String,
    /// What is run, in words.
    pub configuration: String,
    /// Where.
    pub evidence: &'static str,
    /// The row's own exit code, lost ground included.
    #[serde(serialize_with = "as_code")]
    pub exit: Exit,
    /// Why it is not as claimed, or not decided; in words.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub told: Option<String>,
    /// What a baseline knows, and this row no longer has.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub lost_ground: Vec<String>,
    /// How long it took.
    pub seconds: f64,
    /// The verdict.
    #[serde(flatten)]
    pub came: Came,
    /// What tells the claim from others of the spec.
    #[serde(skip)]
    pub(super) key: String,
    /// Whether it is as claimed, lost ground aside.
    #[serde(skip)]
    pub(super) own: Exit,
    #[serde(skip)]
    pub(super) asked: Option<Asked>,
}

/// What came of a run.
#[derive(Clone, Debug, Serialize)]
#[serde(untagged)]
pub enum Came {
    /// A verdict.
    Judged(Box<Judged>),
    /// Nothing was run; the verdict says why.
    NotRun(Verdict),
}

fn as_code<S: Serializer>(exit: &Exit, to: S) -> Result<S::Ok, S::Error> {
    to.serialize_u8(exit.code())
}

impl Row {
    /// The verdict.
    pub fn verdict(&self) -> &Verdict {
        match &self.came {
            Came::Judged(judged) => &judged.verdict,
            Came::NotRun(verdict) => verdict,
        }
    }
}
