//! Programs that tests in this crate share with those in `tests/`.

#[path = "../../../../tests/portable/reduction/cells.rs"]
pub(super) mod cells;
#[path = "../../../../tests/portable/reduction/program.rs"]
#[expect(dead_code, reason = "other tests use the rest")]
pub(super) mod program;
#[path = "../../../../tests/portable/reduction/script.rs"]
mod script;
