//! fuse2fs: ext4 through FUSE, by one process that has the image to itself.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::image::sparse;
use super::ways::Ways;
use super::{MakeError, Recipe, program};

/// Enough for the files of a race.
const BYTES: u64 = 16 << 20;

pub(super) struct Fuse2fs;

impl Recipe for Fuse2fs {
    fn name(&self) -> &'static str {
        "fuse2fs"
    }

    fn kind(&self) -> &'static str {
        "fuse"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["mkfs.ext4", "fuse2fs"]
    }

    fn make(&self, place: &Path) -> Result<Vec<PathBuf>, MakeError> {
        let image = sparse(place, BYTES)?;
        let quiet: [&OsStr; 3] = ["-q".as_ref(), "-F".as_ref(), image.as_os_str()];
        program::run(place, "mkfs.ext4", quiet)?;
        Ways::One.mount(place, |point, _| {
            // All files belong to this user, whatever owner the image records.
            let ours: [&OsStr; 2] = ["-o", "fakeroot"].map(AsRef::as_ref);
            let paths = [image.as_os_str(), point.as_os_str()];
            Ok(program::run(place, "fuse2fs", ours.into_iter().chain(paths))?)
        })
    }
}
