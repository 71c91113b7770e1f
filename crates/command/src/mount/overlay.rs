//! overlayfs, as containers use it, and two overlays of one upper directory.
//!
//! The kernel's documentation calls the behaviour of a shared upper directory undefined, but the kernel allows the mount. Each
//! overlay has its own inodes, and kernel locks belong to inodes.

use std::path::{Path, PathBuf};

use super::{MakeError, Recipe, directory};
use onewinner_linux::sys::namespace::mount_new;

pub(super) enum Overlay {
    Alone,
    Shared,
}

impl Recipe for Overlay {
    fn name(&self) -> &'static str {
        match self {
            Self::Alone => "overlay",
            Self::Shared => "overlay-shared",
        }
    }

    fn kind(&self) -> &'static str {
        "overlayfs"
    }

    fn make(&self, place: &Path) -> Result<Vec<PathBuf>, MakeError> {
        let (lower, upper) = (directory(place, "lower")?, directory(place, "upper")?);
        let numbers = match self {
            Self::Alone => 1..=1,
            Self::Shared => 1..=2,
        };
        numbers
            .map(|number| {
                let work = directory(place, &format!("work-{number}"))?;
                let point = directory(place, &format!("mount-{number}"))?;
                let [lower, upper, work] = [&lower, &upper, &work].map(|path| path.display());
                let options = format!("lowerdir={lower},upperdir={upper},workdir={work}");
                mount_new("overlay", &point, &options).map_err(MakeError::mounting("overlay"))?;
                Ok(point)
            })
            .collect()
    }
}
