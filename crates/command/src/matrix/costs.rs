//! What locks cost on file systems that are made for it: `crate::cost`, in a process and in namespaces of its own.
//!
//! All file systems are there at the same time, so that measurements take turns on them.

use std::process::ExitCode;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::COSTS_WORKER;
use super::column::{Column, Standing};
use super::coordinator::MatrixError;
use super::limited::Wish;
use super::place::{Asked, Ground, ready};
use super::talk::{End, converse, request, say};
use super::worker::in_namespaces;
use crate::cost::{self, Amount, Measure, Measured, Options, Place, Row};
use onewinner_core::primitive;
use onewinner_linux::sys::process;

/// What a worker is asked for.
#[derive(Debug, Serialize, Deserialize)]
struct Request {
    makes: Vec<String>,
    locks: Vec<String>,
    measures: Vec<Measure>,
    amount: Amount,
    time_limit: Duration,
    /// The process that asks.
    parent: u32,
}

/// A line of its answer.
#[derive(Debug, Serialize, Deserialize)]
enum Line {
    /// So much is done, and this is next.
    Progress(f64, String),
    /// All that was measured.
    Measured(Vec<Row>),
    /// There is no answer, for this reason.
    Refused(String),
}

/// Measures on file systems that are made, by recipe, instead of in the places of the options. A row for each lock and measure
/// says what is not measured there, and why. Afterwards no process, mount, loop device or file is left.
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
    // A directory that hangs is told of after the limits of a block and of a look at it.
    let limit = options.amount.worker_limit * 4;
    let mut rows = None;
    let end = converse(COSTS_WORKER, &request, limit, interrupted, &mut |line| match line {
        Line::Progress(share, what) => {
            progress(share, &what);
            None
        }
        Line::Measured(told) => {
            rows = Some(told);
            Some(End::Told)
        }
        Line::Refused(reason) => Some(End::Refused(reason)),
    })?;
    let rows = rows.unwrap_or_else(|| nowhere(options, makes, end.reason()));
    Ok(Measured {
        rows,
        ..Measured::default()
    })
}

/// The rows of file systems on which nothing was measured.
fn nowhere(options: &Options, makes: &[String], reason: &str) -> Vec<Row> {
    let place = |name: &String| Place {
        name: name.clone(),
        ways: Vec::new(),
        obstacle: Some(reason.to_owned()),
    };
    let options = Options {
        places: makes.iter().map(place).collect(),
        ..options.clone()
    };
    let measured = cost::measure(&options, &AtomicBool::new(false), &mut |_, _| {});
    measured.expect("a place with an obstacle is not looked at").rows
}

/// What the hidden command does.
pub fn serve_costs() -> ExitCode {
    let answered = request().and_then(|request: Request| {
        // All that it could clean up goes with it.
        process::die_with(request.parent)
            .map_err(|error| format!("failed to stay with the process that asks: {error}"))?;
        in_namespaces(|ground| measured(&request, ground))
    });
    match answered {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // If nobody reads it, nobody is there.
            let _unread = say(&Line::Refused(reason));
            ExitCode::FAILURE
        }
    }
}

/// Makes all file systems, measures on them, and tells.
fn measured(request: &Request, ground: &Ground) -> Result<(), String> {
    let wish = Wish::new().map_err(|error| error.to_string())?;
    let (mut places, mut made) = (Vec::new(), Vec::new());
    for name in &request.makes {
        let mut column = Column::new(name.clone());
        let place = ready(&Asked::Made(name.clone()), ground, &wish, &mut column);
        let skipped = matches!(column.standing, Standing::Skipped { .. });
        let word = if skipped { "skipped: " } else { "" };
        places.push(Place {
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
        if wish.look() {
            interrupted.store(true, Ordering::Relaxed);
        }
        // If nobody reads it, the wish is over too.
        let _unread = say(&Line::Progress(share, what.to_owned()));
    });
    let rows = measured.map_err(|error| error.to_string())?.rows;
    made.iter().rev().for_each(|place| place.leave(&wish));
    say(&Line::Measured(rows)).map_err(|error| error.to_string())
}
