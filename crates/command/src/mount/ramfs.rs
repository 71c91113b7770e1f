//! ramfs: like tmpfs, without a size limit.

use std::path::{Path, PathBuf};

use super::{MakeError, Recipe, directory};
use onewinner_linux::sys::namespace::mount_new;

pub(super) struct Ramfs;

impl Recipe for Ramfs {
    fn name(&self) -> &'static str {
        "ramfs"
    }

    fn kind(&self) -> &'static str {
        "ramfs"
    }

    fn needs_root(&self) -> bool {
        true
    }

    fn make(&self, place: &Path) -> Result<Vec<PathBuf>, MakeError> {
        let point = directory(place, "mount")?;
        mount_new("ramfs", &point, "mode=0755").map_err(MakeError::mounting("ramfs"))?;
        Ok(vec![point])
    }
}
