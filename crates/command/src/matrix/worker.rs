//! The worker process: prepares directories, and has each cell filled in by another process.
//!
//! To make file systems it enters new namespaces and continues as their first process. When that dies, the kernel kills all
//! other processes in them. Mounts end with the last process, and loop devices with their mounts.
//!
//! When its standard input ends, the worker knows that the command has cancelled or died. It then removes what it made in
//! existing directories, and exits. Every wait has a limit.

use std::io;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Settings;
use super::cancel::{SharedCancelToken, run_cancellable};
use super::cell::{Answer, Cell};
use super::column::{Column, ColumnState, Control};
use super::directories::{DirectoryRequest, MountRoot, ReadyDirectory, mount_root, prepare};
use super::ipc::{GRACE, SILENCE, print_message, read_request};
use super::measure::{CellJob, sweep};
use onewinner_core::primitive::{self, LockPrimitive};
use onewinner_linux::sys::isolated::IsolatedError;
use onewinner_linux::sys::namespace;
use onewinner_linux::sys::process::{self, Ended, PANICKED, Worker};
use onewinner_linux::sys::supervisor::{Supervisor, Unfinished, Watch};

/// The time between two checks of the first process of the namespaces.
const POLL: Duration = Duration::from_millis(5);

/// The request to a worker.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) places: Vec<DirectoryRequest>,
    pub(super) locks: Vec<String>,
    pub(super) settings: Settings,
    /// Directories in which an earlier worker was killed.
    pub(super) sweep: Vec<PathBuf>,
}

impl Request {
    /// How long all of it may take: the command waits as long for each line.
    fn limit(&self) -> Duration {
        let lines = self.places.len() * (1 + self.locks.len()) + 1;
        let line = Duration::from_millis(self.settings.cell_ms) + SILENCE;
        line.saturating_mul(u32::try_from(lines).unwrap_or(u32::MAX))
    }
}

/// A message of the worker, one line of JSON.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Line {
    /// A directory was prepared, or could not be. Its cells follow.
    Column(Column),
    /// The next cell of that directory.
    Cell(Cell),
    /// Everything was sent.
    Done,
    /// The request could not be served, for this reason.
    Refused(String),
}

/// Runs the hidden command.
pub fn serve() -> ExitCode {
    match answer() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // If it cannot be written, the command is gone.
            let _unread = print_message(&Line::Refused(reason));
            ExitCode::FAILURE
        }
    }
}

fn answer() -> Result<(), String> {
    let request: Request = read_request()?;
    if !request
        .places
        .iter()
        .any(|place| matches!(place, DirectoryRequest::Made(_)))
    {
        return fill(&request, &MountRoot::Nowhere("nothing is made here".to_owned()));
    }
    in_namespaces(request.limit(), |mount_root| fill(&request, mount_root))
}

/// Enters new namespaces and runs `body` in their first process. `body` gets the place where file systems can be made, or why
/// there is none.
///
/// The first process is killed after `limit`, and [`GRACE`] after the command has closed our standard input.
///
/// # Errors
///
/// When there is no process, or it was killed.
pub(super) fn in_namespaces(
    limit: Duration,
    body: impl FnOnce(&MountRoot) -> Result<(), String>,
) -> Result<(), String> {
    let rights = match namespace::enter() {
        Ok(rights) => rights,
        Err(error) => return body(&MountRoot::Nowhere(error.to_string())),
    };
    let first = Worker::fork_first(|| {
        // If the kernel refuses, the old /proc is good enough: each process finds itself in it.
        let _shown = namespace::show_processes();
        let mount_root = mount_root().map_or_else(MountRoot::Nowhere, |mount_root| MountRoot::At(mount_root, rights));
        match body(&mount_root) {
            Ok(()) => 0,
            Err(reason) => {
                let _unread = print_message(&Line::Refused(reason));
                1
            }
        }
    })
    .map_err(|error| error.to_string())?;
    let mut supervisor = Supervisor::default();
    supervisor.add(first);
    let cancelled = || process::is_at_end(&io::stdin());
    let watch = Watch {
        poll: POLL,
        grace: GRACE,
        ..Watch::new(limit, &cancelled)
    };
    await_first(&mut supervisor, &watch)
}

/// Waits for the first process of the namespaces, and kills it when the watch ends.
fn await_first(supervisor: &mut Supervisor, watch: &Watch<'_>) -> Result<(), String> {
    let ended = match supervisor.wait_for_all(watch) {
        Err(Unfinished::Lost(Ended::Exited(PANICKED))) => {
            panic!("the first process of the namespaces broke an invariant")
        }
        // It has printed what there was to print.
        Ok(()) | Err(Unfinished::Lost(_)) => return Ok(()),
        Err(Unfinished::Cancelled) => "did not clean up after an interrupt".to_owned(),
        Err(Unfinished::TimedOut) => format!("did not end within {} s", watch.limit.as_secs()),
    };
    let killed = if supervisor.kill_all().is_empty() {
        "was killed"
    } else {
        "cannot be killed: a system call holds it"
    };
    Err(format!("the first process of the namespaces {ended} and {killed}"))
}

