//! The front matter of a spec as written: TOML between two lines `+++`, with the place of each value.
//!
//! Checks the type of each value. `claim_parser.rs` and `spec_parser.rs` check which values may go together.

use std::ops::Range;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::spec_error::SpecError;

/// The version of the front matter that this onewinner reads.
pub const SCHEMA: u64 = 1;
/// The line before and after the front matter.
const FENCE: &str = "+++";

/// The front matter. Unknown keys are errors.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct FrontMatter {
    #[expect(dead_code, reason = "it is checked before the other keys are parsed")]
    schema: u64,
    pub(super) lock: Option<Spanned<String>>,
    pub(super) driver: Option<Spanned<String>>,
    pub(super) wrap: Option<Spanned<String>>,
    #[serde(rename = "lock-at")]
    pub(super) lock_at: Option<Spanned<PathBuf>>,
    #[serde(default)]
    pub(super) claim: Vec<ClaimTable>,
}

/// One table `[[claim]]`.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ClaimTable {
    pub(super) expect: Spanned<String>,
    pub(super) scenario: Option<Spanned<ScenarioValue>>,
    pub(super) processes: Option<Spanned<usize>>,
    pub(super) rounds: Option<Spanned<u32>>,
    pub(super) stale: Option<Spanned<bool>>,
    pub(super) kills: Option<Spanned<u8>>,
    pub(super) errors: Option<Spanned<bool>>,
    pub(super) expiry: Option<Spanned<bool>>,
    #[serde(alias = "reused-numbers")]
    pub(super) reuse_inodes: Option<Spanned<bool>>,
    pub(super) work: Option<Spanned<WorkValue>>,
    pub(super) evidence: Option<Spanned<Vec<Spanned<Evidence>>>>,
    #[serde(default)]
    pub(super) budget: BudgetTable,
}

/// The table `budget`.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BudgetTable {
    pub(super) executions: Option<Spanned<u64>>,
    pub(super) rounds: Option<Spanned<u64>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum ScenarioValue {
    Contend,
    Cycle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WorkValue {
    Nothing,
    HubSync,
    Reopen,
    Reenter,
    Fork,
}

/// A backend that checks a claim.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Under loom.
    Loom,
    /// On the simulated file system.
    Sim,
    /// Real processes, stopped before each system call.
    Traced,
    /// Real processes that start together.
    Race,
}

/// The text of a spec file, and the place of its front matter.
pub(super) struct SpecText<'a> {
    path: &'a Path,
    whole: &'a str,
    /// The bytes between the two fences.
    front_matter: Range<usize>,
}

impl<'a> SpecText<'a> {
    /// Finds the front matter.
    pub(super) fn new(path: &'a Path, whole: &'a str) -> Result<Self, SpecError> {
        let error = |text: &str| SpecError::at(path, 1, text.to_owned());
        let mut at = 0;
        let mut begins = None;
        for line in whole.split_inclusive('\n') {
            let is_fence = line.trim_end() == FENCE;
            match begins {
                None if !is_fence => break,
                None => begins = Some(at + line.len()),
                Some(begins) if is_fence => {
                    let front_matter = begins..at;
                    return Ok(Self {
                        path,
                        whole,
                        front_matter,
                    });
                }
                Some(_) => {}
            }
            at += line.len();
        }
        Err(match begins {
            None => error("the file has no front matter; add a line `+++` at its beginning"),
            Some(_) => error("the front matter has no end; add a line `+++` after it"),
        })
    }

    pub(super) fn parse_front_matter(&self) -> Result<FrontMatter, SpecError> {
        #[derive(Deserialize)]
        struct Versioned {
            schema: Spanned<u64>,
        }
        let text = &self.whole[self.front_matter.clone()];
        let malformed = |error: toml::de::Error| {
            let place = error.span().unwrap_or(0..0);
            self.error_at(&place, error.message().replace('\n', "; "))
        };
        // The version first: another version may have other keys.
        let version: Versioned = toml::from_str(text).map_err(malformed)?;
        if *version.schema.get_ref() != SCHEMA {
            let found = version.schema.get_ref();
            let message = format!("schema {found} is not supported; this onewinner reads schema {SCHEMA}");
            return Err(self.error_at(&version.schema.span(), message));
        }
        toml::from_str(text).map_err(malformed)
    }

    /// An error at a place of the front matter.
    pub(super) fn error_at(&self, place: &Range<usize>, text: impl Into<String>) -> SpecError {
        SpecError::at(self.path, self.line_of(place), text.into())
    }

    /// The line of a place of the front matter, from 1.
    pub(super) fn line_of(&self, place: &Range<usize>) -> usize {
        let end = (self.front_matter.start + place.start).min(self.front_matter.end);
        1 + self.whole[..end].matches('\n').count()
    }

    pub(super) fn path(&self) -> &Path {
        self.path
    }
}
