//! Whose lock is run: one written over `Fs`, or a program of any language.
//!
//! Knows no process and no shell: the words of a command line are split where it is started.

use std::fmt;

use serde::{Deserialize, Serialize};

use crate::primitive::LockPrimitive;

/// Whose lock is run.
#[derive(Clone)]
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

impl fmt::Debug for Subject {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Subject").field(&self.name()).finish()
    }
}
