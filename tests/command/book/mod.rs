//! The book and the README as files: their links lead somewhere, the reference names each option, and the
//! picture is the one that a real run makes.
//!
//! The commands in them are run by `readme.rs`.

mod links;
mod options;
mod picture;

use crate::harness::{Test, modules};

/// The tests of this area.
pub(crate) fn tests() -> Vec<Test> {
    modules![links, options, picture]
}
