//! mergerfs: several branches as one tree; two mounts of two branches.
//!
//! With two branches a name can be created in both at once.

use std::path::{Path, PathBuf};

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
        ["mount-1", "mount-2"]
            .iter()
            .map(|name| {
                let point = directory(place, name)?;
                // By default a branch with less than 4 GB free takes no new file.
                let arguments = [
                    "-o".as_ref(),
                    "minfreespace=0".as_ref(),
                    branches.as_ref(),
                    point.as_os_str(),
                ];
                program::run(place, "mergerfs", arguments)?;
                Ok(point)
            })
            .collect()
    }
}
