//! The worker: a process of its own that makes directories ready, and has each cell filled in by another one.
//!
//! For file systems that are made it moves to namespaces of its own, and goes on as their first process. When that dies the
//! kernel kills all that is in them; mounts go with the last process, and loop devices with their mounts.
//!
//! That the command wants no more, or is dead, is told by the end of standard input: the worker outlives it for a moment, and
//! takes away what stands in directories that are there. It waits for nothing without a limit.

use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Settings;
use super::cell::{Answer, Cell};
use super::column::{Column, Control, Standing};
use super::limited::{Wish, limited};
use super::measure::{Bench, sweep};
use super::place::{Asked, Ground, Place, ground, ready};
use super::talk::{request, say};
use onewinner_core::primitive::{self, LockPrimitive};
use onewinner_linux::sys::namespace;
use onewinner_linux::sys::process::{self, PANICKED, Worker};
use onewinner_linux::sys::supervisor::IsolatedError;

/// How often the first process of the namespaces is looked at.
const POLL: Duration = Duration::from_millis(5);

/// What a worker is asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) places: Vec<Asked>,
    pub(super) locks: Vec<String>,
    pub(super) settings: Settings,
    /// Directories in which a worker before this one was killed.
    pub(super) sweep: Vec<PathBuf>,
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

fn answer() -> Result<(), String> {
    let request: Request = request()?;
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
    request.sweep.iter().for_each(|directory| swept(directory, &wish));
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
                filler.cells(&column, &told)?;
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
        let raced: Result<Result<Vec<Control>, String>, IsolatedError> =
            limited(self.limit(), self.wish, || self.bench().controls());
        if raced.is_err() {
            self.tidy();
        }
        let flat = raced.map_err(|error| with_advice(&error)).and_then(|raced| raced);
        let reason = match (flat, self.place.look(self.wish)) {
            (Ok(controls), Ok(())) => {
                column.controls = controls;
                return;
            }
            (_, Err(lost)) => lost,
            (Err(error), Ok(())) => error,
        };
        let reason = format!("failed to race the controls: {reason}");
        column.standing = Standing::Failed { reason };
    }

    /// Fills in all cells of the column. Of a directory that is lost in the middle, those that remain are not tried: each
    /// would come to its limit.
    fn cells(&self, column: &Column, told: &dyn Fn(&Line) -> Result<(), String>) -> Result<(), String> {
        let mut lost: Option<String> = None;
        for lock in &self.request.locks {
            let primitive = primitive::by_name(lock).expect("the command asks for shipped locks");
            let missing = |reason: &str| Cell::missing(lock, primitive.expectation(), reason);
            if self.wish.look() {
                break;
            }
            let mut cell = match &lost {
                Some(reason) => missing(reason),
                None => self.cell(primitive, column),
            };
            if lost.is_none()
                && let Err(reason) = self.place.look(self.wish)
            {
                let reason = format!("the directory was lost: {reason}");
                // A lock raced where the mount went away in the middle says nothing, whatever it showed.
                if !matches!(cell.answer, Answer::Missing { .. }) {
                    cell = missing(&reason);
                }
                lost = Some(reason);
            }
            told(&Line::Cell(cell))?;
        }
        Ok(())
    }

    fn cell(&self, primitive: &'static dyn LockPrimitive, column: &Column) -> Cell {
        let filled = limited(self.limit(), self.wish, || self.bench().cell(primitive, column));
        filled.unwrap_or_else(|error| {
            self.tidy();
            Cell::missing(primitive.name(), primitive.expectation(), with_advice(&error))
        })
    }

    /// Removes what a killed process left; a mount that hangs keeps it, and what was made for the run goes as a whole.
    fn tidy(&self) {
        if !self.place.made {
            swept(&self.place.ways[0], self.wish);
        }
    }
}

/// Why races have no result, and what to do about it.
fn with_advice(error: &IsolatedError) -> String {
    match error {
        IsolatedError::Hung(_) => format!("{error}; raise --cell-time, or ask for fewer --rounds"),
        _ => error.to_string(),
    }
}

/// Removes what killed processes left in a directory.
fn swept(directory: &Path, wish: &Wish) {
    const LIMIT: Duration = Duration::from_secs(5);
    let _left = limited(LIMIT, wish, || sweep(directory));
}
