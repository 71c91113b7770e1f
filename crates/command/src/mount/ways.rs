//! One mount of a store, or two that represent two hosts.

use std::path::{Path, PathBuf};

use super::{MakeError, directory};

/// How many mounts of one store.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Ways {
    /// One, for one host.
    One,
    /// Two, between which contenders are divided.
    Two,
}

impl Ways {
    /// One name or the other.
    pub(super) fn name(self, one: &'static str, two: &'static str) -> &'static str {
        match self {
            Self::One => one,
            Self::Two => two,
        }
    }

    /// Makes each mount point and calls `mount` with the point and its number.
    pub(super) fn mount(
        self,
        place: &Path,
        mount: impl Fn(&Path, usize) -> Result<(), MakeError>,
    ) -> Result<Vec<PathBuf>, MakeError> {
        let numbers = match self {
            Self::One => 1..=1,
            Self::Two => 1..=2,
        };
        numbers
            .map(|number| {
                let point = directory(place, &format!("mount-{number}"))?;
                mount(&point, number)?;
                Ok(point)
            })
            .collect()
    }
}
