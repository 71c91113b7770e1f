//! The race on the real kernel. A race forks, and forks only from a single thread.

mod ends;
mod locks;
mod outcomes;
mod world;

pub(crate) use ends::race_without_end;

use crate::harness::{Test, modules};

/// The tests of this area.
pub(crate) fn tests() -> Vec<Test> {
    modules![outcomes, ends]
}
