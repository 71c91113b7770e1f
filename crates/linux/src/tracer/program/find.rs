//! Finds the file that a command line starts, before anything runs.
//!
//! Starts nothing.

use std::env;
use std::ffi::OsStr;
use std::fs;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use super::command_line::{LineError, words};
use onewinner_core::scenario::Program;

/// The search path without `PATH`: execvp(3).
const DEFAULT_PATH: &str = "/bin:/usr/bin";

/// Why a command line starts nothing here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// It is not a command line.
    #[error(transparent)]
    Line(#[from] LineError),
    /// There is no such program.
    #[error(
        "failed to start `{line}`: there is no program {word:?} in the directories of PATH; install it, or give its path"
    )]
    Unknown {
        /// The command line.
        line: String,
        /// Its first word.
        word: String,
    },
    /// There is one that cannot be run.
    #[error("failed to start `{line}`: {path:?} cannot be run: {why}; name a program that this user may execute")]
    NotExecutable {
        /// The command line.
        line: String,
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
}

/// The file that the first word of a program's line names, as a shell finds it. The line can be split, and has all
/// placeholders.
///
/// # Errors
///
/// When nothing would be started.
pub fn find(program: &Program) -> Result<PathBuf, ProgramError> {
    let words = words(program, Path::new("/lock"), &["hold"])?;
    let (line, word) = (program.line.clone(), words[0].clone());
    if word.contains('/') {
        let path = PathBuf::from(word);
        return match executable(&path) {
            Ok(()) => Ok(path),
            Err(why) => Err(ProgramError::NotExecutable { line, path, why }),
        };
    }
    let path = env::var_os("PATH").unwrap_or_else(|| OsStr::new(DEFAULT_PATH).to_owned());
    let mut places = env::split_paths(&path).map(|directory| directory.join(&word));
    let found = places.find(|place| executable(place).is_ok());
    found.ok_or(ProgramError::Unknown { line, word })
}

/// Whether any user may execute the file. Whether this user may, the kernel decides at the start.
fn executable(path: &Path) -> Result<(), String> {
    let file = fs::metadata(path).map_err(|error| match error.kind() {
        io::ErrorKind::NotFound => "there is no such file".to_owned(),
        _ => error.to_string(),
    })?;
    match (file.is_file(), file.permissions().mode() & 0o111) {
        (false, _) => Err("it is not a file".to_owned()),
        (true, 0) => Err("nobody may execute it".to_owned()),
        (true, _) => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onewinner_core::scenario::ProgramKind;

    #[test]
    fn a_program_that_is_here_is_found_and_any_other_line_is_refused_with_what_to_do() {
        for (line, expected) in [
            ("sh -c : {lock}", None),
            ("/bin/sh {lock}", None),
            ("no-such-program {lock}", Some("install it, or give its path")),
            ("./no-such-program {lock}", Some("there is no such file")),
            ("/etc/passwd {lock}", Some("nobody may execute it")),
            ("/bin {lock}", Some("it is not a file")),
            ("sh 'open", Some("a quote is not closed")),
            ("", Some("is empty")),
        ] {
            let error = find(&Program::new(ProgramKind::Driver, line)).err();
            match (error.map(|error| error.to_string()), expected) {
                (None, None) => {}
                (Some(error), Some(expected)) => assert!(error.contains(expected), "{line}: {error}"),
                (error, _) => panic!("{line}: {error:?}"),
            }
        }
    }
}
