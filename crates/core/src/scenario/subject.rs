//! Whose lock is run: one written over `Fs`, or a program of any language.
//!
//! Knows no process and no shell: the words of a command line are split where it is started.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::primitive::{self, LockPrimitive};

/// Whose lock is run.
///
/// Its form in a file names the primitive: `{"primitive": "create-new"}` or `{"program": {"kind": "wrap", "line": "…"}}`.
#[derive(Clone, Serialize, Deserialize)]
#[serde(try_from = "Named", into = "Named")]
pub enum Subject {
    /// A lock over `Fs`: every backend runs it.
    Primitive(&'static dyn LockPrimitive),
    /// A program: real processes run it, one for each contender.
    Program(Program),
}

/// A program that locks, as a command line.
///
/// In the words of the line `{lock}` stands for the path of the lock.
#[derive(Clone, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Program {
    /// How it speaks.
    pub kind: ProgramKind,
    /// The command line, as it was given; quotes work as in a shell, and nothing else does.
    pub line: String,
}

/// How a program tells that it holds the lock.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ProgramKind {
    /// It prints `acquired` or `busy`, and after a line `release` on its input `released`.
    Driver,
    /// It runs the command that `{hold}` stands for while it holds the lock.
    Wrap,
    /// It is a test of libtest, entered again, that comes to a function which locks.
    Test,
}

/// The argument of a test's command line that stands before the test's name.
pub const EXACT: &str = "--exact";

impl Program {
    /// The name of the test, if it is one.
    pub fn test(&self) -> Option<&str> {
        let (_, rest) = self.line.split_once(EXACT).filter(|_| self.kind == ProgramKind::Test)?;
        let name = rest.split_whitespace().next()?;
        Some(name.trim_matches('\''))
    }
}

impl Subject {
    /// The name that reports print: the lock's, that of the test, or the command line.
    pub fn name(&self) -> &str {
        match self {
            Self::Primitive(primitive) => primitive.name(),
            Self::Program(program) => program.test().unwrap_or(&program.line),
        }
    }

    /// A short name for files: the lock's, or the words of the command line that are letters and digits.
    pub fn slug(&self) -> String {
        /// Longer names are hard to read.
        const LONGEST: usize = 40;
        let program = match self {
            Self::Primitive(primitive) => return primitive.name().to_owned(),
            Self::Program(program) => program.test().unwrap_or(&program.line),
        };
        // Of a path, the name of the file says enough.
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

/// A subject as it stands in a file.
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

/// A name that no shipped lock has.
#[derive(Debug, thiserror::Error)]
#[error("there is no lock {0:?}")]
pub struct UnknownLock(String);

/// By name: two values of one primitive are one subject.
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
    fn the_slug_of_a_command_line_is_a_sane_name_of_a_file() {
        for (line, slug) in [
            ("python3 examples/driver.py {lock}", "python3-driver-py"),
            ("flock -n {lock} {hold}", "flock-n"),
            ("sh -c 'mkdir \"$1\" && Echo x' - {lock}", "sh-c-mkdir-1-echo-x"),
            ("/usr/bin/../{lock}", "program"),
            ("", "program"),
            ("été ../../x", "t-x"),
        ] {
            let (kind, line) = (ProgramKind::Driver, line.to_owned());
            assert_eq!(Subject::Program(Program { kind, line }).slug(), slug);
        }
        let (kind, line) = (
            ProgramKind::Test,
            "/a/b --exact 'own::two_are_in' --x onewinner={lock}".to_owned(),
        );
        let test = Subject::Program(Program { kind, line });
        assert_eq!((test.name(), &*test.slug()), ("own::two_are_in", "own-two-are-in"));
        let (kind, line) = (ProgramKind::Driver, "word ".repeat(100));
        let long = Subject::Program(Program { kind, line }).slug();
        assert!(long.len() <= 41 && long.starts_with("word-word"), "{long}");
    }
}
