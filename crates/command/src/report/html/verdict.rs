//! The word and the look of a cell of the matrix.

use super::Look;
use crate::matrix::{Answer, Cell, Column, ColumnState};
use crate::report::matrix;
use onewinner_core::primitive::Expectation;

/// Returns the look and the word of a cell.
pub(super) fn verdict(column: &Column, cell: &Cell) -> (Look, String) {
    let look = match (&column.state, &cell.answer) {
        (ColumnState::Skipped { .. }, _) | (_, Answer::Unsupported { .. }) => Look::Nothing,
        (_, Answer::Missing { .. }) => Look::Open,
        (_, Answer::Violated) => Look::Bad,
        (_, Answer::Holds) if cell.claim == Expectation::SeveralWinners => Look::Open,
        (_, Answer::Holds) => Look::Good,
    };
    (look, matrix::word(column, cell))
}
