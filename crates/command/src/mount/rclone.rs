//! rclone: a remote as a mount, here a directory of this machine; each mount has its own cache.
//!
//! Files are written to the cache first: without it, a file that is being written cannot be opened or removed. Two mounts run
//! with caching and delays switched off. They share only the names of the remote, which cannot create one exclusively.

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
            // The user's configuration is neither read nor written.
            arguments.extend(["--config", "/dev/null", "--vfs-cache-mode", "writes"].map(Into::into));
            if self.0 == Ways::Two {
                let without_delays = [
                    "--vfs-write-back",
                    "0s",
                    "--dir-cache-time",
                    "0s",
                    "--attr-timeout",
                    "0s",
                ];
                arguments.extend(without_delays.map(Into::into));
            }
            arguments.push("--cache-dir".into());
            arguments.extend([&*cache, &*store, point].map(|path| path.as_os_str().to_owned()));
            Ok(program::run(place, "rclone", arguments)?)
        })
    }
}
