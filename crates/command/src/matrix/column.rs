//! One file system as plain data: its type, the results of the controls, and its cells.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::cell::{Cell, Manner, Raced};

/// A directory, or several mounts of one store, with its cells.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// The name of the recipe, or the given paths.
    pub name: String,
    /// The directories; empty if the file system was not made.
    pub ways: Vec<PathBuf>,
    /// The type of each, from statfs(2).
    pub kinds: Vec<String>,
    /// Whether the directory can be used.
    #[serde(flatten)]
    pub state: ColumnState,
    /// A broken lock and a sound one, for comparison.
    pub controls: Vec<Control>,
    /// One for each lock.
    pub cells: Vec<Cell>,
}

/// Whether a directory can be used.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "kebab-case")]
pub enum ColumnState {
    /// The directory was verified, and its controls were raced.
    Ready,
    /// The file system was not made, because the machine or the user lacks something.
    Skipped {
        /// What is missing.
        reason: String,
    },
    /// The directory could not be prepared or verified.
    Failed {
        /// Why.
        reason: String,
    },
    /// The path does not exist or is not a directory.
    Misused {
        /// Why.
        reason: String,
    },
}

/// A control: a lock whose answer is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Control {
    /// The name of the lock.
    pub lock: String,
    /// Whether it is the sound control.
    pub sound: bool,
    /// The results of its races.
    pub races: Vec<Raced>,
}

impl Column {
    /// An empty column.
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            ways: Vec::new(),
            kinds: Vec::new(),
            state: ColumnState::Ready,
            controls: Vec::new(),
            cells: Vec::new(),
        }
    }

    /// Why the directory cannot be used, if so.
    pub fn obstacle(&self) -> Option<&str> {
        match &self.state {
            ColumnState::Ready => None,
            ColumnState::Skipped { reason } | ColumnState::Failed { reason } | ColumnState::Misused { reason } => {
                Some(reason)
            }
        }
    }

    /// Why a pass would mean nothing here: the broken control was not caught.
    pub fn missed_control(&self) -> Option<String> {
        let broken = self.controls.iter().find(|control| !control.sound)?;
        let caught = broken.races.iter().any(|race| race.sample.violations > 0);
        (!caught).then(|| {
            format!(
                "{}, a broken lock, was not caught either, not even with aligned calls: a pass means nothing here",
                broken.lock
            )
        })
    }

    /// The race in which the sound control was violated, if any.
    pub fn unsound(&self) -> Option<&Raced> {
        let sound = self.controls.iter().find(|control| control.sound)?;
        sound.races.iter().find(|race| race.sample.violations > 0)
    }
}

impl Control {
    /// The race of this manner.
    pub fn race(&self, manner: Manner) -> Option<&Raced> {
        self.races.iter().find(|race| race.manner == manner)
    }
}
