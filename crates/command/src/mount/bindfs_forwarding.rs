//! bindfs that hands locks on to the store: a case that is known to be broken.
//!
//! The store sees one process, bindfs itself, and grants it every record lock that another contender has already: POSIX locks
//! belong to a process. bindfs(1) warns of it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};

use super::ways::Ways;
use super::{MakeError, Recipe, directory, program};

pub(super) struct BindfsForwarding;

impl Recipe for BindfsForwarding {
    fn name(&self) -> &'static str {
        "bindfs-forwarding"
    }

    fn kind(&self) -> &'static str {
        "fuse"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["bindfs"]
    }

    fn make(&self, place: &Path) -> Result<Vec<PathBuf>, MakeError> {
        let store = directory(place, "store")?;
        // It forwards from many threads alone: a lock that waits would stop the only one.
        let options: [&OsStr; 2] = ["--multithreaded", "--enable-lock-forwarding"].map(AsRef::as_ref);
        Ways::One.mount(place, |point, _| {
            let paths = [store.as_os_str(), point.as_os_str()];
            Ok(program::run(place, "bindfs", options.into_iter().chain(paths))?)
        })
    }
}
