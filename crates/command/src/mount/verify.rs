//! What is looked at before a directory counts: what it is, and whether several lead to one store.
//!
//! A mount that failed leaves plain directories, and then every lock lets one in for each of them.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Recipe;
use onewinner_linux::one_store::shows;
use onewinner_linux::run_directory::{ANSWER, is_answering};
use onewinner_linux::sys::machine::file_system;

/// Why a directory does not count.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// It does not answer.
    #[error(
        "failed to reach {path:?}: nothing came back within {} s, so that its file system hangs; look at its server or daemon, \
         or name another directory", ANSWER.as_secs()
    )]
    Hung {
        /// Which.
        path: PathBuf,
    },
    /// It could not be looked at.
    #[error("failed to look at {path:?}: {source}; {}", advice(source))]
    Look {
        /// Which.
        path: PathBuf,
        /// What the kernel says.
        source: io::Error,
    },
    /// The token could not be written.
    #[error("failed to write in {path:?}: {source}; {}", advice(source))]
    Write {
        /// Where.
        path: PathBuf,
        /// What the kernel says.
        source: io::Error,
    },
    /// What should be a mount is none.
    #[error("failed to mount at {path:?}: nothing is mounted there, although no error was told")]
    NoMount {
        /// Where.
        path: PathBuf,
    },
    /// Something else is mounted.
    #[error("failed to mount {wanted} at {path:?}: it is {found}")]
    OtherKind {
        /// Where.
        path: PathBuf,
        /// What it should be.
        wanted: &'static str,
        /// What it is.
        found: String,
    },
    /// What should be two mounts is one.
    #[error(
        "failed to tell two mounts apart: {path:?} is named twice; name two mounts of one store, or one directory alone"
    )]
    Twice {
        /// Which.
        path: PathBuf,
    },
    /// The directories have nothing to do with each other.
    #[error(
        "failed to find one store behind {one:?} and {other:?}: what is made in one is not there in the other; name two mounts of one store"
    )]
    NotShared {
        /// The first directory.
        one: PathBuf,
        /// The other one.
        other: PathBuf,
    },
    /// It is not what it was.
    #[error("failed to find {path:?} as it was: it was {before} and is {now}; the mount came or went")]
    Changed {
        /// Which.
        path: PathBuf,
        /// What it was.
        before: String,
        /// What it is.
        now: String,
    },
}

impl VerifyError {
    /// Whether whoever named the directory erred, and not the directory.
    pub fn is_misuse(&self) -> bool {
        match self {
            Self::Look { source, .. } => {
                matches!(source.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory)
            }
            Self::Twice { .. } => true,
            _ => false,
        }
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room, or name a directory elsewhere",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "make it writable for this user, or name another"
        }
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "name a directory that is there",
        _ => "name another directory",
    }
}

/// Looks whether the file system of a directory answers at all; without being caught in it, if not.
///
/// # Errors
///
/// When it does not.
pub fn answering(path: &Path) -> Result<(), VerifyError> {
    let path = path.to_owned();
    match is_answering(&path) {
        Ok(true) => Ok(()),
        Ok(false) => Err(VerifyError::Hung { path }),
        Err(source) => Err(VerifyError::Look { path, source }),
    }
}

/// What is behind a directory: it changes when something is mounted there, or no longer.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The directory.
    pub path: PathBuf,
    /// The type of the file system, as statfs(2) tells.
    pub kind: String,
    device: u64,
}

impl Identity {
    /// Looks at a directory.
    ///
    /// # Errors
    ///
    /// When it is not there, or is none.
    pub fn of(path: &Path) -> Result<Self, VerifyError> {
        let look = || {
            let metadata = fs::metadata(path)?;
            if !metadata.is_dir() {
                return Err(io::ErrorKind::NotADirectory.into());
            }
            Ok((metadata, file_system(path)?.kind))
        };
        match look() {
            Ok((metadata, kind)) => Ok(Self {
                path: path.to_owned(),
                kind,
                device: metadata.dev(),
            }),
            Err(source) => Err(VerifyError::Look {
                path: path.to_owned(),
                source,
            }),
        }
    }

    /// Looks whether it is still the same.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub fn check(&self) -> Result<(), VerifyError> {
        let now = Self::of(&self.path)?;
        if now.device == self.device && now.kind == self.kind {
            return Ok(());
        }
        let told = |identity: &Self| format!("{} on device {:#x}", identity.kind, identity.device);
        Err(VerifyError::Changed {
            path: self.path.clone(),
            before: told(self),
            now: told(&now),
        })
    }
}

