//! Measures the cost of locks on file systems made for the run: `crate::cost` in a worker with its own namespaces.
//!
//! All file systems exist at the same time, so that measurements take turns on them.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::COSTS_WORKER;
use super::cancel::SharedCancelToken;
use super::column::{Column, ColumnState};
use super::coordinator::MatrixError;
use super::directories::{DirectoryRequest, MountRoot, prepare};
use super::ipc::{End, SILENCE, ask_worker, print_message, read_request};
use super::worker::in_namespaces;
use crate::cost::{self, Amount, BenchTarget, Measure, Measured, Options, Row};
use onewinner_core::primitive;
use onewinner_linux::sys::process;

/// The request to a worker.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    makes: Vec<String>,
    locks: Vec<String>,
    measures: Vec<Measure>,
    amount: Amount,
    time_limit: Duration,
    /// The pid of the command.
    parent: u32,
}

impl Request {
    /// How long all of it may take: making the file systems, the measurements, and the last block that began in time.
    fn limit(&self) -> Duration {
        let made = u32::try_from(self.makes.len()).unwrap_or(u32::MAX);
        let making = SILENCE.saturating_mul(made.saturating_add(1));
        making
            .saturating_add(self.time_limit)
            .saturating_add(line_limit(&self.amount))
    }
}

/// How long one line may take: a directory that hangs is reported after the limits of a block and of a look at it.
fn line_limit(amount: &Amount) -> Duration {
    amount.worker_limit.saturating_mul(4)
}

/// A message of the worker, one line of JSON.
#[derive(Debug, Serialize, Deserialize)]
enum Line {
    /// The share that is done, and what comes next.
    Progress(f64, String),
    /// All rows.
    Measured(Vec<Row>),
    /// The request could not be served, for this reason.
    Refused(String),
}

/// Measures on file systems made from recipes, instead of on the targets of the options. For everything that could not be
/// measured there is a row that says why. Afterwards no process, mount, loop device or file is left.
///
/// # Errors
///
/// When no worker can be started.
pub fn measure_made(
    options: &Options,
    makes: &[String],
    interrupted: &AtomicBool,
    progress: &mut dyn FnMut(f64, &str),
) -> Result<Measured, MatrixError> {
    let request = Request {
        makes: makes.to_vec(),
        locks: options.locks.iter().map(|lock| lock.name().to_owned()).collect(),
        measures: options.measures.clone(),
        amount: options.amount,
        time_limit: options.time_limit,
        parent: std::process::id(),
    };
    let limit = line_limit(&options.amount);
    let mut rows = None;
    let end = ask_worker(COSTS_WORKER, &request, limit, interrupted, &mut |line| match line {
        Line::Progress(share, what) => {
            progress(share, &what);
            None
        }
        Line::Measured(sent) => {
            rows = Some(sent);
            Some(End::Done)
        }
        Line::Refused(reason) => Some(End::Refused(reason)),
    })?;
    let rows = rows.unwrap_or_else(|| nowhere(options, makes, end.reason()));
    Ok(Measured {
        rows,
        ..Measured::default()
    })
}

/// The rows of file systems on which nothing was measured, with the reason.
fn nowhere(options: &Options, makes: &[String], reason: &str) -> Vec<Row> {
    let place = |name: &String| BenchTarget {
        name: name.clone(),
        ways: Vec::new(),
        obstacle: Some(reason.to_owned()),
    };
    let options = Options {
        places: makes.iter().map(place).collect(),
        ..options.clone()
    };
    let measured = cost::measure(&options, &AtomicBool::new(false), &mut |_, _| {});
    measured.expect("a target with an obstacle is not opened").rows
}

/// Runs the hidden command.
pub fn serve_costs() -> ExitCode {
    let answered = read_request().and_then(|request: Request| {
        // Its mounts and processes end with it, so it can die at any time.
        process::die_with(request.parent)
            .map_err(|error| format!("the command that started this worker is gone: {error}"))?;
        in_namespaces(request.limit(), |mount_root| measured(&request, mount_root))
    });
    match answered {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // If it cannot be written, the command is gone.
            let _unread = print_message(&Line::Refused(reason));
            ExitCode::FAILURE
        }
    }
}

/// Makes all file systems, measures on them, and sends the rows.
fn measured(request: &Request, mount_root: &MountRoot) -> Result<(), String> {
    let cancel = SharedCancelToken::new().map_err(|error| error.to_string())?;
    let (mut places, mut made) = (Vec::new(), Vec::new());
    for name in &request.makes {
        let mut column = Column::new(name.clone());
        let place = prepare(&DirectoryRequest::Made(name.clone()), mount_root, &cancel, &mut column);
        let skipped = matches!(column.state, ColumnState::Skipped { .. });
        let word = if skipped { "skipped: " } else { "" };
        places.push(BenchTarget {
            name: name.clone(),
            ways: place.as_ref().map_or_else(Vec::new, |place| place.ways.clone()),
            obstacle: column.obstacle().map(|reason| format!("{word}{reason}")),
        });
        made.extend(place);
    }
    let lock = |name: &String| primitive::by_name(name).expect("the command asks for shipped locks");
    let options = Options {
        places,
        locks: request.locks.iter().map(lock).collect(),
        measures: request.measures.clone(),
        amount: request.amount,
        time_limit: request.time_limit,
    };
    let interrupted = AtomicBool::new(false);
    let measured = cost::measure(&options, &interrupted, &mut |share, what| {
        if cancel.poll() {
            interrupted.store(true, Ordering::Relaxed);
        }
        // If it cannot be written, the next poll sees the cancellation.
        let _unread = print_message(&Line::Progress(share, what.to_owned()));
    });
    let rows = measured.map_err(|error| error.to_string())?.rows;
    made.iter().rev().for_each(|place| place.remove(&cancel));
    print_message(&Line::Measured(rows)).map_err(|error| error.to_string())
}