/// Fills in the columns one after another.
fn fill(request: &Request, mount_root: &MountRoot) -> Result<(), String> {
    let cancel = SharedCancelToken::new().map_err(|error| error.to_string())?;
    request
        .sweep
        .iter()
        .for_each(|directory| remove_leftovers(directory, &cancel));
    let send = |line: &Line| print_message(line).map_err(|error| error.to_string());
    for asked in &request.places {
        if cancel.poll() {
            break;
        }
        let mut column = Column::new(asked.name());
        let place = prepare(asked, mount_root, &cancel, &mut column);
        if let Some(place) = &place {
            let filler = Filler {
                request,
                place,
                cancel: &cancel,
            };
            filler.controls(&mut column);
            send(&Line::Column(column.clone()))?;
            if column.state == ColumnState::Ready {
                filler.cells(&column, &send)?;
            }
            place.remove(&cancel);
        } else {
            send(&Line::Column(column))?;
        }
    }
    send(&Line::Done)
}

/// Fills in one column.
struct Filler<'a> {
    request: &'a Request,
    place: &'a ReadyDirectory,
    cancel: &'a SharedCancelToken,
}

impl Filler<'_> {
    fn job(&self) -> CellJob<'_> {
        CellJob {
            ways: &self.place.ways,
            settings: &self.request.settings,
            cancel: self.cancel,
        }
    }

    fn limit(&self) -> Duration {
        Duration::from_millis(self.request.settings.cell_ms)
    }

    /// Races the controls, or records why the directory cannot be used.
    fn controls(&self, column: &mut Column) {
        let raced: Result<Result<Vec<Control>, String>, IsolatedError> =
            run_cancellable(self.limit(), self.cancel, || self.job().controls());
        if raced.is_err() {
            self.tidy();
        }
        let flat = raced.map_err(|error| with_advice(&error)).and_then(|raced| raced);
        let reason = match (flat, self.place.check(self.cancel)) {
            (Ok(controls), Ok(())) => {
                column.controls = controls;
                return;
            }
            (_, Err(lost)) => lost,
            (Err(error), Ok(())) => error,
        };
        let reason = format!("failed to race the controls: {reason}");
        column.state = ColumnState::Failed { reason };
    }

    /// Fills in all cells of the column. If the directory is lost, the remaining cells are not tried: each would reach its
    /// limit.
    fn cells(&self, column: &Column, send: &dyn Fn(&Line) -> Result<(), String>) -> Result<(), String> {
        let mut lost: Option<String> = None;
        for lock in &self.request.locks {
            let primitive = primitive::by_name(lock).expect("the command asks for shipped locks");
            let missing = |reason: &str| Cell::missing(lock, primitive.expectation(), reason);
            if self.cancel.poll() {
                break;
            }
            let mut cell = match &lost {
                Some(reason) => missing(reason),
                None => self.cell(primitive, column),
            };
            if lost.is_none()
                && let Err(reason) = self.place.check(self.cancel)
            {
                let reason = format!("the directory was lost: {reason}");
                // If the mount vanished during the race, its result means nothing.
                if !matches!(cell.answer, Answer::Missing { .. }) {
                    cell = missing(&reason);
                }
                lost = Some(reason);
            }
            send(&Line::Cell(cell))?;
        }
        Ok(())
    }

    fn cell(&self, primitive: &'static dyn LockPrimitive, column: &Column) -> Cell {
        let filled = run_cancellable(self.limit(), self.cancel, || self.job().cell(primitive, column));
        filled.unwrap_or_else(|error| {
            self.tidy();
            Cell::missing(primitive.name(), primitive.expectation(), with_advice(&error))
        })
    }

    /// Removes the files that a killed process left. A hung mount keeps them. A file system that was made for the run is removed
    /// as a whole.
    fn tidy(&self) {
        if !self.place.made {
            remove_leftovers(&self.place.ways[0], self.cancel);
        }
    }
}

/// The error with the option that helps.
fn with_advice(error: &IsolatedError) -> String {
    match error {
        IsolatedError::Hung(_) => format!("{error}; raise --cell-time, or lower --rounds"),
        _ => error.to_string(),
    }
}

/// Removes the files that killed processes left in a directory.
fn remove_leftovers(directory: &Path, cancel: &SharedCancelToken) {
    const LIMIT: Duration = Duration::from_secs(5);
    let _left = run_cancellable(LIMIT, cancel, || sweep(directory));
}

#[cfg(test)]
mod tests {
    use std::process::Command;

    use super::*;

    const LONG: Duration = Duration::from_secs(60);
    const SHORT: Duration = Duration::from_millis(20);

    /// The outcome of waiting for a program in place of the first process: a test has threads and must not fork.
    fn outcome(command: &str, limit: Duration, cancelled: bool) -> Result<(), String> {
        let program = Command::new("sh").args(["-c", command]).spawn();
        let mut supervisor = Supervisor::default();
        supervisor.adopt(&program.unwrap());
        let cancelled = || cancelled;
        let watch = Watch {
            grace: SHORT,
            ..Watch::new(limit, &cancelled)
        };
        let outcome = await_first(&mut supervisor, &watch);
        assert!(supervisor.exits()[0].is_some(), "no process is left");
        outcome
    }

    #[test]
    fn a_first_process_that_hangs_is_killed_at_its_limit_and_soon_after_an_interrupt() {
        for (limit, cancelled, reason) in [
            (SHORT, false, "did not end within 0 s and was killed"),
            (LONG, true, "did not clean up after an interrupt and was killed"),
        ] {
            let failed = outcome("exec sleep 60", limit, cancelled).unwrap_err();
            assert!(failed.ends_with(reason), "{failed}");
        }
    }

    #[test]
    fn a_first_process_that_ends_has_printed_why() {
        for command in ["true", "exit 1"] {
            assert_eq!(outcome(command, LONG, false), Ok(()), "{command}");
        }
    }
}
