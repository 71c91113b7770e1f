//! rclone: a remote as a mount, here a directory of this machine; each mount has a cache of directories of its own.
//!
//! Without a cache of files, which is how it comes: what is being written cannot be opened again.

use std::ffi::OsString;
use std::path::{Path, PathBuf};

use super::ways::Ways;
use super::{MakeError, Recipe, directory, program};

pub(super) struct Rclone(pub(super) Ways);

impl Recipe for Rclone {
    fn name(&self) -> &'static str {
        self.0.name("rclone", "rclone-shared")
    }

    fn kind(&self) -> &'static str {
        "fuse"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["rclone"]
    }

    fn make(&self, place: &Path) -> Result<Vec<PathBuf>, MakeError> {
        let store = directory(place, "store")?;
        self.0.mount(place, |point, number| {
            let cache = directory(place, &format!("cache-{number}"))?;
            let mut arguments: Vec<OsString> = ["mount", "--daemon", "--daemon-wait", "10s"].map(Into::into).into();
            // Nothing of the user's is read or written.
            arguments.extend(["--config", "/dev/null", "--cache-dir"].map(Into::into));
            arguments.extend([&*cache, &*store, point].map(|path| path.as_os_str().to_owned()));
            Ok(program::run(place, "rclone", arguments)?)
        })
    }
}
