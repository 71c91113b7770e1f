//! The gate as CI meets it: what its front matter may say, what it exits with, what it reports, and what it remembers.
//!
//! Each command runs in a temporary directory, with nothing in its environment that GitHub sets.

mod action;
mod baseline;
mod exits;
mod flips;
mod front;
mod junit;
mod reports;
mod schema;

use std::fs;
use std::path::Path;
use std::process::Command;
use std::time::Duration;

use crate::harness::{Test, modules};
use tempfile::TempDir;

/// No gate of these tests takes longer, even where all cores are busy: what reaches it hangs.
const LIMIT: Duration = Duration::from_secs(600);

/// A folder `specs` in a temporary directory.
pub(crate) struct Place {
    directory: TempDir,
}

/// What a gate did.
#[derive(Debug)]
pub(crate) struct Ran {
    pub(crate) code: Option<i32>,
    pub(crate) stdout: String,
    pub(crate) stderr: String,
}

impl Place {
    /// With these specs, each a name and the lines of its front matter.
    pub(crate) fn with(specs: &[(&str, &str)]) -> Self {
        let directory = tempfile::tempdir().expect("a temporary directory");
        fs::create_dir(directory.path().join("specs")).expect("the directory is ours");
        let place = Self { directory };
        for (name, front) in specs {
            place.write(
                &format!("specs/{name}.md"),
                &format!("+++\nschema = 1\n{front}\n+++\n\n# {name}\n"),
            );
        }
        place
    }

    pub(crate) fn path(&self) -> &Path {
        self.directory.path()
    }

    pub(crate) fn write(&self, name: &str, text: &str) {
        fs::write(self.path().join(name), text).expect("the directory is ours");
    }

    pub(crate) fn read(&self, name: &str) -> String {
        fs::read_to_string(self.path().join(name)).expect("the gate wrote it")
    }

    /// The command with these arguments, separated by blanks.
    pub(crate) fn command(&self, arguments: &str) -> Command {
        let mut command = Command::new(env!("CARGO_BIN_EXE_onewinner"));
        command
            .arg("gate")
            .args(arguments.split_whitespace())
            .current_dir(self.path())
            .env("TMPDIR", self.path());
        for variable in [
            "NO_COLOR",
            "CLICOLOR_FORCE",
            "COLUMNS",
            "GITHUB_ACTIONS",
            "GITHUB_STEP_SUMMARY",
        ] {
            command.env_remove(variable);
        }
        command
    }

    /// Runs the gate with these arguments.
    pub(crate) fn gate(&self, arguments: &str) -> Ran {
        run(self.command(arguments))
    }
}

pub(crate) fn run(command: Command) -> Ran {
    let command = snapbox::cmd::Command::from_std(command).timeout(LIMIT);
    let output = command.output().expect("the gate can be run");
    let text = |bytes| String::from_utf8(bytes).expect("onewinner prints UTF-8");
    Ran {
        code: output.status.code(),
        stdout: text(output.stdout),
        stderr: text(output.stderr),
    }
}

impl Ran {
    /// Checks that it exited with this code, and printed each of these texts.
    #[track_caller]
    pub(crate) fn exits(self, code: i32, texts: &[&str]) -> Self {
        assert_eq!(self.code, Some(code), "{}{}", self.stdout, self.stderr);
        for text in texts {
            assert!(self.stdout.contains(text), "{text:?} is missing:\n{}", self.stdout);
        }
        self
    }

    /// Checks that this was a wrong use, reported in one line with this text.
    #[track_caller]
    pub(crate) fn refuses(self, text: &str) {
        assert_eq!((self.code, &*self.stdout), (Some(2), ""), "{}", self.stderr);
        assert_eq!(self.stderr.trim_end().lines().count(), 1, "{}", self.stderr);
        assert!(self.stderr.contains(text), "{text:?} is missing:\n{}", self.stderr);
    }
}

/// A sound lock as it is.
pub(crate) const SOUND: &str = "lock = \"create-new\"\n[[claim]]\nexpect = \"exactly-one-winner\"";
/// A broken one as it is.
pub(crate) const BROKEN: &str = "lock = \"stat-then-write\"\n[[claim]]\nexpect = \"several-winners\"";

/// The tests of this area.
pub(crate) fn tests() -> Vec<Test> {
    modules![action, baseline, exits, flips, front, junit, reports, schema]
}
