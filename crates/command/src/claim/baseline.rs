//! The ground that was covered before, as a file to keep beside the specs; and what of it is lost.
//!
//! It remembers what does not change from run to run: whether a search was complete, its bound, its classes and outcomes,
//! and the rounds of a race. Executions alone are no ground: a better reduction needs fewer. Runs nothing.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::evidence_plan::{Asked, Depth};
use super::row::{Came, Row};
use onewinner_core::backend::BackendKind;
use onewinner_core::verdict::{Exit, Extent, Judged, Unit, Verdict};

/// The version of the file.
const SCHEMA: u64 = 1;
/// What stands above the file's contents.
const HEAD: &str = "# What `onewinner gate` covered; written by `--update-baseline`. Lost ground fails the gate.\n";

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// It cannot be read.
    #[error("failed to read the baseline {path:?}: {source}; record one with --update-baseline")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
    /// It is not one.
    #[error("{}:{line}: {text}; record it anew with --update-baseline", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        text: String,
    },
    /// It is that of a run of another depth.
    #[error("failed to compare with {path:?}: it was recorded {}; keep a baseline for each depth", recorded(*.depth))]
    OtherDepth {
        /// The file.
        path: PathBuf,
        /// Its depth.
        depth: Depth,
    },
    /// It cannot be written.
    #[error("failed to write the baseline {path:?}: {source}; name another file with --baseline")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: io::Error,
    },
}

fn recorded(depth: Depth) -> &'static str {
    match depth {
        Depth::Usual => "without --quick",
        Depth::Quick => "with --quick",
    }
}

/// By the key of the claim, and by the title of the evidence.
type Claims = BTreeMap<String, BTreeMap<String, Ground>>;

/// What was covered before.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    schema: u64,
    depth: Depth,
    /// By the name of the spec.
    #[serde(default)]
    spec: BTreeMap<String, Claims>,
}

/// What one piece of evidence covered.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Ground {
    /// Whether a search was complete; absent of a race.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    complete: Option<bool>,
    /// The bound within which it was complete; absent if there was none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    preemptions: Option<u32>,
    /// The classes that it has; absent where executions are not classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    classes: Option<u64>,
    /// The rounds of a race.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rounds: Option<u64>,
    /// What came out of a complete search.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    outcomes: BTreeSet<String>,
}

impl Baseline {
    /// Nothing covered yet.
    pub fn new(depth: Depth) -> Self {
        Self {
            schema: SCHEMA,
            depth,
            spec: BTreeMap::new(),
        }
    }

    /// Reads a file, which must be of this depth.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or is no baseline of this version and depth.
    pub fn read(path: &Path, depth: Depth) -> Result<Self, BaselineError> {
        let unreadable = |source| BaselineError::Unreadable {
            path: path.to_owned(),
            source,
        };
        let text = std::fs::read_to_string(path).map_err(unreadable)?;
        let wrong = |at: usize, text: String| BaselineError::Wrong {
            path: path.to_owned(),
            line: at,
            text,
        };
        let read: Self = toml::from_str(&text).map_err(|error| {
            let at = error.span().map_or(0, |span| span.start.min(text.len()));
            wrong(
                1 + text[..at].matches('\n').count(),
                error.message().replace('\n', "; "),
            )
        })?;
        if read.schema != SCHEMA {
            return Err(wrong(1, format!("schema {} is not known here", read.schema)));
        }
        match read.depth == depth {
            true => Ok(read),
            false => Err(BaselineError::OtherDepth {
                path: path.to_owned(),
                depth: read.depth,
            }),
        }
    }

