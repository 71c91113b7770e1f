//! gocryptfs: an encrypted store; two mounts in shared-storage mode.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use super::ways::Ways;
use super::{MakeError, Recipe, directory, program};

pub(super) struct Gocryptfs;

impl Recipe for Gocryptfs {
    fn name(&self) -> &'static str {
        "gocryptfs"
    }

    fn kind(&self) -> &'static str {
        "fuse"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["gocryptfs"]
    }

    fn make(&self, place: &Path) -> Result<Vec<PathBuf>, MakeError> {
        let (store, password) = (directory(place, "store")?, place.join("password"));
        fs::write(&password, "of nobody\n").map_err(|source| MakeError::Prepare {
            path: password.clone(),
            source,
        })?;
        let (store, password) = (store.as_os_str(), password.as_os_str());
        // The smallest cost that it accepts: the default takes a quarter of a second.
        let quick: [&OsStr; 5] = ["-q", "-init", "-scryptn", "10", "-passfile"].map(AsRef::as_ref);
        program::run(place, "gocryptfs", quick.into_iter().chain([password, store]))?;
        Ways::Two.mount(place, |point, _| {
            let shared: [&OsStr; 3] = ["-q", "-sharedstorage", "-passfile"].map(AsRef::as_ref);
            let ways = [password, store, point.as_os_str()];
            Ok(program::run(place, "gocryptfs", shared.into_iter().chain(ways))?)
        })
    }
}
