//! Verifies directories before they are used: what they are, and whether several show one store.
//!
//! A mount that failed leaves plain directories, in each of which every lock would have a winner.

use std::fs;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Recipe;
use onewinner_linux::blame::Blame;
use onewinner_linux::one_store::shows;
use onewinner_linux::run_directory::{ANSWER, is_answering};
use onewinner_linux::sys::machine::file_system;

/// Why a directory cannot be used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum VerifyError {
    /// The file system does not answer.
    #[error(
        "failed to reach {path:?}: its file system hangs (no answer within {} s); check its server or daemon, or name \
         another directory", ANSWER.as_secs()
    )]
    Hung {
        /// Its path.
        path: PathBuf,
    },
    /// The directory could not be read.
    #[error("failed to read {path:?}: {source}; {}", advice(source))]
    Look {
        /// Its path.
        path: PathBuf,
        /// The kernel's error.
        source: io::Error,
    },
    /// The token could not be written.
    #[error("failed to write in {path:?}: {source}; {}", advice(source))]
    Write {
        /// Its path.
        path: PathBuf,
        /// The kernel's error.
        source: io::Error,
    },
    /// The path is not a mount point.
    #[error("failed to mount at {path:?}: nothing is mounted there, although no program reported an error")]
    NoMount {
        /// Its path.
        path: PathBuf,
    },
    /// Something else is mounted.
    #[error("failed to mount {wanted} at {path:?}: it is {found}")]
    OtherKind {
        /// Its path.
        path: PathBuf,
        /// The expected type.
        wanted: &'static str,
        /// Its type.
        found: String,
    },
    /// One directory was named twice.
    #[error(
        "failed to tell two mounts apart: {path:?} is named twice; name two mounts of one store, or one directory alone"
    )]
    Twice {
        /// Its path.
        path: PathBuf,
    },
    /// The directories are unrelated.
    #[error(
        "failed to find one store behind {one:?} and {other:?}: a file made in one does not show in the other; name two mounts of one store"
    )]
    NotShared {
        /// The first directory.
        one: PathBuf,
        /// The other one.
        other: PathBuf,
    },
    /// The directory has changed.
    #[error("{path:?} has changed: it was {before} and is now {now}; a mount was added or removed")]
    Changed {
        /// Its path.
        path: PathBuf,
        /// Its type and device before.
        before: String,
        /// Its type and device now.
        now: String,
    },
}

impl VerifyError {
    /// Who has to act on it.
    pub fn blame(&self) -> Blame {
        match self {
            Self::Look { source, .. } => match source.kind() {
                io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => Blame::User,
                _ => Blame::Machine,
            },
            Self::Twice { .. } => Blame::User,
            Self::Hung { .. }
            | Self::Write { .. }
            | Self::NoMount { .. }
            | Self::OtherKind { .. }
            | Self::NotShared { .. }
            | Self::Changed { .. } => Blame::Machine,
        }
    }
}

fn advice(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::StorageFull | io::ErrorKind::QuotaExceeded => "make room, or name a directory elsewhere",
        io::ErrorKind::PermissionDenied | io::ErrorKind::ReadOnlyFilesystem => {
            "make it writable for this user, or name another"
        }
        io::ErrorKind::NotFound | io::ErrorKind::NotADirectory => "name an existing directory",
        _ => "name another directory",
    }
}

/// Checks whether the file system of a directory answers, without hanging if it does not.
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

/// The file system behind a directory, which changes with mounts and unmounts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Identity {
    /// The directory.
    pub path: PathBuf,
    /// The type of the file system, from statfs(2).
    pub kind: String,
    device: u64,
}

impl Identity {
    /// Reads the identity of a directory.
    ///
    /// # Errors
    ///
    /// When it does not exist or is not a directory.
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

    /// Checks whether it is still the same.
    ///
    /// # Errors
    ///
    /// When it is not.
    pub fn check(&self) -> Result<(), VerifyError> {
        let now = Self::of(&self.path)?;
        if now.device == self.device && now.kind == self.kind {
            return Ok(());
        }
        let describe = |identity: &Self| format!("{} on device {:#x}", identity.kind, identity.device);
        Err(VerifyError::Changed {
            path: self.path.clone(),
            before: describe(self),
            now: describe(&now),
        })
    }
}

/// The identities of several mounts of one store.
///
/// # Errors
///
/// When one does not exist, or is named twice, even through different paths.
pub fn distinct(ways: &[PathBuf]) -> Result<Vec<Identity>, VerifyError> {
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

/// Checks whether all directories show one store that can be written to.
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
    // Not empty, because a full file system still makes empty files.
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

/// Checks whether the mount points of a recipe are mounted and of its type.
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
        // The fifth field, see proc_pid_mountinfo(5). Our own paths have no character that the kernel would escape.
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
    fn unrelated_directories_are_not_one_store() {
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
    fn a_plain_directory_is_not_a_mount() {
        let plain = tempfile::tempdir().unwrap();
        for recipe in crate::mount::ALL {
            let error = mounted(*recipe, &[plain.path().to_owned()]).unwrap_err();
            assert!(matches!(error, VerifyError::NoMount { .. }), "{error}");
        }
    }

    #[test]
    fn a_mount_of_another_type_is_an_error() {
        // A mount on every system, of a type that no recipe makes.
        let point = Path::new("/proc").to_owned();
        for recipe in crate::mount::ALL {
            let error = mounted(*recipe, std::slice::from_ref(&point)).unwrap_err();
            assert!(matches!(error, VerifyError::OtherKind { .. }), "{error}");
            assert!(error.to_string().contains(recipe.kind()), "{error}");
        }
    }

    #[test]
    fn a_changed_device_is_an_error() {
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
