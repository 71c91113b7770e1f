//! A place in which is measured: what is known of it, and the directory that each measure needs.
//!
//! Whatever touches it is done by a process that can be killed.

use std::cell::{Cell as Flag, RefCell};
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use super::board::{Board, Fault};
use super::keeper::{Keeper, Told};
use super::row::Measure;
use super::unmeasured::Unmeasured;
use super::{CostError, Place, Run};
use onewinner_core::fs::Errno;
use onewinner_linux::one_store::{LATEST, shows};

/// How many times the limit of a worker the removal of all files may take.
const REMOVAL: u32 = 4;

/// A place that was asked for, and our own directory in it.
pub(super) struct Site {
    pub(super) name: String,
    pub(super) kind: String,
    keeper: Option<Keeper>,
    /// Our directory by each way.
    roots: Vec<PathBuf>,
    /// Why nothing can be measured here any more.
    obstacle: RefCell<Option<String>>,
    /// Whether it does not answer; then nothing is waited for any more.
    silent: Flag<bool>,
    /// How many files stand in the directory that gets ever more of them, or why it takes no more.
    files: RefCell<Result<u64, String>>,
}

impl Site {
    /// Makes all places ready, at the same time. One that is not there is a wrong use; what else is of no use has an obstacle.
    pub(super) fn open(places: &[Place], run: &Run<'_>) -> Result<Vec<Self>, CostError> {
        let mut begun = Vec::new();
        for place in places {
            begun.push(match &place.obstacle {
                Some(obstacle) => Err(obstacle.clone()),
                None => Keeper::begin(&place.ways).map_err(|error| error.to_string()),
            });
        }
        let (mut sites, mut misused) = (Vec::new(), None);
        for (place, keeper) in places.iter().zip(begun) {
            let mut site = Self {
                name: place.name.clone(),
                kind: "unknown".to_owned(),
                keeper: None,
                roots: Vec::new(),
                obstacle: RefCell::new(None),
                silent: Flag::new(false),
                files: RefCell::new(Ok(0)),
            };
            match keeper {
                Err(obstacle) => *site.obstacle.get_mut() = Some(obstacle),
                Ok(mut keeper) => {
                    match keeper.hear(run.options.amount.worker_limit, run.interrupted) {
                        Ok(Told::Kept { name, kind }) => {
                            site.kind = kind;
                            site.roots = place.ways.iter().map(|way| way.join(&name)).collect();
                        }
                        Ok(Told::Misused(reason)) => misused = Some(CostError::Misused { reason }),
                        Ok(Told::Refused(reason) | Told::Remains(reason)) => *site.obstacle.get_mut() = Some(reason),
                        Ok(Told::Gone) => unreachable!("it keeps what it was not asked to remove"),
                        Err(error) => {
                            site.silent.set(matches!(error, Unmeasured::Silent(_)));
                            *site.obstacle.get_mut() = Some(error.to_string());
                        }
                    }
                    site.keeper = Some(keeper);
                }
            }
            sites.push(site);
        }
        match misused {
            None => Ok(sites),
            Some(error) => {
                for site in sites {
                    // The wrong use is told, and what is left is swept by the next run.
                    let _left = site.close(run);
                }
                Err(error)
            }
        }
    }

    /// Removes what was made; tells what is left.
    pub(super) fn close(self, run: &Run<'_>) -> Option<String> {
        let limit = run.options.amount.worker_limit;
        let limit = if self.silent.get() {
            limit.min(LATEST)
        } else {
            limit * REMOVAL
        };
        // What never was there cannot be left.
        let was_there = !self.roots.is_empty();
        let left = self.keeper?.close(limit)?;
        was_there.then(|| format!("{}: {left}", self.name))
    }

    /// Why nothing can be measured here any more.
    pub(super) fn obstacle(&self) -> Option<Unmeasured> {
        self.obstacle.borrow().clone().map(Unmeasured::Refused)
    }

    /// After something failed: whether it is the directory that failed. Then nothing else is tried in it.
    pub(super) fn look(&self, run: &Run<'_>) {
        let limit = run.options.amount.worker_limit;
        let looked = run.crew_for(limit).ask(|| {
            let mut metadata = self.roots.iter().map(fs::metadata);
            metadata.find_map(|found| Some(errno(&found.err()?).raw()))
        });
        let obstacle = match looked {
            Ok(None) | Err(Unmeasured::Interrupted) => return,
            Ok(Some(errno)) => Unmeasured::Vanished {
                errno: Errno::from_raw(errno),
            },
            Err(Unmeasured::Hung(limit)) => {
                self.silent.set(true);
                Unmeasured::Silent(limit)
            }
            Err(other) => other,
        };
        *self.obstacle.borrow_mut() = Some(obstacle.to_string());
    }

    /// The directory for a measure by each way, made and filled.
    pub(super) fn ground(&self, measure: Measure, run: &Run<'_>) -> Result<Vec<PathBuf>, Unmeasured> {
        if let Some(obstacle) = self.obstacle() {
            return Err(obstacle);
        }
        let below = match measure {
            Measure::Files(_) => PathBuf::from("files"),
            Measure::Depth(depth) => (0..depth).fold(PathBuf::from("deep"), |path, _| path.join("d")),
            _ => PathBuf::from("plain"),
        };
        let ways: Vec<PathBuf> = self.roots.iter().map(|root| root.join(&below)).collect();
        let (there, wanted) = match measure {
            Measure::Files(number) => (self.files.borrow().clone().map_err(Unmeasured::Refused)?, number),
            _ => (0, 0),
        };
        let board = Board::new(1, 1)?;
        let made = || board.words[0].load(Ordering::Relaxed);
        let make = || -> io::Result<()> {
            fs::create_dir_all(&ways[0])?;
            for number in there..wanted {
                File::create(ways[0].join(format!("file-{number}")))?;
                board.words[0].fetch_add(1, Ordering::Relaxed);
            }
            ways[1..].iter().try_for_each(seen)
        };
        let crew = run.crew();
        let ready = crew.run(&board, |_| make().map_err(|error| Fault::Ground(errno(&error))));
        let failed = match ready {
            Ok(()) => {
                if matches!(measure, Measure::Files(_)) {
                    *self.files.borrow_mut() = Ok(there.max(wanted));
                }
                return Ok(ways);
            }
            Err(Unmeasured::Hung(limit)) if made() > 0 => Unmeasured::Slow {
                made: made(),
                wanted: wanted - there,
                limit,
            },
            Err(other) => other,
        };
        if matches!(measure, Measure::Files(_)) && !failed.is_merely_ended() {
            *self.files.borrow_mut() = Err(failed.to_string());
            // A disk that is full of them would fail whatever comes next. What does not go now goes in the end.
            let _gone = run
                .crew_for(run.options.amount.worker_limit * REMOVAL)
                .ask(|| fs::remove_dir_all(&ways[0]).is_ok());
        }
        Err(failed)
    }
}

fn errno(error: &io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(Errno::EIO.raw()))
}

/// Waits until a directory that was made by one way is there by another one.
fn seen(way: &PathBuf) -> io::Result<()> {
    let look = || fs::metadata(way).map(drop);
    let mut found = Ok(());
    shows(|| {
        found = look();
        !matches!(&found, Err(error) if error.kind() == io::ErrorKind::NotFound)
    });
    found
}
