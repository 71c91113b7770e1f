//! unionfs-fuse: a writable branch over a read-only one; two mounts of both.

use std::path::{Path, PathBuf};

use super::ways::Ways;
use super::{MakeError, Recipe, directory, program};

pub(super) struct Unionfs;

impl Recipe for Unionfs {
    fn name(&self) -> &'static str {
        "unionfs-fuse"
    }

    fn kind(&self) -> &'static str {
        "fuse"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["unionfs-fuse"]
    }

    fn make(&self, place: &Path) -> Result<Vec<PathBuf>, MakeError> {
        let (upper, lower) = (directory(place, "upper")?, directory(place, "lower")?);
        let branches = format!("{}=RW:{}=RO", upper.display(), lower.display());
        Ways::Two.mount(place, |point, _| {
            let arguments = ["-o".as_ref(), "cow".as_ref(), branches.as_ref(), point.as_os_str()];
            Ok(program::run(place, "unionfs-fuse", arguments)?)
        })
    }
}
