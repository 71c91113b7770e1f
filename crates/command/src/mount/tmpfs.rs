//! tmpfs: in memory; it never reuses an inode number.

use std::path::{Path, PathBuf};

use super::{MakeError, Recipe, directory};
use onewinner_linux::sys::namespace::mount_new;

pub(super) struct Tmpfs;

impl Recipe for Tmpfs {
    fn name(&self) -> &'static str {
        "tmpfs"
    }

    fn kind(&self) -> &'static str {
        "tmpfs"
    }

    fn make(&self, place: &Path) -> Result<Vec<PathBuf>, MakeError> {
        let point = directory(place, "mount")?;
        mount_new("tmpfs", &point, "size=64m,mode=0755").map_err(MakeError::mounting("tmpfs"))?;
        Ok(vec![point])
    }
}
