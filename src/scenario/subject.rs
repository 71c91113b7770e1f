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
}

impl Subject {
    /// The name that reports print: the lock's, or the command line.
    pub fn name(&self) -> &str {
        match self {
            Self::Primitive(primitive) => primitive.name(),
            Self::Program(program) => &program.line,
        }
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
