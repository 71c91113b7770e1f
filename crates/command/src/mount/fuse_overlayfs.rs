//! fuse-overlayfs, the overlay of containers without root.
//!
//! Only one mount: each caches its directories and does not see files that another one makes in the same upper directory.

use std::path::{Path, PathBuf};

use super::{MakeError, Recipe, directory, program};

pub(super) struct FuseOverlayfs;

impl Recipe for FuseOverlayfs {
    fn name(&self) -> &'static str {
        "fuse-overlayfs"
    }

    fn kind(&self) -> &'static str {
        "fuse"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["fuse-overlayfs"]
    }

    fn make(&self, place: &Path) -> Result<Vec<PathBuf>, MakeError> {
        let (lower, upper) = (directory(place, "lower")?, directory(place, "upper")?);
        let (work, point) = (directory(place, "work")?, directory(place, "mount")?);
        let [lower, upper, work] = [&lower, &upper, &work].map(|path| path.display());
        let options = format!("lowerdir={lower},upperdir={upper},workdir={work}");
        program::run(
            place,
            "fuse-overlayfs",
            ["-o".as_ref(), options.as_ref(), point.as_os_str()],
        )?;
        Ok(vec![point])
    }
}
