//! bindfs: a FUSE mirror of a directory; two of them represent two hosts.
//!
//! By default kernel locks are not forwarded to the directory, so each mount has its own locks.

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
