//! mergerfs: several branches as one tree; two mounts of two branches.
//!
//! With two branches, a name can be created in both at the same time.

use std::path::{Path, PathBuf};

use super::ways::Ways;
use super::{MakeError, Recipe, directory, program};

pub(super) struct Mergerfs;

impl Recipe for Mergerfs {
    fn name(&self) -> &'static str {
        "mergerfs"
    }

    fn kind(&self) -> &'static str {
        "fuse"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["mergerfs"]
    }

    fn make(&self, place: &Path) -> Result<Vec<PathBuf>, MakeError> {
        let (one, other) = (directory(place, "branch-1")?, directory(place, "branch-2")?);
        let branches = format!("{}:{}", one.display(), other.display());
        Ways::Two.mount(place, |point, _| {
            // By default a branch with less than 4 GB free takes no new file.
            let arguments = [
                "-o".as_ref(),
                "minfreespace=0".as_ref(),
                branches.as_ref(),
                point.as_os_str(),
            ];
            Ok(program::run(place, "mergerfs", arguments)?)
        })
    }
}
