//! The command's side: it asks workers, hears what they tell, and fills in what they did not.
//!
//! It touches no directory, because any may hang.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::cell::{Answer, Cell};
use super::column::{Column, Standing};
use super::place::Asked;
use super::talk::{End, converse};
use super::worker::{Line, Request};
use super::{Matrix, WORKER};
use onewinner_core::primitive;

/// What happens.
#[derive(Clone, Copy, Debug)]
pub enum Told<'a> {
    /// The cells of this column are next.
    Column(&'a Column),
    /// A cell of this column is filled in.
    Cell(&'a Column, &'a Cell),
}

/// Why there is no matrix.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MatrixError {
    /// No worker, or it cannot be talked to.
    #[error("failed to run a worker process: {0}; look at `ulimit -u`")]
    Worker(#[from] io::Error),
}

/// Fills in the matrix, a column after the other. Every cell that was asked for is there: of what was not told it says why.
///
/// Afterwards no process, mount, loop device or file is left.
///
/// # Errors
///
/// When no worker can be started.
pub fn run(
    matrix: &Matrix,
    interrupted: &AtomicBool,
    tell: &mut dyn FnMut(Told<'_>),
) -> Result<Vec<Column>, MatrixError> {
    let given: Vec<Asked> = matrix.directories.iter().cloned().map(Asked::Given).collect();
    let made: Vec<Asked> = matrix.makes.iter().cloned().map(Asked::Made).collect();
    let mut columns = Vec::new();
    // Two workers: directories that are there are raced in by processes that anybody can see, and made ones in namespaces.
    for places in [given, made] {
        let (mut rest, mut sweep) = (&places[..], Vec::new());
        // One that is killed in the middle is followed by another one, which cleans up and goes on with the next column.
        while !rest.is_empty() || !sweep.is_empty() {
            let mut talk = Talk {
                matrix,
                places: rest,
                columns: Vec::new(),
                interrupted,
                tell,
            };
            let end = if interrupted.load(Ordering::Relaxed) {
                sweep.clear(); // The next run does.
                End::Interrupted
            } else {
                talk.hold(std::mem::take(&mut sweep))?
            };
            let number = match &end {
                End::Told | End::Interrupted | End::Refused(_) => rest.len(),
                // The first, if it was not even told of that.
                End::Lost(_) => talk.columns.len().max(1).min(rest.len()),
            };
            columns.extend(talk.filled(number, end.reason()));
            if let End::Lost(_) = end {
                sweep = rest[..number].iter().flat_map(Asked::given).cloned().collect();
            }
            rest = &rest[number..];
        }
    }
    Ok(columns)
}

/// A talk with one worker.
struct Talk<'a> {
    matrix: &'a Matrix,
    places: &'a [Asked],
    columns: Vec<Column>,
    interrupted: &'a AtomicBool,
    tell: &'a mut dyn FnMut(Told<'_>),
}

impl Talk<'_> {
    /// Asks, and hears until the worker is at its end.
    fn hold(&mut self, sweep: Vec<PathBuf>) -> io::Result<End> {
        let request = Request {
            places: self.places.to_vec(),
            locks: self.matrix.locks.clone(),
            settings: self.matrix.settings,
            sweep,
        };
        let limit = Duration::from_millis(self.matrix.settings.cell_ms);
        converse(WORKER, &request, limit, self.interrupted, &mut |line| self.hear(line))
    }

    /// Takes a line; tells how it ends if that is the last.
    fn hear(&mut self, line: Line) -> Option<End> {
        match line {
            Line::Column(column) => {
                (self.tell)(Told::Column(&column));
                self.columns.push(column);
                None
            }
            Line::Cell(cell) => {
                let column = self.columns.last_mut().expect("a column is told before its cells");
                (self.tell)(Told::Cell(column, &cell));
                column.cells.push(cell);
                None
            }
            Line::Done => Some(End::Told),
            Line::Refused(reason) => Some(End::Refused(reason)),
        }
    }

    /// So many columns with all cells; those that were not told are missing for the reason of their column, or else this one.
    fn filled(&mut self, number: usize, reason: &str) -> Vec<Column> {
        let mut told = std::mem::take(&mut self.columns).into_iter();
        let column = |asked: &Asked| {
            let mut column = told.next().unwrap_or_else(|| Column {
                standing: Standing::Failed {
                    reason: reason.to_owned(),
                },
                ..Column::new(asked.name())
            });
            let why = column.obstacle().unwrap_or(reason).to_owned();
            for lock in &self.matrix.locks[column.cells.len()..] {
                let claim = primitive::by_name(lock).expect("asked for by its name").expectation();
                column.cells.push(Cell::missing(lock, claim, &*why));
            }
            column
        };
        self.places[..number].iter().map(column).collect()
    }
}

/// Whether every cell has an answer.
pub fn is_complete(columns: &[Column]) -> bool {
    let cells = || columns.iter().flat_map(|column| &column.cells);
    cells().all(|cell| !matches!(cell.answer, Answer::Missing { .. }))
}
