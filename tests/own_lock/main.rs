//! A user's own lock, explored from tests of libtest.
//!
//! A *fixture* is an ignored test that does what a user's test may do wrong. The other tests run it in its own process.

mod answers;
mod entered;
mod failures;
mod fixtures;
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
