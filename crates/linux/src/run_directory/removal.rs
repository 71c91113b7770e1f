//! Removes a directory with its contents, also where a program has taken away the rights of its owner.
//!
//! Knows no run.

use std::fs::{self, File, Permissions};
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;

/// The rights that removing what is in a directory takes.
const ALL_OF_THE_OWNER: u32 = 0o700;

/// Removes a directory with its contents. Whatever of this user is in it can be removed, also from a directory with mode 0.
///
/// Nothing else may change the directory meanwhile.
///
/// # Errors
///
/// As [`fs::remove_dir_all`].
pub(crate) fn remove_tree(directory: &Path) -> io::Result<()> {
    match fs::remove_dir_all(directory) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            // What the owner may not change stays, and the second attempt says so.
            let _closed = let_owner_in(directory);
            fs::remove_dir_all(directory)
        }
        removed => removed,
    }
}

/// Gives the owner all rights to a directory and to each one in it. Symbolic links are not followed.
fn let_owner_in(directory: &Path) -> io::Result<()> {
    fs::set_permissions(directory, Permissions::from_mode(ALL_OF_THE_OWNER))?;
    for entry in fs::read_dir(directory)? {
        let entry = entry?;
        if entry.file_type()?.is_dir() {
            let_owner_in(&entry.path())?;
        }
    }
    Ok(())
}

/// Opens a directory of this user, also one with mode 0.
///
/// # Errors
///
/// When it cannot be opened.
pub(super) fn open_anyway(directory: &Path) -> io::Result<File> {
    match File::open(directory) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            fs::set_permissions(directory, Permissions::from_mode(ALL_OF_THE_OWNER))?;
            File::open(directory)
        }
        opened => opened,
    }
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    /// For root nothing is denied, so for root this shows only that links are not followed.
    #[test]
    fn what_its_owner_may_not_enter_is_removed_and_what_a_link_leads_to_is_not() {
        let parent = tempfile::tempdir().unwrap();
        let (tree, kept) = (parent.path().join("tree"), parent.path().join("kept"));
        fs::create_dir_all(tree.join("closed/inner")).unwrap();
        fs::write(tree.join("closed/inner/file"), "").unwrap();
        fs::create_dir(&kept).unwrap();
        fs::write(kept.join("file"), "").unwrap();
        fs::set_permissions(&kept, Permissions::from_mode(0o755)).unwrap();
        symlink(&kept, tree.join("link")).unwrap();
        fs::set_permissions(tree.join("closed/inner"), Permissions::from_mode(0o000)).unwrap();
        fs::set_permissions(tree.join("closed"), Permissions::from_mode(0o000)).unwrap();
        remove_tree(&tree).unwrap();
        assert!(!tree.exists());
        assert!(kept.join("file").exists());
        assert_eq!(fs::metadata(&kept).unwrap().permissions().mode() & 0o777, 0o755);
    }
}
