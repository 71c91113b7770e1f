//! encfs: an encrypted store with encrypted names.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::ways::Ways;
use super::{MakeError, Recipe, directory, program};

pub(super) struct Encfs(pub(super) Ways);

impl Recipe for Encfs {
    fn name(&self) -> &'static str {
        self.0.name("encfs", "encfs-shared")
    }

    fn kind(&self) -> &'static str {
        "fuse"
    }

    fn programs(&self) -> &'static [&'static str] {
        &["encfs"]
    }

    fn make(&self, place: &Path) -> Result<Vec<PathBuf>, MakeError> {
        let store = directory(place, "store")?;
        self.0.mount(place, |point, _| {
            // The first mount creates the store with standard settings; the second one finds it.
            let options = ["--standard", "--extpass=echo of-nobody"].map(OsString::from);
            let paths = [&*store, point].map(|path| path.as_os_str().to_owned());
            let arguments: [&[OsString]; 2] = [&options, &paths];
            let arguments = arguments.into_iter().flatten().map(AsRef::<OsStr>::as_ref);
            Ok(program::run(place, "encfs", arguments)?)
        })
    }
}
