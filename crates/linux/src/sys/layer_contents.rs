//! What programs have written to a private layer: removed, and files of the machine restored.
//!
//! Works on the merged directory, so that the kernel keeps its view of both. Mounts nothing.

use std::collections::BTreeSet;
use std::fs::{self, File, Metadata};
use std::io::{self, ErrorKind};
use std::os::unix::fs::{FileTypeExt, MetadataExt, chown};
use std::path::{Path, PathBuf};

/// The largest file of the machine that is restored by copying it, in bytes. For a larger one a new layer is faster.
const LARGEST_RESTORED: u64 = 1024 * 1024;

/// The paths that are treated apart, as programs see them.
#[derive(Debug, Default)]
pub(super) struct Apart {
    /// It stays.
    pub(super) kept: Option<PathBuf>,
    /// It is absent at the beginning of each execution, even if the machine has a file there.
    pub(super) hidden: Option<PathBuf>,
}

/// Removes what a layer adds to the machine's directory, and restores the files that it changes or hides there. Returns false if
/// that cannot be done: then only a new layer helps.
pub(super) fn clean(upper: &Path, merged: &Path, below: &Path, apart: &Apart) -> io::Result<bool> {
    for entry in fs::read_dir(upper)? {
        let entry = entry?;
        let name = entry.file_name();
        let (merged, below) = (merged.join(&name), below.join(&name));
        if apart.kept.as_ref() == Some(&merged) {
            continue;
        }
        if apart.hidden.as_ref() == Some(&merged) {
            if !is_whiteout(&entry.metadata()?) {
                remove(&merged)?;
            }
            continue;
        }
        let is_clean = match fs::symlink_metadata(&below) {
            Err(error) if error.kind() == ErrorKind::NotFound => {
                remove(&merged)?;
                true
            }
            // A directory of the machine in which something was made.
            Ok(there) if there.is_dir() && entry.file_type()?.is_dir() && merged.is_dir() => {
                clean(&entry.path(), &merged, &below, apart)?
                    && has_same_attributes(&fs::metadata(&merged)?, &there)
                    && shows_all(&merged, &below, apart)?
            }
            Ok(there) if there.is_file() => restore(&merged, &below, &there)?,
            _ => false,
        };
        if !is_clean {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Removes a file or a directory, if there is one.
pub(super) fn remove(path: &Path) -> io::Result<()> {
    match fs::symlink_metadata(path) {
        Err(error) if error.kind() == ErrorKind::NotFound => Ok(()),
        Err(error) => Err(error),
        Ok(there) if there.is_dir() => fs::remove_dir_all(path),
        Ok(_) => fs::remove_file(path),
    }
}

/// Makes the layer's own copies of the machine's files at these paths. Otherwise a descriptor that was opened for reading would
/// go on to show the machine's file after another process has changed it: `Documentation/filesystems/overlayfs.rst`,
/// "Non-standard behavior".
pub(super) fn copy_up(paths: &BTreeSet<PathBuf>) -> io::Result<()> {
    for path in paths {
        copy_up_below(path)?;
    }
    Ok(())
}

fn copy_up_below(path: &Path) -> io::Result<()> {
    let there = match fs::symlink_metadata(path) {
        Ok(there) => there,
        Err(error) if error.kind() == ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(error),
    };
    if there.is_dir() {
        for entry in fs::read_dir(path)? {
            copy_up_below(&entry?.path())?;
        }
    } else if there.is_file() {
        match File::options().write(true).open(path) {
            // What this user may not write, its programs may not either.
            Err(error) if error.kind() != ErrorKind::PermissionDenied => return Err(error),
            _ => {}
        }
    }
    Ok(())
}

/// Whether it marks a removed file of the machine: a character device with the number 0.
fn is_whiteout(upper: &Metadata) -> bool {
    upper.file_type().is_char_device() && upper.rdev() == 0
}

fn has_same_attributes(one: &Metadata, other: &Metadata) -> bool {
    let attributes = |metadata: &Metadata| (metadata.mode(), metadata.uid(), metadata.gid());
    attributes(one) == attributes(other)
}

/// Whether all that is in the machine's directory can be seen: a directory that was removed and made again hides it.
fn shows_all(merged: &Path, below: &Path, apart: &Apart) -> io::Result<bool> {
    for entry in fs::read_dir(below)? {
        let merged = merged.join(entry?.file_name());
        if apart.hidden.as_ref() != Some(&merged) && fs::symlink_metadata(&merged).is_err() {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Makes a file again what it is on the machine. Returns false if it cannot be copied.
fn restore(merged: &Path, below: &Path, there: &Metadata) -> io::Result<bool> {
    if there.len() > LARGEST_RESTORED {
        return Ok(false);
    }
    let Ok(content) = fs::read(below) else {
        return Ok(false);
    };
    let is_same = |now: &Metadata| {
        let times = |metadata: &Metadata| (metadata.mtime(), metadata.mtime_nsec());
        now.is_file() && has_same_attributes(now, there) && times(now) == times(there)
    };
    if fs::symlink_metadata(merged).is_ok_and(|now| is_same(&now)) && fs::read(merged)? == content {
        return Ok(true);
    }
    remove(merged)?;
    fs::write(merged, content)?;
    if chown(merged, Some(there.uid()), Some(there.gid())).is_err() {
        return Ok(false);
    }
    File::options()
        .write(true)
        .open(merged)?
        .set_modified(there.modified()?)?;
    fs::set_permissions(merged, there.permissions())?;
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_layer_adds_is_removed_and_what_it_changes_is_restored() {
        let there = tempfile::tempdir().unwrap();
        let [upper, merged, below] = ["upper", "merged", "below"].map(|name| there.path().join(name));
        for directory in [&upper, &merged, &below] {
            fs::create_dir_all(directory.join("kept")).unwrap();
        }
        for directory in [&upper, &merged] {
            fs::create_dir_all(directory.join("made/inside")).unwrap();
            fs::write(directory.join("kept/new"), "").unwrap();
            fs::write(directory.join("changed"), "other").unwrap();
        }
        fs::write(below.join("changed"), "content").unwrap();
        // Without a mount the three are not connected: what counts is what is done to the merged one.
        assert!(clean(&upper, &merged, &below, &Apart::default()).unwrap());
        assert!(!merged.join("made").exists() && !merged.join("kept/new").exists() && merged.join("kept").exists());
        assert_eq!(fs::read_to_string(merged.join("changed")).unwrap(), "content");
        let times = |path: &Path| fs::metadata(path).unwrap().modified().unwrap();
        assert_eq!(times(&merged.join("changed")), times(&below.join("changed")));
    }

    #[test]
    fn a_directory_that_hides_the_machines_one_needs_a_new_layer() {
        let there = tempfile::tempdir().unwrap();
        let [upper, merged, below] = ["upper", "merged", "below"].map(|name| there.path().join(name));
        for directory in [&upper, &merged, &below] {
            fs::create_dir_all(directory.join("again")).unwrap();
        }
        assert!(clean(&upper, &merged, &below, &Apart::default()).unwrap());
        fs::write(below.join("again/file"), "").unwrap();
        assert!(!clean(&upper, &merged, &below, &Apart::default()).unwrap());
    }

    #[test]
    fn a_hidden_path_is_removed_and_one_that_is_kept_stays() {
        let there = tempfile::tempdir().unwrap();
        let [upper, merged, below] = ["upper", "merged", "below"].map(|name| there.path().join(name));
        for directory in [&upper, &merged, &below] {
            fs::create_dir_all(directory).unwrap();
            fs::write(directory.join("hidden"), "").unwrap();
            fs::write(directory.join("kept"), "").unwrap();
        }
        let apart = Apart {
            kept: Some(merged.join("kept")),
            hidden: Some(merged.join("hidden")),
        };
        assert!(clean(&upper, &merged, &below, &apart).unwrap());
        assert!(!merged.join("hidden").exists() && merged.join("kept").exists());
    }
}
