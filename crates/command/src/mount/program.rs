//! Finds and runs programs that make and mount file systems, under a limit and without a shell.

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

/// The limit of a program.
pub const LIMIT: Duration = Duration::from_secs(20);
/// The limit of waiting for a killed program.
const KILL_WAIT: Duration = Duration::from_secs(1);
/// Directories of system programs, which are rarely in a user's PATH.
const SYSTEM: [&str; 2] = ["/usr/sbin", "/sbin"];

/// Why a program failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ProgramError {
    /// The program was not found.
    #[error("failed to find the program {name}; install it")]
    Missing {
        /// Its name.
        name: String,
    },
    /// The program could not be started.
    #[error("failed to run {name}: {source}; check its file")]
    Start {
        /// Its name.
        name: String,
        /// Why.
        source: io::Error,
    },
    /// The program failed.
    #[error("failed to make the file system: {name} printed: {said}")]
    Failed {
        /// Its name.
        name: String,
        /// The last line of its output.
        said: String,
    },
    /// The program did not end.
    #[error("failed to make the file system: {name} did not end within {} s, and was killed", LIMIT.as_secs())]
    Hung {
        /// Its name.
        name: String,
    },
}

/// Finds the file of a program.
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

/// Runs a program to its end. Its output goes to a file in `place`, because a program that continues in the background would
/// keep a pipe open.
///
/// # Errors
///
/// When it is not found, fails, or exceeds [`LIMIT`].
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
    match supervisor.wait_for_all(&Watch::new(LIMIT, NEVER)) {
        Ok(()) => Ok(()),
        Err(Unfinished::Lost(ended)) => {
            let text = std::fs::read_to_string(&said).unwrap_or_default();
            let last = text.lines().rfind(|line| !line.trim().is_empty());
            let said = last.map_or_else(|| status(ended).to_string(), |line| line.trim().to_owned());
            Err(ProgramError::Failed { name, said })
        }
        Err(Unfinished::TimedOut | Unfinished::Cancelled) => {
            // One that cannot be killed ends with the namespace.
            supervisor.kill_all_within(KILL_WAIT);
            Err(ProgramError::Hung { name })
        }
    }
}

/// The end as an exit status of the standard library, which has the words for it.
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
    fn missing_failing_and_succeeding_programs_have_different_results() {
        let place = tempfile::tempdir().unwrap();
        let run = |name, arguments: &[&str]| run(place.path(), name, arguments);
        assert!(matches!(run("true", &[]), Ok(())));
        let missing = run("no-such-program", &[]).unwrap_err();
        assert!(missing.to_string().contains("install it"), "{missing}");
        let failed = run("sh", &["-c", "echo first; echo the reason >&2; exit 3"]).unwrap_err();
        assert!(failed.to_string().ends_with("sh printed: the reason"), "{failed}");
        let silent = run("false", &[]).unwrap_err();
        assert!(silent.to_string().contains("exit status: 1"), "{silent}");
    }
}
