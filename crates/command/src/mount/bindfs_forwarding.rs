//! bindfs that forwards locks to the store, which is known to be broken.
//!
//! The store sees a single process, bindfs itself. It grants bindfs every record lock, even one that another contender holds,
//! because POSIX locks belong to a process. bindfs(1) warns of this.

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
        // Forwarding needs several threads: with one, a lock that waits would stop all others.
        let options: [&OsStr; 2] = ["--multithreaded", "--enable-lock-forwarding"].map(AsRef::as_ref);
        Ways::One.mount(place, |point, _| {
            let paths = [store.as_os_str(), point.as_os_str()];
            Ok(program::run(place, "bindfs", options.into_iter().chain(paths))?)
        })
    }
}