    /// Writes the file: equal ground gives equal bytes.
    ///
    /// # Errors
    ///
    /// When it cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), BaselineError> {
        let unwritable = |source| BaselineError::Unwritable {
            path: path.to_owned(),
            source,
        };
        let text = toml::to_string_pretty(self).map_err(|error| unwritable(io::Error::other(error)))?;
        std::fs::write(path, format!("{HEAD}{text}")).map_err(unwritable)
    }

    /// The names of the specs of which it knows.
    pub fn specs(&self) -> impl Iterator<Item = &str> {
        self.spec.keys().map(String::as_str)
    }

    /// The ground that this row has lost.
    pub(super) fn lost(&self, row: &Row) -> Vec<String> {
        let before = self.spec.get(&row.spec).and_then(|claims| claims.get(&row.key));
        let before = before.and_then(|evidence| evidence.get(row.evidence));
        // What could not be run is inconclusive, and says so itself.
        match (before, row.ground()) {
            (Some(before), Some(now)) => before.lost_in(&now),
            _ => Vec::new(),
        }
    }

    /// What a spec claimed before, and claims no longer.
    pub fn dropped(&self, spec: &str, rows: &[Row]) -> Vec<String> {
        let claims = self.spec.get(spec).into_iter().flatten();
        let pieces = claims.flat_map(|(key, evidence)| evidence.keys().map(move |title| (key, title)));
        let is_there = |key: &str, title: &str| {
            rows.iter()
                .any(|row| row.spec == spec && row.key == key && row.evidence == title)
        };
        pieces
            .filter(|(key, title)| !is_there(key, title))
            .map(|(key, title)| format!("`{key}` is no longer shown by {title}"))
            .collect()
    }

    /// Takes the ground of rows that are as claimed in place of what it knew of their specs; of a row that is not, it keeps
    /// what it knew.
    pub fn record(&mut self, rows: &[Row]) {
        let mut specs: BTreeMap<String, Claims> = BTreeMap::new();
        for row in rows {
            let known = self.spec.get(&row.spec).and_then(|claims| claims.get(&row.key));
            let known = known.and_then(|evidence| evidence.get(row.evidence)).cloned();
            let ground = match row.own {
                Exit::AsClaimed => row.ground(),
                _ => known,
            };
            let claims = specs.entry(row.spec.clone()).or_default();
            if let Some(ground) = ground {
                let evidence = claims.entry(row.key.clone()).or_default();
                evidence.insert(row.evidence.to_owned(), ground);
            }
        }
        self.spec.extend(specs);
    }

    /// Forgets the specs that are not among these.
    pub fn keep(&mut self, is_there: impl Fn(&str) -> bool) {
        self.spec.retain(|name, _| is_there(name));
    }
}

impl Row {
    /// What it covered, if it was run.
    fn ground(&self) -> Option<Ground> {
        match (&self.came, self.asked) {
            (Came::Judged(judged), Some(asked)) if judged.coverage.executions > 0 => Some(Ground::of(judged, asked)),
            _ => None,
        }
    }
}

impl Ground {
    fn of(judged: &Judged, asked: Asked) -> Self {
        let Judged { verdict, coverage } = judged;
        match &coverage.extent {
            // Once a program is caught, its search ends by time: how far it came then is no ground.
            Extent::Complete {
                each: Unit::Schedule, ..
            } if coverage.backend == BackendKind::Traced && matches!(verdict, Verdict::Violated(_)) => Self::default(),
            Extent::Complete { each, bounds } => Self {
                complete: Some(true),
                preemptions: asked.preemptions.filter(|_| !bounds.is_empty()),
                classes: (*each == Unit::Class).then_some(coverage.executions),
                rounds: None,
                outcomes: coverage.outcomes.iter().map(|row| row.outcome.to_string()).collect(),
            },
            Extent::Cut { .. } => Self {
                complete: Some(false),
                ..Self::default()
            },
            Extent::Sampled { .. } => Self {
                rounds: Some(coverage.executions),
                ..Self::default()
            },
        }
    }

    /// What this has and the other has not. Of a search that was not complete before, nothing can be lost.
    fn lost_in(&self, now: &Self) -> Vec<String> {
        let mut lost = Vec::new();
        if let (Some(before), now) = (self.rounds, now.rounds.unwrap_or(0))
            && now < before
        {
            lost.push(format!("{now} rounds instead of {before}"));
        }
        if self.complete != Some(true) {
            return lost;
        }
        if now.complete != Some(true) {
            lost.push("the search is no longer complete".to_owned());
            return lost;
        }
        match (self.preemptions, now.preemptions) {
            (None, Some(now)) => lost.push(format!("complete up to {now} preemptions instead of without a bound")),
            (Some(before), Some(now)) if now < before => {
                lost.push(format!("complete up to {now} preemptions instead of {before}"));
            }
            _ => {}
        }
        if let (Some(before), now) = (self.classes, now.classes.unwrap_or(0))
            && now < before
        {
            lost.push(format!("{now} classes instead of {before}"));
        }
        let gone = self.outcomes.difference(&now.outcomes);
        lost.extend(gone.map(|outcome| format!("the outcome \"{outcome}\" comes no more")));
        lost
    }
}