/// What is behind each of several ways to one store.
///
/// # Errors
///
/// When one is not there, or is named twice, by whatever path.
pub fn told_apart(ways: &[PathBuf]) -> Result<Vec<Identity>, VerifyError> {
    let identities = ways.iter().map(|way| Identity::of(way)).collect::<Result<_, _>>()?;
    let real = |way: &PathBuf| way.canonicalize().unwrap_or_else(|_| way.clone());
    let all: Vec<PathBuf> = ways.iter().map(real).collect();
    match (1..all.len()).find(|&number| all[..number].contains(&all[number])) {
        None => Ok(identities),
        Some(again) => Err(VerifyError::Twice {
            path: ways[again].clone(),
        }),
    }
}

/// Looks whether all directories lead to one store that can be written to.
///
/// # Errors
///
/// When they do not.
pub fn one_store(ways: &[PathBuf]) -> Result<(), VerifyError> {
    let Some(one) = ways.first() else { return Ok(()) };
    let token = format!("onewinner-token-{}-{}", std::process::id(), rand::random::<u64>());
    let written = one.join(&token);
    let writing = |source| VerifyError::Write {
        path: one.clone(),
        source,
    };
    // Written, because a full file system still makes empty files.
    let made = fs::write(&written, &token).map_err(writing);
    let seen = made.and_then(|()| ways[1..].iter().try_for_each(|other| seen(one, other, &token)));
    match fs::remove_file(&written) {
        Err(source) if seen.is_ok() => Err(writing(source)),
        _ => seen,
    }
}

fn seen(one: &Path, other: &Path, token: &str) -> Result<(), VerifyError> {
    if shows(|| fs::read_to_string(other.join(token)).is_ok_and(|text| text == token)) {
        return Ok(());
    }
    let (one, other) = (one.to_owned(), other.to_owned());
    Err(VerifyError::NotShared { one, other })
}

/// Looks whether what a recipe made is mounted, and of its type.
///
/// # Errors
///
/// When it is not.
pub fn mounted(recipe: &dyn Recipe, points: &[PathBuf]) -> Result<(), VerifyError> {
    let table = Path::new("/proc/self/mountinfo");
    let text = fs::read_to_string(table).map_err(|source| VerifyError::Look {
        path: table.to_owned(),
        source,
    })?;
    for path in points {
        // The fifth word; our own paths have no character that the kernel would write as a number. proc_pid_mountinfo(5).
        let is_point = |line: &str| line.split(' ').nth(4).is_some_and(|point| Path::new(point) == path);
        if !text.lines().any(is_point) {
            return Err(VerifyError::NoMount { path: path.clone() });
        }
        let found = Identity::of(path)?.kind;
        if found != recipe.kind() {
            return Err(VerifyError::OtherKind {
                path: path.clone(),
                wanted: recipe.kind(),
                found,
            });
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn directories_that_have_nothing_in_common_are_no_store() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let way = |directory: &tempfile::TempDir| directory.path().to_owned();
        assert!(one_store(&[way(&one)]).is_ok());
        assert!(one_store(&[way(&one), way(&one)]).is_ok());
        let error = one_store(&[way(&one), way(&other)]).unwrap_err();
        assert!(matches!(error, VerifyError::NotShared { .. }), "{error}");
        for directory in [&one, &other] {
            assert_eq!(fs::read_dir(directory).unwrap().count(), 0);
        }
    }

    #[test]
    fn a_plain_directory_is_no_mount() {
        let plain = tempfile::tempdir().unwrap();
        for recipe in crate::mount::ALL {
            let error = mounted(*recipe, &[plain.path().to_owned()]).unwrap_err();
            assert!(matches!(error, VerifyError::NoMount { .. }), "{error}");
        }
    }

    #[test]
    fn a_mount_of_another_type_is_not_what_was_made() {
        // Everywhere a mount, and of no type that can be made.
        let point = Path::new("/proc").to_owned();
        for recipe in crate::mount::ALL {
            let error = mounted(*recipe, std::slice::from_ref(&point)).unwrap_err();
            assert!(matches!(error, VerifyError::OtherKind { .. }), "{error}");
            assert!(error.to_string().contains(recipe.kind()), "{error}");
        }
    }

    #[test]
    fn another_device_is_another_directory() {
        let plain = tempfile::tempdir().unwrap();
        let identity = Identity::of(plain.path()).unwrap();
        assert!(identity.check().is_ok());
        let before = Identity {
            device: identity.device + 1,
            ..identity
        };
        assert!(matches!(before.check().unwrap_err(), VerifyError::Changed { .. }));
        assert!(matches!(
            Identity::of(Path::new("/absent")).unwrap_err(),
            VerifyError::Look { .. }
        ));
    }
}
