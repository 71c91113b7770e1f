//! One file system, as plain data: what it is, what the controls showed there, and its cells.

use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use super::cell::{Cell, Manner, Raced};

/// A directory, or several ways to one store, with all cells there.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Column {
    /// The recipe, or the directories as they were given.
    pub name: String,
    /// The directories; none of one that was not made.
    pub ways: Vec<PathBuf>,
    /// The type of each, as statfs(2) tells.
    pub kinds: Vec<String>,
    /// Whether anything can be known there.
    #[serde(flatten)]
    pub standing: Standing,
    /// A broken lock and a sound one, for comparison.
    pub controls: Vec<Control>,
    /// One for each lock.
    pub cells: Vec<Cell>,
}

/// Whether a directory can be worked in.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "standing", rename_all = "kebab-case")]
pub enum Standing {
    /// It is what it should be, and its controls were raced.
    Ready,
    /// It was not made, because the machine or the user lacks something.
    Skipped {
        /// What.
        reason: String,
    },
    /// It is not what it should be.
    Failed {
        /// Why.
        reason: String,
    },
    /// There is no such directory.
    Misused {
        /// What there is.
        reason: String,
    },
}

/// A lock whose answer is known.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Control {
    /// Which.
    pub lock: String,
    /// Whether it is sound.
    pub sound: bool,
    /// What its races showed.
    pub races: Vec<Raced>,
}

impl Column {
    /// One that is not looked at yet.
    pub(super) fn new(name: String) -> Self {
        Self {
            name,
            ways: Vec::new(),
            kinds: Vec::new(),
            standing: Standing::Ready,
            controls: Vec::new(),
            cells: Vec::new(),
        }
    }

    /// Why there is nothing to know.
    pub fn obstacle(&self) -> Option<&str> {
        match &self.standing {
            Standing::Ready => None,
            Standing::Skipped { reason } | Standing::Failed { reason } | Standing::Misused { reason } => Some(reason),
        }
    }

    /// Why a pass would say nothing here: not even the broken control was caught.
    pub fn toothless(&self) -> Option<String> {
        let broken = self.controls.iter().find(|control| !control.sound)?;
        let caught = broken.races.iter().any(|race| race.sample.violations > 0);
        (!caught).then(|| {
            format!(
                "{} was not caught either, not even when its calls were aligned: nothing can be told here",
                broken.lock
            )
        })
    }

    /// What the sound control should not have shown.
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
