//! Programs that tests in this crate share with those in `tests/`.

#[path = "../../../../tests/reduction/cells.rs"]
pub(super) mod cells;
#[path = "../../../../tests/reduction/program.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
pub(super) mod program;
#[path = "../../../../tests/reduction/script.rs"]
mod script;
