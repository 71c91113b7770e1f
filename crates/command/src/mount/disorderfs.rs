//! disorderfs: a FUSE mirror of a directory that returns entries in a different order at each read.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::ways::Ways;
use super::{MakeError, Recipe, directory, program};

pub(super) struct Disorderfs(pub(super) Ways);

impl Recipe for Disorderfs {
    fn name(&self) -> &'static str {
        self.0.name("disorderfs", "disorderfs-shared")
    }

    fn kind(&self) -> &'static str {
        "fuse"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["disorderfs"]
    }

    fn make(&self, place: &Path) -> Result<Vec<PathBuf>, MakeError> {
        let store = directory(place, "store")?;
        self.0.mount(place, |point, _| {
            let arguments: [&OsStr; 3] = ["-q".as_ref(), store.as_os_str(), point.as_os_str()];
            Ok(program::run(place, "disorderfs", arguments)?)
        })
    }
}
