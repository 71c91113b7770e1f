//! A target of the measurement: its run directory, and the directories that each measure needs in it.
//!
//! Every access to it is made by a process that can be killed.

use std::cell::{Cell as Flag, RefCell};
use std::fs::{self, File};
use std::io;
use std::path::PathBuf;
use std::sync::atomic::Ordering;

use super::isolated_dir::{DirReport, IsolatedDir};
use super::row::Measure;
use super::samples::{Fault, SharedSamples};
use super::unmeasured::Unmeasured;
use super::{BenchTarget, CostError, Run};
use onewinner_core::fs::Errno;
use onewinner_linux::one_store::{LATEST, shows};

/// The removal of all files may take this number of worker limits.
const REMOVAL: u32 = 4;

/// A target with its run directory.
pub(super) struct BenchDir {
    pub(super) name: String,
    pub(super) kind: String,
    isolated_dir: Option<IsolatedDir>,
    /// The run directory through each mount.
    roots: Vec<PathBuf>,
    /// Why nothing can be measured here any more.
    obstacle: RefCell<Option<String>>,
    /// Whether the file system has stopped answering; then nothing waits for it any more.
    silent: Flag<bool>,
    /// The number of files in the directory of [`Measure::Files`], or why it takes no more.
    files: RefCell<Result<u64, String>>,
}

impl BenchDir {
    /// Prepares all targets at the same time. A path that does not exist is a wrong use; any other failure is an obstacle.
    pub(super) fn open(targets: &[BenchTarget], run: &Run<'_>) -> Result<Vec<Self>, CostError> {
        let mut begun = Vec::new();
        for target in targets {
            begun.push(match &target.obstacle {
                Some(obstacle) => Err(obstacle.clone()),
                None => IsolatedDir::begin(&target.ways).map_err(|error| error.to_string()),
            });
        }
        let (mut dirs, mut misused) = (Vec::new(), None);
        for (target, isolated_dir) in targets.iter().zip(begun) {
            let mut dir = Self {
                name: target.name.clone(),
                kind: "unknown".to_owned(),
                isolated_dir: None,
                roots: Vec::new(),
                obstacle: RefCell::new(None),
                silent: Flag::new(false),
                files: RefCell::new(Ok(0)),
            };
            match isolated_dir {
                Err(obstacle) => *dir.obstacle.get_mut() = Some(obstacle),
                Ok(mut isolated_dir) => {
                    match isolated_dir.next_report(run.options.amount.worker_limit, run.interrupted) {
                        Ok(DirReport::Ready { name, kind }) => {
                            dir.kind = kind;
                            dir.roots = target.ways.iter().map(|way| way.join(&name)).collect();
                        }
                        Ok(DirReport::WrongUse(reason)) => misused = Some(CostError::Misused { reason }),
                        Ok(DirReport::Refused(reason) | DirReport::NotRemoved(reason)) => {
                            *dir.obstacle.get_mut() = Some(reason);
                        }
                        Ok(DirReport::Removed) => unreachable!("the directory is removed only on request"),
                        Err(error) => {
                            dir.silent.set(matches!(error, Unmeasured::Silent(_)));
                            *dir.obstacle.get_mut() = Some(error.to_string());
                        }
                    }
                    dir.isolated_dir = Some(isolated_dir);
                }
            }
            dirs.push(dir);
        }
        match misused {
            None => Ok(dirs),
            Some(error) => {
                for dir in dirs {
                    // The wrong use is reported; the next run removes what is left.
                    let _left = dir.close(run);
                }
                Err(error)
            }
        }
    }

    /// Removes the run directory. Returns why something is left, if so.
    pub(super) fn close(self, run: &Run<'_>) -> Option<String> {
        let limit = run.options.amount.worker_limit;
        let limit = if self.silent.get() {
            limit.min(LATEST)
        } else {
            limit * REMOVAL
        };
        // A directory that was never made cannot be left.
        let was_there = !self.roots.is_empty();
        let left = self.isolated_dir?.close(limit)?;
        was_there.then(|| format!("{}: {left}", self.name))
    }

    /// Why nothing can be measured here any more.
    pub(super) fn obstacle(&self) -> Option<Unmeasured> {
        self.obstacle.borrow().clone().map(Unmeasured::Refused)
    }

    /// Checks after a failure whether the directory itself failed. Then nothing else is tried in it.
    pub(super) fn check(&self, run: &Run<'_>) {
        let limit = run.options.amount.worker_limit;
        let looked = run.workers_for(limit).run_isolated(|| {
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

    /// Makes and fills the directory of a measure. Returns its path through each mount.
    pub(super) fn prepare(&self, measure: Measure, run: &Run<'_>) -> Result<Vec<PathBuf>, Unmeasured> {
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
        let shared = SharedSamples::new(1, 1)?;
        let made = || shared.words[0].load(Ordering::Relaxed);
        let make = || -> io::Result<()> {
            fs::create_dir_all(&ways[0])?;
            for number in there..wanted {
                File::create(ways[0].join(format!("file-{number}")))?;
                shared.words[0].fetch_add(1, Ordering::Relaxed);
            }
            ways[1..].iter().try_for_each(seen)
        };
        let workers = run.workers();
        let ready = workers.run(&shared, |_| make().map_err(|error| Fault::Directory(errno(&error))));
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
        if matches!(measure, Measure::Files(_)) && !failed.is_out_of_time() {
            *self.files.borrow_mut() = Err(failed.to_string());
            // A disk that is full of them would fail every later measure. Files that are left are removed at the end.
            let _gone = run
                .workers_for(run.options.amount.worker_limit * REMOVAL)
                .run_isolated(|| fs::remove_dir_all(&ways[0]).is_ok());
        }
        Err(failed)
    }
}

fn errno(error: &io::Error) -> Errno {
    Errno::from_raw(error.raw_os_error().unwrap_or(Errno::EIO.raw()))
}

/// Waits until a directory that was made through one mount shows through another.
fn seen(way: &PathBuf) -> io::Result<()> {
    let look = || fs::metadata(way).map(drop);
    let mut found = Ok(());
    shows(|| {
        found = look();
        !matches!(&found, Err(error) if error.kind() == io::ErrorKind::NotFound)
    });
    found
}
