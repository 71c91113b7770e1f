//! The baseline: a file with the coverage of an earlier run, and the comparison with a later one.
//!
//! It records what is the same in every run: whether a search was complete, its bound, classes and outcomes, and the rounds
//! of a race. It does not record executions: a better search needs fewer.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::evidence_plan::{GateDepth, RequestedCoverage};
use super::row::{EvidenceResult, GateRow};
use onewinner_core::backend::BackendKind;
use onewinner_core::verdict::{Exit, Extent, Judged, Unit, Verdict};

/// The version of the file.
const SCHEMA: u64 = 1;
/// The first line of the file.
const HEAD: &str =
    "# The coverage of `onewinner gate`, written by `--update-baseline`. Losing any of it fails the gate.\n";

/// Why a baseline cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum BaselineError {
    /// The file cannot be read.
    #[error("failed to read the baseline {path:?}: {source}; record one with --update-baseline")]
    Unreadable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
    /// The file is not a baseline.
    #[error("{}:{line}: {text}; record the baseline again with --update-baseline", path.display())]
    Wrong {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: usize,
        /// What is wrong.
        text: String,
    },
    /// The baseline is of a run of another depth.
    #[error("failed to compare with {path:?}: it was recorded {}; keep one baseline with --quick and one without", describe(*.depth))]
    OtherDepth {
        /// The file.
        path: PathBuf,
        /// Its depth.
        depth: GateDepth,
    },
    /// The file cannot be written.
    #[error("failed to write the baseline {path:?}: {source}; name another file with --baseline")]
    Unwritable {
        /// The file.
        path: PathBuf,
        /// The cause.
        #[source]
        source: io::Error,
    },
}

fn describe(depth: GateDepth) -> &'static str {
    match depth {
        GateDepth::Usual => "without --quick",
        GateDepth::Quick => "with --quick",
    }
}

/// Coverage by the key of the claim and the title of the evidence.
type Claims = BTreeMap<String, BTreeMap<String, RecordedCoverage>>;

/// The coverage of an earlier run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Baseline {
    schema: u64,
    depth: GateDepth,
    /// By the name of the spec.
    #[serde(default)]
    spec: BTreeMap<String, Claims>,
}

/// The coverage of one piece of evidence.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct RecordedCoverage {
    /// Whether a search was complete; absent for a race.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    complete: Option<bool>,
    /// The preemption bound of a complete search; absent without a bound.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    preemptions: Option<u32>,
    /// The number of classes; absent if the search does not count classes.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    classes: Option<u64>,
    /// The rounds of a race; absent for a search.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    rounds: Option<u64>,
    /// The outcomes of a complete search.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    outcomes: BTreeSet<String>,
}

impl Baseline {
    /// An empty baseline.
    pub fn new(depth: GateDepth) -> Self {
        Self {
            schema: SCHEMA,
            depth,
            spec: BTreeMap::new(),
        }
    }

    /// Reads a file of this depth.
    ///
    /// # Errors
    ///
    /// If the file cannot be read, or is not a baseline of this version and depth.
    pub fn read(path: &Path, depth: GateDepth) -> Result<Self, BaselineError> {
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
            return Err(wrong(1, format!("schema {} is not supported", read.schema)));
        }
        if read.depth == depth {
            Ok(read)
        } else {
            Err(BaselineError::OtherDepth {
                path: path.to_owned(),
                depth: read.depth,
            })
        }
    }

    /// Writes the file. The same coverage gives the same bytes.
    ///
    /// # Errors
    ///
    /// If the file cannot be written.
    pub fn write(&self, path: &Path) -> Result<(), BaselineError> {
        let unwritable = |source| BaselineError::Unwritable {
            path: path.to_owned(),
            source,
        };
        let text = toml::to_string_pretty(self).map_err(|error| unwritable(io::Error::other(error)))?;
        std::fs::write(path, format!("{HEAD}{text}")).map_err(unwritable)
    }

    /// The names of the recorded specs.
    pub fn specs(&self) -> impl Iterator<Item = &str> {
        self.spec.keys().map(String::as_str)
    }

    /// The recorded coverage that this row lacks.
    pub(super) fn coverage_lost_by(&self, row: &GateRow) -> Vec<String> {
        let before = self.spec.get(&row.spec).and_then(|claims| claims.get(&row.key));
        let before = before.and_then(|evidence| evidence.get(row.evidence));
        // A run that did not start has lost nothing: it is inconclusive already.
        match (before, row.coverage()) {
            (Some(before), Some(now)) => before.lost_in(&now),
            _ => Vec::new(),
        }
    }

    /// The recorded evidence of a spec that has no row any more.
    pub fn dropped_evidence(&self, spec: &str, rows: &[GateRow]) -> Vec<String> {
        let claims = self.spec.get(spec).into_iter().flatten();
        let recorded = claims.flat_map(|(key, evidence)| evidence.keys().map(move |title| (key, title)));
        let has_row = |key: &str, title: &str| {
            rows.iter()
                .any(|row| row.spec == spec && row.key == key && row.evidence == title)
        };
        recorded
            .filter(|(key, title)| !has_row(key, title))
            .map(|(key, title)| format!("`{key}` is no longer checked by {title}"))
            .collect()
    }

    /// Replaces the coverage of the specs of these rows. A row that is not as claimed keeps the coverage recorded before.
    pub fn record(&mut self, rows: &[GateRow]) {
        let mut specs: BTreeMap<String, Claims> = BTreeMap::new();
        for row in rows {
            let before = self.spec.get(&row.spec).and_then(|claims| claims.get(&row.key));
            let before = before.and_then(|evidence| evidence.get(row.evidence)).cloned();
            let coverage = match row.exit_without_baseline {
                Exit::AsClaimed => row.coverage(),
                _ => before,
            };
            let claims = specs.entry(row.spec.clone()).or_default();
            if let Some(coverage) = coverage {
                let evidence = claims.entry(row.key.clone()).or_default();
                evidence.insert(row.evidence.to_owned(), coverage);
            }
        }
        self.spec.extend(specs);
    }

    /// Removes the specs for which `is_present` returns false.
    pub fn retain_specs(&mut self, is_present: impl Fn(&str) -> bool) {
        self.spec.retain(|name, _| is_present(name));
    }
}

impl GateRow {
    /// The coverage to record; `None` if nothing was run.
    fn coverage(&self) -> Option<RecordedCoverage> {
        match (&self.result, self.requested) {
            (EvidenceResult::Judged(judged), Some(requested)) if judged.coverage.executions > 0 => {
                Some(RecordedCoverage::of(judged, requested))
            }
            _ => None,
        }
    }
}

impl RecordedCoverage {
    fn of(judged: &Judged, requested: RequestedCoverage) -> Self {
        let Judged { verdict, coverage, .. } = judged;
        match &coverage.extent {
            // The search of a broken program ends by time, so its coverage depends on the machine.
            Extent::Complete {
                each: Unit::Schedule, ..
            } if coverage.backend == BackendKind::Traced && matches!(verdict, Verdict::Violated(_)) => Self::default(),
            Extent::Complete { each, bounds } => Self {
                complete: Some(true),
                preemptions: requested.preemptions.filter(|_| !bounds.is_empty()),
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

    /// The coverage that `now` lacks. An incomplete search has none to lose.
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
        lost.extend(gone.map(|outcome| format!("the outcome \"{outcome}\" is missing")));
        lost
    }
}
