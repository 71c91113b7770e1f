//! bindfs: a directory shown again by a process; two of them stand for two hosts.
//!
//! Kernel locks are not forwarded to it unless one asks, so that each mount has its own.

use std::path::{Path, PathBuf};

use super::ways::Ways;
use super::{MakeError, Recipe, directory, program};

pub(super) struct Bindfs;

impl Recipe for Bindfs {
    fn name(&self) -> &'static str {
        "bindfs"
    }

    fn kind(&self) -> &'static str {
        "fuse"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["bindfs"]
    }

    fn make(&self, place: &Path) -> Result<Vec<PathBuf>, MakeError> {
        let store = directory(place, "store")?;
        Ways::Two.mount(place, |point, _| {
            Ok(program::run(place, "bindfs", [store.as_path(), point])?)
        })
    }
}
