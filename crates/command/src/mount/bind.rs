//! A tmpfs and a bind mount of it: two mounts of one file system, a control for a single host.

use std::path::{Path, PathBuf};

use super::{MakeError, Recipe, directory};
use onewinner_linux::sys::namespace::{bind, mount_new};

pub(super) struct Bind;

impl Recipe for Bind {
    fn name(&self) -> &'static str {
        "bind"
    }

    fn kind(&self) -> &'static str {
        "tmpfs"
    }

    fn make(&self, place: &Path) -> Result<Vec<PathBuf>, MakeError> {
        let (one, other) = (directory(place, "mount-1")?, directory(place, "mount-2")?);
        mount_new("tmpfs", &one, "size=64m,mode=0755").map_err(MakeError::mounting("tmpfs"))?;
        bind(&one, &other).map_err(MakeError::mounting("bind"))?;
        Ok(vec![one, other])
    }
}
