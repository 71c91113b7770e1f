//! Writes a page, a table or a plot atomically: the old file stays until the new one is complete on disk.
//!
//! Does not know the content.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::Failure;

/// An output file, checked before the content exists.
pub(super) struct Page<'a> {
    /// The path as the user gave it.
    path: &'a Path,
    target: Target,
}

enum Target {
    /// A regular file: the new content is written to a temporary file next to it, which then replaces it.
    File(PathBuf),
    /// A device or a pipe, which must not be replaced.
    Special,
}

impl<'a> Page<'a> {
    /// Checks that the file can be written, before the run takes minutes. Leaves nothing behind.
    pub(super) fn at(path: &'a Path) -> Result<Self, Failure> {
        let target = target(path).map_err(|error| failed(path, &error))?;
        Ok(Self { path, target })
    }

    /// Writes the content.
    pub(super) fn write(&self, text: &str) -> Result<(), Failure> {
        let written = match &self.target {
            Target::File(target) => replace(target, text),
            Target::Special => write(self.path, text),
        };
        written.map_err(|error| failed(self.path, &error).into())
    }
}

fn target(path: &Path) -> io::Result<Target> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(found) if !found.is_file() => Ok(Target::Special),
        Ok(_) => {
            // A rename could replace a read-only file, or a link to one; refuse both.
            let target = path.canonicalize()?;
            File::options().append(true).open(&target)?;
            check_space(&target)?;
            Ok(Target::File(target))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            check_space(path)?;
            Ok(Target::File(path.to_owned()))
        }
        Err(error) => Err(error),
    }
}

/// Checks that the folder of `target` takes a file of the size of a page, and removes that file.
fn check_space(target: &Path) -> io::Result<()> {
    /// About the size of a page: even a full disk takes an empty file.
    const BYTES: usize = 1 << 16;
    temporary_next_to(target)?.write_all(&[b'\n'; BYTES])
}

/// Creates a file in the folder of `target`; it is removed when dropped.
fn temporary_next_to(target: &Path) -> io::Result<NamedTempFile<File>> {
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let name = target.file_name().unwrap_or(OsStr::new("page"));
    // `tempfile` would make it private; the user's umask decides who may read the page.
    tempfile::Builder::new()
        .prefix(name)
        .suffix(".part")
        .make_in(folder, |path| File::create_new(path))
}

fn replace(target: &Path, text: &str) -> io::Result<()> {
    let mut file = temporary_next_to(target)?;
    file.write_all(text.as_bytes())?;
    if let Ok(before) = fs::metadata(target) {
        file.as_file().set_permissions(before.permissions())?;
    }
    // Some file systems report a full disk only here.
    file.as_file().sync_all()?;
    file.persist(target)?;
    Ok(())
}

fn write(path: &Path, text: &str) -> io::Result<()> {
    File::options().write(true).open(path)?.write_all(text.as_bytes())
}

fn failed(path: &Path, error: &io::Error) -> String {
    let advice = match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room",
        _ => "name a file in an existing folder that you may write to",
    };
    format!("failed to write {path:?}: {error}; {advice}")
}
