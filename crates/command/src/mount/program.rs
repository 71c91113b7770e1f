//! Programs that make and mount file systems: found, run under a limit, and quoted when they fail.
//!
//! Deliberately without a shell.

use std::ffi::OsStr;
use std::fs::File;
use std::io;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::ExitStatusExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

use onewinner_linux::sys::process::Ended;
use onewinner_linux::sys::supervisor::{NEVER, Supervisor, Unfinished, Watch};

/// How long a program may take.
pub const LIMIT: Duration = Duration::from_secs(20);
/// How long a killed program is waited for.
const GOING: Duration = Duration::from_secs(1);
/// Where they are, although users rarely have it in their PATH.
const SYSTEM: [&str; 2] = ["/usr/sbin", "/sbin"];

/// Why a program did not do its work.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// It is not there.
    #[error("failed to find the program {name}; install it")]
    Missing {
        /// Its name.
        name: String,
    },
    /// It could not be run.
    #[error("failed to run {name}: {source}; look at its file")]
    Start {
        /// Its name.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// It failed.
    #[error("failed to make the file system: {name} says: {said}")]
    Failed {
        /// Its name.
        name: String,
        /// The last line that it said.
        said: String,
    },
    /// It did not come to an end.
    #[error("failed to make the file system: {name} did not end within {} s, and was killed", LIMIT.as_secs())]
    Hung {
        /// Its name.
        name: String,
    },
}

/// The file of a program.
pub fn find(name: &str) -> Option<PathBuf> {
    let path = std::env::var_os("PATH").unwrap_or_default();
    let system = SYSTEM.iter().map(PathBuf::from);
    let mut places = std::env::split_paths(&path).chain(system).map(|place| place.join(name));
    places.find(|file| is_executable(file))
}

fn is_executable(file: &Path) -> bool {
    const ANYBODY: u32 = 0o111;
    file.metadata()
        .is_ok_and(|metadata| metadata.is_file() && metadata.permissions().mode() & ANYBODY != 0)
}

/// Runs a program to its end. What it says goes to a file in `place`: a pipe would be kept open by one that goes on in the
/// background.
///
/// # Errors
///
/// When it is not there, fails, or does not end.
pub fn run<I: AsRef<OsStr>>(
    place: &Path,
    name: &str,
    arguments: impl IntoIterator<Item = I>,
) -> Result<(), ProgramError> {
    let name = name.to_owned();
    let Some(file) = find(&name) else {
        return Err(ProgramError::Missing { name });
    };
    let said = place.join("said");
    let begun = File::create(&said).and_then(|out| {
        let errors = out.try_clone()?;
        let mut command = Command::new(file);
        command.args(arguments).stdin(Stdio::null()).stdout(out).stderr(errors);
        command.spawn()
    });
    let mut supervisor = Supervisor::default();
    match begun {
        Ok(child) => supervisor.adopt(&child),
        Err(source) => return Err(ProgramError::Start { name, source }),
    }
    match supervisor.all(&Watch::new(LIMIT, NEVER)) {
        Ok(()) => Ok(()),
        Err(Unfinished::Lost(ended)) => {
            let text = std::fs::read_to_string(&said).unwrap_or_default();
            let last = text.lines().rfind(|line| !line.trim().is_empty());
            let said = last.map_or_else(|| status(ended).to_string(), |line| line.trim().to_owned());
            Err(ProgramError::Failed { name, said })
        }
        Err(Unfinished::TimedOut | Unfinished::Cancelled) => {
            // One that cannot be killed goes with the namespace.
            supervisor.end_within(GOING);
            Err(ProgramError::Hung { name })
        }
    }
}

/// The same as a program's status, in the words of the standard library.
fn status(ended: Ended) -> ExitStatus {
    ExitStatus::from_raw(match ended {
        Ended::Exited(code) => i32::from(code) << 8,
        Ended::Killed(signal) => signal,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_program_that_is_missing_fails_or_succeeds_is_told_apart() {
        let place = tempfile::tempdir().unwrap();
        let run = |name, arguments: &[&str]| run(place.path(), name, arguments);
        assert!(matches!(run("true", &[]), Ok(())));
        let missing = run("no-such-program", &[]).unwrap_err();
        assert!(missing.to_string().contains("install it"), "{missing}");
        let failed = run("sh", &["-c", "echo first; echo the reason >&2; exit 3"]).unwrap_err();
        assert!(failed.to_string().ends_with("sh says: the reason"), "{failed}");
        let silent = run("false", &[]).unwrap_err();
        assert!(silent.to_string().contains("exit status: 1"), "{silent}");
    }
}
