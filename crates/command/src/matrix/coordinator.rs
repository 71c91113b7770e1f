//! The command's side: sends requests to workers, reads their messages, and fills in missing cells.
//!
//! It accesses no directory, because any may hang.

use std::io;
use std::path::PathBuf;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use super::cell::{Answer, Cell};
use super::column::{Column, ColumnState};
use super::directories::DirectoryRequest;
use super::ipc::{End, ask_worker};
use super::worker::{Line, Request};
use super::{Matrix, WORKER};
use onewinner_core::primitive;

/// Progress of a matrix.
#[derive(Clone, Copy, Debug)]
pub enum MatrixEvent<'a> {
    /// A column begins.
    Column(&'a Column),
    /// A cell of this column was filled in.
    Cell(&'a Column, &'a Cell),
}

/// Why the matrix could not be run.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum MatrixError {
    /// The worker could not be started.
    #[error("failed to run a worker process: {0}; check `ulimit -u`")]
    Worker(#[from] io::Error),
}

/// Fills in the matrix, one column after the other. Every requested cell is in the result; a missing one says why.
///
/// Afterwards no process, mount, loop device or file is left.
///
/// # Errors
///
/// When no worker can be started.
pub fn run(
    matrix: &Matrix,
    interrupted: &AtomicBool,
    on_event: &mut dyn FnMut(MatrixEvent<'_>),
) -> Result<Vec<Column>, MatrixError> {
    let given: Vec<DirectoryRequest> = matrix
        .directories
        .iter()
        .cloned()
        .map(DirectoryRequest::Given)
        .collect();
    let made: Vec<DirectoryRequest> = matrix.makes.iter().cloned().map(DirectoryRequest::Made).collect();
    let mut columns = Vec::new();
    // Two workers: one for existing directories, and one that makes file systems in its own namespaces.
    for places in [given, made] {
        let (mut rest, mut sweep) = (&places[..], Vec::new());
        // If a worker is killed, another one cleans up and continues with the next column.
        while !rest.is_empty() || !sweep.is_empty() {
            let mut session = WorkerSession {
                matrix,
                places: rest,
                columns: Vec::new(),
                interrupted,
                on_event,
            };
            let end = if interrupted.load(Ordering::Relaxed) {
                sweep.clear(); // The next run cleans up.
                End::Interrupted
            } else {
                session.run(std::mem::take(&mut sweep))?
            };
            let number = match &end {
                End::Done | End::Interrupted | End::Refused(_) => rest.len(),
                // At least the first column: it may have been lost before the worker reported it.
                End::Lost(_) => session.columns.len().max(1).min(rest.len()),
            };
            columns.extend(session.complete_columns(number, end.reason()));
            if let End::Lost(_) = end {
                sweep = rest[..number]
                    .iter()
                    .flat_map(DirectoryRequest::given)
                    .cloned()
                    .collect();
            }
            rest = &rest[number..];
        }
    }
    Ok(columns)
}

/// The exchange with one worker.
struct WorkerSession<'a> {
    matrix: &'a Matrix,
    places: &'a [DirectoryRequest],
    columns: Vec<Column>,
    interrupted: &'a AtomicBool,
    on_event: &'a mut dyn FnMut(MatrixEvent<'_>),
}

impl WorkerSession<'_> {
    /// Sends the request, and reads messages until the worker ends.
    fn run(&mut self, sweep: Vec<PathBuf>) -> io::Result<End> {
        let request = Request {
            places: self.places.to_vec(),
            locks: self.matrix.locks.clone(),
            settings: self.matrix.settings,
            sweep,
        };
        let limit = Duration::from_millis(self.matrix.settings.cell_ms);
        ask_worker(WORKER, &request, limit, self.interrupted, &mut |line| {
            self.receive(line)
        })
    }

    /// Processes a message. Returns how the session ends if it is the last one.
    fn receive(&mut self, line: Line) -> Option<End> {
        match line {
            Line::Column(column) => {
                (self.on_event)(MatrixEvent::Column(&column));
                self.columns.push(column);
                None
            }
            Line::Cell(cell) => {
                let column = self.columns.last_mut().expect("a column is reported before its cells");
                (self.on_event)(MatrixEvent::Cell(column, &cell));
                column.cells.push(cell);
                None
            }
            Line::Done => Some(End::Done),
            Line::Refused(reason) => Some(End::Refused(reason)),
        }
    }

    /// The first `number` columns with all their cells. A cell that was not reported is missing for the reason of its column,
    /// or else for this one.
    fn complete_columns(&mut self, number: usize, reason: &str) -> Vec<Column> {
        let mut columns = std::mem::take(&mut self.columns).into_iter();
        let column = |asked: &DirectoryRequest| {
            let mut column = columns.next().unwrap_or_else(|| Column {
                state: ColumnState::Failed {
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
