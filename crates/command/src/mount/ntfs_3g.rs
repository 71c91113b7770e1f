//! ntfs-3g: NTFS through FUSE, by one process that has the image to itself.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::image::sparse;
use super::ways::Ways;
use super::{MakeError, Recipe, program};

/// Enough for the files of a race.
const BYTES: u64 = 32 << 20;

pub(super) struct Ntfs3g;

impl Recipe for Ntfs3g {
    fn name(&self) -> &'static str {
        "ntfs-3g"
    }

    fn kind(&self) -> &'static str {
        "fuse"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["mkntfs", "ntfs-3g"]
    }

    /// It calls setgroups(2), which a user namespace forbids.
    fn needs_root(&self) -> bool {
        true
    }

    fn make(&self, place: &Path) -> Result<Vec<PathBuf>, MakeError> {
        let image = sparse(place, BYTES)?;
        // Forced, because the image is a file and not a disk.
        let quick: [&OsStr; 4] = ["-q".as_ref(), "-F".as_ref(), "-Q".as_ref(), image.as_os_str()];
        program::run(place, "mkntfs", quick)?;
        Ways::One.mount(place, |point, _| {
            Ok(program::run(place, "ntfs-3g", [image.as_os_str(), point.as_os_str()])?)
        })
    }
}
