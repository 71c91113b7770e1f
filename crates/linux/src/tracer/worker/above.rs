//! The directories above that of an execution: what contenders leave there is removed before the next execution.
//!
//! A program that writes beside the directory of its lock would otherwise find the files of another execution. Only names that
//! the tracer has not made are removed. Knows no layer.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, Permissions};
use std::io;
use std::path::{Path, PathBuf};

use crate::run_directory::removal::remove_tree;

/// A directory as it was before the first execution.
pub(super) struct Above {
    path: PathBuf,
    permissions: Permissions,
}

impl Above {
    /// The directory at a path as it is now.
    ///
    /// # Errors
    ///
    /// When it cannot be examined.
    pub(super) fn of(path: &Path) -> io::Result<Self> {
        let permissions = fs::metadata(path)?.permissions();
        let path = path.to_owned();
        Ok(Self { path, permissions })
    }

    /// Makes it again what it was; `own` are the names in it that stay.
    ///
    /// # Errors
    ///
    /// When something in it cannot be removed.
    pub(super) fn restore(&self, own: &BTreeSet<OsString>) -> io::Result<()> {
        if fs::metadata(&self.path)?.permissions() != self.permissions {
            fs::set_permissions(&self.path, self.permissions.clone())?;
        }
        for entry in fs::read_dir(&self.path)? {
            let entry = entry?;
            if own.contains(&entry.file_name()) {
                continue;
            }
            if entry.file_type()?.is_dir() {
                remove_tree(&entry.path())?;
            } else {
                fs::remove_file(entry.path())?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::PermissionsExt;

    use super::*;

    #[test]
    fn what_is_left_beside_the_own_names_is_removed_and_the_rights_are_restored() {
        let there = tempfile::tempdir().unwrap();
        let names = || {
            let entries = fs::read_dir(there.path()).unwrap();
            entries.map(|entry| entry.unwrap().file_name()).collect::<Vec<_>>()
        };
        fs::create_dir(there.path().join("own")).unwrap();
        let (above, own) = (Above::of(there.path()).unwrap(), BTreeSet::from(["own".into()]));
        fs::create_dir_all(there.path().join("left/inside")).unwrap();
        fs::write(there.path().join("file"), "").unwrap();
        let before = fs::metadata(there.path()).unwrap().permissions();
        fs::set_permissions(there.path(), Permissions::from_mode(0o777)).unwrap();
        above.restore(&own).unwrap();
        assert_eq!(names(), ["own"]);
        assert_eq!(fs::metadata(there.path()).unwrap().permissions(), before);
    }
}
