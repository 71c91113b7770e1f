//! Who has to act on an error: the user who asked for something impossible, or the owner of the machine.
//!
//! Knows no error type: each one has a method `blame`. Exit codes follow from it: a wrong use is 2, and a machine that
//! refuses makes a result inconclusive.

/// Who has to act on an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Blame {
    /// The request cannot be met: another directory, number or option is needed.
    User,
    /// The machine, its file system or its kernel failed.
    Machine,
}
