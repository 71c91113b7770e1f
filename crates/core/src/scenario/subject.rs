//! The lock to run: one written over `Fs`, or a program in any language.
//!
//! Knows no process and no shell: a command line is split where it is started.

use std::fmt;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

use super::Scenario;
use crate::primitive::{self, LockPrimitive};

/// The lock to run.
///
/// In JSON: `{"primitive": "create-new"}` or `{"program": {"kind": "wrap", "line": "…"}}`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Named", into = "Named")]
pub enum Subject {
    /// A lock over `Fs`. Every backend can run it.
    Primitive(&'static dyn LockPrimitive),
    /// A program. One real process runs it for each contender.
    Program(Program),
}

/// A program that takes a lock, as a command line.
///
/// `{lock}` in the line is replaced by the path of the lock.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Program {
    /// How it reports that it holds the lock.
    pub kind: ProgramKind,
    /// The command line as given. Quotes work as in a shell; other shell syntax does not.
    pub line: String,
    /// Where the program has its lock, if that is a place of its own and not `{lock}`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub lock_at: Option<PathBuf>,
    /// Paths outside the lock's directory that contenders share, as an earlier search found out: calls on them are steps.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub shared_paths: Vec<PathBuf>,
}

/// How a program reports that it holds the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProgramKind {
    /// It prints `acquired` or `busy`. After it reads the line `release`, it prints `released`.
    Driver,
    /// It runs the command `{hold}` while it holds the lock.
    Wrap,
    /// It is a libtest binary, run again for one test, which calls the function that locks.
    Test,
}

/// The argument of a test's command line that precedes the name of the test.
pub const EXACT: &str = "--exact";

impl Program {
    /// A program that takes the path of its lock.
    pub fn new(kind: ProgramKind, line: impl Into<String>) -> Self {
        Self {
            kind,
            line: line.into(),
            lock_at: None,
            shared_paths: Vec::new(),
        }
    }

    /// The path of its lock, when the scenario runs in `directory`.
    pub fn lock(&self, scenario: &Scenario, directory: &Path) -> PathBuf {
        let lock_at = self.lock_at.clone();
        lock_at.unwrap_or_else(|| scenario.lock(directory))
    }

    /// The name of the test, if the program is one.
    pub fn test(&self) -> Option<&str> {
        let (_, rest) = self.line.split_once(EXACT).filter(|_| self.kind == ProgramKind::Test)?;
        let name = rest.split_whitespace().next()?;
        Some(name.trim_matches('\''))
    }
}

impl Subject {
    /// The name for reports: of the lock, of the test, or the command line.
    pub fn name(&self) -> &str {
        match self {
            Self::Primitive(primitive) => primitive.name(),
            Self::Program(program) => program.test().unwrap_or(&program.line),
        }
    }

    /// A short name for files: of the lock, or the letters and digits of the command line.
    pub fn slug(&self) -> String {
        /// Longer names are hard to read.
        const LONGEST: usize = 40;
        let program = match self {
            Self::Primitive(primitive) => return primitive.name().to_owned(),
            Self::Program(program) => program.test().unwrap_or(&program.line),
        };
        // The file name of a path is enough.
        let words = program.split_whitespace().filter_map(|word| word.rsplit('/').next());
        let mut slug = String::new();
        for word in words.filter(|word| !word.contains(['{', '}'])) {
            for part in word.split(|letter: char| !letter.is_ascii_alphanumeric()) {
                let room = LONGEST.saturating_sub(slug.len());
                let part = &part[..part.len().min(room)];
                if !part.is_empty() {
                    slug += if slug.is_empty() { "" } else { "-" };
                    slug += &part.to_ascii_lowercase();
                }
            }
        }
        if slug.is_empty() { "program".to_owned() } else { slug }
    }
}

/// The form of a subject in JSON.
#[derive(Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Named {
    Primitive(String),
    Program(Program),
}

impl From<Subject> for Named {
    fn from(subject: Subject) -> Self {
        match subject {
            Subject::Primitive(primitive) => Self::Primitive(primitive.name().to_owned()),
            Subject::Program(program) => Self::Program(program),
        }
    }
}

impl TryFrom<Named> for Subject {
    type Error = UnknownLock;

    fn try_from(named: Named) -> Result<Self, UnknownLock> {
        match named {
            Named::Primitive(name) => primitive::by_name(&name).map(Self::Primitive).ok_or(UnknownLock(name)),
            Named::Program(program) => Ok(Self::Program(program)),
        }
    }
}

/// A name that is not the name of a lock.
#[derive(Debug, thiserror::Error)]
#[error("there is no lock {0:?}")]
pub struct UnknownLock(String);

/// Compares primitives by name.
impl PartialEq for Subject {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Primitive(one), Self::Primitive(other)) => one.name() == other.name(),
            (Self::Program(one), Self::Program(other)) => one == other,
            _ => false,
        }
    }
}

impl Eq for Subject {}

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subject").field(&self.name()).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_slug_of_a_command_line_is_a_safe_file_name() {
        for (line, slug) in [
            ("python3 examples/driver.py {lock}", "python3-driver-py"),
            ("flock -n {lock} {hold}", "flock-n"),
            ("sh -c 'mkdir \"$1\" && Echo x' - {lock}", "sh-c-mkdir-1-echo-x"),
            ("/usr/bin/../{lock}", "program"),
            ("", "program"),
            ("été ../../x", "t-x"),
        ] {
            assert_eq!(Subject::Program(Program::new(ProgramKind::Driver, line)).slug(), slug);
        }
        let line = "/a/b --exact 'own::two_are_in' --x onewinner={lock}";
        let test = Subject::Program(Program::new(ProgramKind::Test, line));
        assert_eq!((test.name(), &*test.slug()), ("own::two_are_in", "own-two-are-in"));
        let long = Subject::Program(Program::new(ProgramKind::Driver, "word ".repeat(100))).slug();
        assert!(long.len() <= 41 && long.starts_with("word-word"), "{long}");
    }
}
