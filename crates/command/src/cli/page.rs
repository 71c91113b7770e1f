//! A page, a table or a plot goes to its file whole or not at all: what is there stays until all of the new one is on the disk.
//!
//! Knows nothing of what stands in it.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use tempfile::NamedTempFile;

use super::Failure;

/// Where a page goes.
pub(super) struct Page<'a> {
    /// As it was asked for.
    path: &'a Path,
    place: Place,
}

enum Place {
    /// A file, written beside it and then renamed.
    File(PathBuf),
    /// A device or a pipe: it is written to, and must not be replaced.
    Itself,
}

impl<'a> Page<'a> {
    /// Refuses a place that cannot be, before minutes are spent on what should go there. Leaves nothing there.
    pub(super) fn at(path: &'a Path) -> Result<Self, Failure> {
        let place = place(path).map_err(|error| failed(path, &error))?;
        Ok(Self { path, place })
    }

    /// Writes it.
    pub(super) fn write(&self, text: &str) -> Result<(), Failure> {
        let written = match &self.place {
            Place::File(target) => whole(target, text),
            Place::Itself => write(self.path, text),
        };
        written.map_err(|error| failed(self.path, &error).into())
    }
}

fn place(path: &Path) -> io::Result<Place> {
    match fs::metadata(path) {
        Ok(found) if found.is_dir() => Err(io::ErrorKind::IsADirectory.into()),
        Ok(found) if !found.is_file() => Ok(Place::Itself),
        Ok(_) => {
            // A file that may not be written to is not to be replaced either, nor is a link to one.
            let target = path.canonicalize()?;
            File::options().append(true).open(&target)?;
            room(&target)?;
            Ok(Place::File(target))
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {
            room(path)?;
            Ok(Place::File(path.to_owned()))
        }
        Err(error) => Err(error),
    }
}

/// Whether there is room for so much beside another file; nothing of it stays.
fn room(target: &Path) -> io::Result<()> {
    /// A page, about: a disk that is full takes an empty file.
    const BYTES: usize = 1 << 16;
    beside(target)?.write_all(&[b'\n'; BYTES])
}

/// A new file in the folder of another one, which goes when it is dropped.
fn beside(target: &Path) -> io::Result<NamedTempFile<File>> {
    let folder = match target.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    let name = target.file_name().unwrap_or(OsStr::new("page"));
    // Not as the library opens it: who may read the page is for the user's mask to say.
    tempfile::Builder::new()
        .prefix(name)
        .suffix(".part")
        .make_in(folder, |path| File::create_new(path))
}

fn whole(target: &Path, text: &str) -> io::Result<()> {
    let mut file = beside(target)?;
    file.write_all(text.as_bytes())?;
    if let Ok(before) = fs::metadata(target) {
        file.as_file().set_permissions(before.permissions())?;
    }
    // A full disk may be told as late as here.
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
        _ => "name a file in a folder that is there and may be written to",
    };
    format!("failed to write {path:?}: {error}; {advice}")
}
