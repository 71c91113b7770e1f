//! Locks of one's own, explored from tests of libtest, as a user writes them.
//!
//! A *fixture* is a test that is ignored, and does what a test of a user may do wrong; a fact runs it in a process of its own.

mod answers;
mod entered;
mod fixtures;
mod told;
mod worlds;

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// No search is to be cut by its time, however slow the machine is.
pub(crate) const UNHURRIED: Duration = Duration::from_secs(600);

/// A lock that is a name: right.
pub(crate) struct Name(PathBuf);

impl Name {
    pub(crate) fn try_acquire(path: &Path) -> io::Result<Self> {
        File::create_new(path)?;
        Ok(Self(path.to_owned()))
    }
}

impl Drop for Name {
    fn drop(&mut self) {
        fs::remove_file(&self.0).expect("it is ours");
    }
}

/// A lock that looks first: wrong.
pub(crate) fn look_first(path: &Path) -> Option<Name> {
    if path.exists() {
        return None;
    }
    fs::write(path, "me").ok().map(|()| Name(path.to_owned()))
}
