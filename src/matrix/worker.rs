//! The worker: a process of its own that makes directories ready, and has each cell filled in by another one.
//!
//! For file systems that are made it moves to namespaces of its own, and goes on as their first process. When the command
//! dies the kernel kills the worker, and then all that is in them; mounts go with the last process, and loop devices with
//! their mounts.

use std::io::{self, BufRead, Write};
use std::process::ExitCode;
use std::time::Duration;

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use super::Settings;
use super::cell::Cell;
use super::column::{Column, Control, Standing};
use super::limited::{LimitedError, Wish, limited};
use super::measure::{Bench, tidy};
use super::place::{Asked, Ground, Place, ground, ready};
use crate::primitive::{self, LockPrimitive};
use crate::sys::namespace;
use crate::sys::process::{self, PANICKED, Worker};

/// How often the first process of the namespaces is looked at.
const POLL: Duration = Duration::from_millis(5);

/// What a worker is asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) places: Vec<Asked>,
    pub(super) locks: Vec<String>,
    pub(super) settings: Settings,
    /// The process that asks.
    pub(super) parent: u32,
}

/// A line of its answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Line {
    /// A directory was made ready, or was not; its cells follow.
    Column(Column),
    /// A cell of that directory.
    Cell(Cell),
    /// All is told.
    Done,
    /// There is no answer, for this reason.
    Refused(String),
}

/// What the hidden command does.
pub fn serve() -> ExitCode {
    match answer() {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // If nobody reads it, nobody is there.
            let _unread = say(&Line::Refused(reason));
            ExitCode::FAILURE
        }
    }
}

pub(super) fn say(line: &impl Serialize) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, line)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// What this process is asked for; from here on it dies with the process that asks, whose number is in it.
pub(super) fn request<T: DeserializeOwned>(parent: impl Fn(&T) -> u32) -> Result<T, String> {
    let mut line = String::new();
    let heard = io::stdin().lock().read_line(&mut line);
    heard.map_err(|error| error.to_string())?;
    let request: T = serde_json::from_str(&line).map_err(|error| error.to_string())?;
    process::die_with(parent(&request))
        .map_err(|error| format!("failed to stay with the process that asks: {error}"))?;
    process::leave_interrupts_to_others().map_err(|error| format!("failed to ignore signals: {error}"))?;
    Ok(request)
}

fn answer() -> Result<(), String> {
    let request = request(|request: &Request| request.parent)?;
    if !request.places.iter().any(|place| matches!(place, Asked::Made(_))) {
        return fill(&request, &Ground::Nowhere("nothing is made here".to_owned()));
    }
    in_namespaces(|ground| fill(&request, ground))
}

/// Moves to namespaces, and has their first process do `body`, which is told where file systems can be made. If that fails, the
/// line that says so is the same for all that are asked for.
pub(super) fn in_namespaces(body: impl FnOnce(&Ground) -> Result<(), String>) -> Result<(), String> {
    let rights = match namespace::enter() {
        Ok(rights) => rights,
        Err(error) => return body(&Ground::Nowhere(error.to_string())),
    };
    let mut first = Worker::fork_first(|| {
        // Where the kernel refuses, the old /proc does: each process finds itself in it.
        let _shown = namespace::show_processes();
        let ground = ground().map_or_else(Ground::Nowhere, |ground| Ground::At(ground, rights));
        match body(&ground) {
            Ok(()) => 0,
            Err(reason) => {
                let _unread = say(&Line::Refused(reason));
                1
            }
        }
    })
    .map_err(|error| error.to_string())?;
    loop {
        match first.ended() {
            Some(process::Ended::Exited(PANICKED)) => panic!("the first process of the namespaces broke an invariant"),
            Some(_) => return Ok(()), // It has told what there was to tell.
            None => std::thread::sleep(POLL),
        }
    }
}

/// Fills in column after column.
fn fill(request: &Request, ground: &Ground) -> Result<(), String> {
    let wish = Wish::new().map_err(|error| error.to_string())?;
    let told = |line: &Line| say(line).map_err(|error| error.to_string());
    for asked in &request.places {
        if wish.look() {
            break;
        }
        let mut column = Column::new(asked.name());
        let place = ready(asked, ground, &wish, &mut column);
        if let Some(place) = &place {
            let filler = Filler {
                request,
                place,
                wish: &wish,
            };
            filler.controls(&mut column);
            told(&Line::Column(column.clone()))?;
            if column.standing == Standing::Ready {
                for lock in &request.locks {
                    if wish.look() {
                        break;
                    }
                    told(&Line::Cell(filler.cell(lock, &column)))?;
                }
            }
            place.leave(&wish);
        } else {
            told(&Line::Column(column))?;
        }
    }
    told(&Line::Done)
}

/// Fills in one column.
struct Filler<'a> {
    request: &'a Request,
    place: &'a Place,
    wish: &'a Wish,
}

impl Filler<'_> {
    fn bench(&self) -> Bench<'_> {
        Bench {
            ways: &self.place.ways,
            settings: &self.request.settings,
            wish: self.wish,
        }
    }

    fn limit(&self) -> Duration {
        Duration::from_millis(self.request.settings.cell_ms)
    }

    /// Races the controls, or tells why the directory is of no use.
    fn controls(&self, column: &mut Column) {
        let raced: Result<Result<Vec<Control>, String>, LimitedError> =
            limited(self.limit(), self.wish, || self.bench().controls());
        let flat = raced.map_err(|error| error.to_string()).and_then(|raced| raced);
        match flat {
            Ok(controls) => column.controls = controls,
            Err(error) => {
                self.tidy();
                let reason = format!("failed to race the controls: {error}");
                column.standing = Standing::Failed { reason };
            }
        }
    }

    fn cell(&self, lock: &str, column: &Column) -> Cell {
        let primitive: &'static dyn LockPrimitive =
            primitive::by_name(lock).expect("the command asks for shipped locks");
        let filled: Result<Result<Cell, String>, LimitedError> = limited(self.limit(), self.wish, || {
            self.place.check()?;
            let cell = self.bench().cell(primitive, column);
            self.place.check()?;
            Ok(cell)
        });
        match filled {
            Ok(Ok(cell)) => cell,
            Ok(Err(reason)) => Cell::missing(lock, primitive.expectation(), reason),
            Err(error) => {
                self.tidy();
                Cell::missing(lock, primitive.expectation(), error.to_string())
            }
        }
    }

    /// Removes what a killed process left; a mount that hangs keeps it.
    fn tidy(&self) {
        const LIMIT: Duration = Duration::from_secs(5);
        let _left = limited(LIMIT, self.wish, || tidy(&self.place.ways[0]));
    }
}
