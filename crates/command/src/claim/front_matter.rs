//! The front matter of a spec as it stands in its file: TOML between two lines `+++`, with the place of each value.
//!
//! Deliberately knows no lock and no scenario: what the values may be together is decided in `spec_parser.rs`.

use std::ops::Range;
use std::path::Path;

use serde::{Deserialize, Serialize};
use toml::Spanned;

use super::spec_error::SpecError;

/// The version of the front matter that is read.
pub const SCHEMA: u64 = 1;
/// The line that stands around the front matter.
const FENCE: &str = "+++";

/// What a spec says in its front matter; a key that is not listed is a mistake.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Front {
    #[expect(
        dead_code,
        reason = "it is looked at before the rest, which another version may write in another way"
    )]
    schema: u64,
    pub(super) lock: Option<Spanned<String>>,
    pub(super) driver: Option<Spanned<String>>,
    pub(super) wrap: Option<Spanned<String>>,
    #[serde(default)]
    pub(super) claim: Vec<ClaimFront>,
}

/// One claim.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
pub(super) struct ClaimFront {
    pub(super) expect: Spanned<String>,
    pub(super) scenario: Option<Spanned<KindFront>>,
    pub(super) processes: Option<Spanned<usize>>,
    pub(super) rounds: Option<Spanned<u32>>,
    pub(super) stale: Option<Spanned<bool>>,
    pub(super) kills: Option<Spanned<u8>>,
    pub(super) errors: Option<Spanned<bool>>,
    pub(super) expiry: Option<Spanned<bool>>,
    #[serde(alias = "reused-numbers")]
    pub(super) reuse_inodes: Option<Spanned<bool>>,
    pub(super) work: Option<Spanned<WorkFront>>,
    pub(super) evidence: Option<Spanned<Vec<Spanned<Evidence>>>>,
    #[serde(default)]
    pub(super) budget: BudgetFront,
}

/// How far searches and races go.
#[derive(Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct BudgetFront {
    pub(super) executions: Option<Spanned<u64>>,
    pub(super) rounds: Option<Spanned<u64>>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum KindFront {
    Contend,
    Cycle,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub(super) enum WorkFront {
    Nothing,
    HubSync,
    Reopen,
    Reenter,
    Fork,
}

/// A world in which a claim is to be shown.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Evidence {
    /// Under loom.
    Loom,
    /// On the simulated file system.
    Sim,
    /// Real processes, stopped before each system call.
    Traced,
    /// Real processes, released together.
    Race,
}

/// A text with its front matter.
pub(super) struct Text<'a> {
    path: &'a Path,
    whole: &'a str,
    /// Where the front matter is in it.
    front: Range<usize>,
}

impl<'a> Text<'a> {
    pub(super) fn of(path: &'a Path, whole: &'a str) -> Result<Self, SpecError> {
        let fault = |line, text: &str| SpecError::at(path, line, text.to_owned());
        let mut at = 0;
        let mut begins = None;
        for line in whole.split_inclusive('\n') {
            let is_fence = line.trim_end() == FENCE;
            match begins {
                None if !is_fence => break,
                None => begins = Some(at + line.len()),
                Some(begins) if is_fence => {
                    let front = begins..at;
                    return Ok(Self { path, whole, front });
                }
                Some(_) => {}
            }
            at += line.len();
        }
        Err(match begins {
            None => fault(1, "there is no front matter; begin the file with a line `+++`"),
            Some(_) => fault(1, "the front matter does not end; close it with a line `+++`"),
        })
    }

    pub(super) fn front(&self) -> Result<Front, SpecError> {
        #[derive(Deserialize)]
        struct Versioned {
            schema: Spanned<u64>,
        }
        let text = &self.whole[self.front.clone()];
        let refused = |error: toml::de::Error| {
            let place = error.span().unwrap_or(0..0);
            self.fault(&place, error.message().replace('\n', "; "))
        };
        // Before all else: another version may have other keys.
        let version: Versioned = toml::from_str(text).map_err(refused)?;
        if *version.schema.get_ref() != SCHEMA {
            let found = version.schema.get_ref();
            let told = format!("schema {found} is not known here; this onewinner reads schema {SCHEMA}");
            return Err(self.fault(&version.schema.span(), told));
        }
        toml::from_str(text).map_err(refused)
    }

    /// What is wrong at a place of the front matter.
    pub(super) fn fault(&self, place: &Range<usize>, text: impl Into<String>) -> SpecError {
        SpecError::at(self.path, self.line(place), text.into())
    }

    /// The line of a place of the front matter, counted from 1.
    pub(super) fn line(&self, place: &Range<usize>) -> usize {
        let end = (self.front.start + place.start).min(self.front.end);
        1 + self.whole[..end].matches('\n').count()
    }

    pub(super) fn path(&self) -> &Path {
        self.path
    }
}
