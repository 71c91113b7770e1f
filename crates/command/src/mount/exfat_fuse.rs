//! exfat-fuse: exFAT, which has neither hard nor symbolic links, through FUSE on a block device.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::image::sparse;
use super::ways::Ways;
use super::{MakeError, Recipe, program};

/// Enough for the files of a race.
const BYTES: u64 = 32 << 20;

pub(super) struct ExfatFuse;

impl Recipe for ExfatFuse {
    fn name(&self) -> &'static str {
        "exfat-fuse"
    }

    fn kind(&self) -> &'static str {
        "fuse"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["mkfs.exfat", "mount.exfat-fuse", "mount"]
    }

    fn needs_root(&self) -> bool {
        true
    }

    fn make(&self, place: &Path) -> Result<Vec<PathBuf>, MakeError> {
        let image = sparse(place, BYTES)?;
        program::run(place, "mkfs.exfat", [&image])?;
        Ways::One.mount(place, |point, _| {
            // Through mount(8), which sets up a loop device that is freed with the mount.
            let by_loop: [&OsStr; 4] = ["-t", "exfat-fuse", "-o", "loop"].map(AsRef::as_ref);
            let paths = [image.as_os_str(), point.as_os_str()];
            Ok(program::run(place, "mount", by_loop.into_iter().chain(paths))?)
        })
    }
}
