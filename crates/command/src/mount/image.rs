//! File systems in an image file, on a loop device that is freed with the mount.
//!
//! They need root: a user namespace cannot mount a block device.

use std::fs::File;
use std::path::{Path, PathBuf};

use super::{MakeError, Recipe, directory, program};

/// A recipe for a file system in an image file.
pub(super) struct Image {
    pub(super) name: &'static str,
    pub(super) kind: &'static str,
    /// The program that makes the file system, and `mount`.
    pub(super) programs: &'static [&'static str],
    /// Its arguments before the file.
    pub(super) arguments: &'static [&'static str],
    /// The size of the file, which is sparse.
    pub(super) bytes: u64,
}

impl Recipe for Image {
    fn name(&self) -> &'static str {
        self.name
    }

    fn kind(&self) -> &'static str {
        self.kind
    }

    fn programs(&self) -> &'static [&'static str] {
        self.programs
    }

    fn needs_root(&self) -> bool {
        true
    }

    fn make(&self, place: &Path) -> Result<Vec<PathBuf>, MakeError> {
        let image = sparse(place, self.bytes)?;
        let file = image.as_os_str();
        program::run(
            place,
            self.programs[0],
            self.arguments.iter().map(AsRef::as_ref).chain([file]),
        )?;
        let point = directory(place, "mount")?;
        // mount(8) and not mount(2), because it sets up a loop device that is freed with the mount.
        let arguments = ["-o".as_ref(), "loop".as_ref(), file, point.as_os_str()];
        program::run(place, "mount", arguments)?;
        Ok(vec![point])
    }
}

/// Makes a sparse image file.
pub(super) fn sparse(place: &Path, bytes: u64) -> Result<PathBuf, MakeError> {
    let image = place.join("image");
    match File::create_new(&image).and_then(|file| file.set_len(bytes)) {
        Ok(()) => Ok(image),
        Err(source) => Err(MakeError::Prepare { path: image, source }),
    }
}
