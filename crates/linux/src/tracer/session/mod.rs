//! A session: one worker process for any number of searches of one lock.
//!
//! ```text
//!  Session::open ──▶ worker ──┬─▶ search ─▶ executions, notes, the end
//!                             ├─▶ search ─▶ …
//!  Session::close ────────────┴─▶ the worker ends or is killed, the directory of the run is removed
//! ```
//!
//! | `worker_process.rs` | the worker process: start, send, receive, end |

pub(crate) mod worker_process;

use std::collections::BTreeSet;
use std::marker::PhantomData;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use self::worker_process::{Next, WorkerProcess};
use crate::one_store::new_run;
use crate::run_directory::RunDirectory;
use crate::sys::supervisor::CancelToken;
use crate::tracer::error::{TracerError, WorkerLoss};
use crate::tracer::messages::{Answer, Message, Opening, SearchRequest, SubjectName};
use crate::tracer::system::polling::EndlessPoll;
use onewinner_core::explore::{Limits, Searched, Stop, Strategy};
use onewinner_core::history::Execution;
use onewinner_core::scenario::{Scenario, Subject, Work};

/// How long the worker may take to report the end of a search whose time is over. After that the session reports it.
const REPORT_LIMIT: Duration = Duration::from_millis(700);

/// What to search.
#[derive(Clone, Copy, Debug)]
pub struct Search<'a> {
    /// What each process does.
    pub scenario: &'a Scenario,
    /// How schedules are chosen.
    pub strategy: &'a Strategy,
    /// How far the search goes.
    pub limits: Limits,
    /// Whether the search may end because contenders share a path beside the lock that is not watched yet: see
    /// [`SearchReport::is_superseded`]. Otherwise such an execution is lost.
    pub grows: bool,
    /// What other sessions know of the polls of the program: see [`SearchReport::endless`].
    pub endless: &'a BTreeSet<EndlessPoll>,
}

/// What a search found, apart from its executions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SearchReport {
    /// How far it went.
    pub searched: Searched,
    /// How programs were started, and what was not observed.
    pub notes: Vec<String>,
    /// Whether the next search of this session watches more paths, and has other steps: the executions of this one count for
    /// nothing.
    pub is_superseded: bool,
    /// The polls of the program that the worker knows to be endless by now. Contenders need not show that again.
    pub endless: BTreeSet<EndlessPoll>,
}

/// A worker process that searches the schedules of one lock, as often as requested.
///
/// Each search begins from an empty directory, with contenders that no earlier search started; those that are programs may be
/// forked from a process that one has started. Paths are the same in all searches of a session. The session belongs to the
/// thread that opened it: the worker dies with that thread.
///
/// Dropped, it kills the worker and removes the directory; [`close`](Self::close) also reports what cannot be removed.
#[derive(Debug)]
pub struct Session {
    subject: Subject,
    // Before the directory: the worker is gone when that is removed.
    worker: WorkerProcess,
    roots: Vec<PathBuf>,
    directory: RunDirectory,
    /// Whether the last search was ended early, and its last answers were not read.
    unfinished: bool,
    one_thread: PhantomData<*const ()>,
}

impl Session {
    /// Starts a worker for a lock, in a new directory below the first of `directories`, or below the directory for temporary
    /// files. Process *i* works through the *i* mod *k*-th directory. The worker stays on this `cpu`, or on the one where it starts.
    ///
    /// # Errors
    ///
    /// When there is no directory or no process, or a test does not reach its exploration again. Whether the machine lets
    /// processes be traced shows in the first search.
    pub fn open(subject: &Subject, directories: &[PathBuf], cpu: Option<usize>) -> Result<Self, TracerError> {
        let ways: Vec<PathBuf> = match directories {
            [] => vec![real(&std::env::temp_dir())],
            directories => directories.iter().map(|way| real(way)).collect(),
        };
        let (directory, roots, _swept) = new_run::<TracerError>(&ways)?;
        if let Some(directory) = roots.iter().find(|root| root.to_str().is_none()) {
            let directory = directory.clone();
            return Err(TracerError::NotText { directory });
        }
        let opening = Message::Open(Opening {
            subject: match subject {
                Subject::Primitive(primitive) => SubjectName::Primitive(primitive.name().to_owned()),
                Subject::Program(program) => SubjectName::Program(program.clone()),
            },
            roots: roots.clone(),
            parent: std::process::id(),
            cpu,
        });
        let worker = WorkerProcess::start(subject, &opening)?;
        Ok(Self {
            subject: subject.clone(),
            worker,
            roots,
            directory,
            unfinished: false,
            one_thread: PhantomData,
        })
    }

    /// Searches, and hands each execution to `watch` until that breaks. `progress` gets the estimated share of the search
    /// that is done, now and then.
    ///
    /// The search also ends when its time is over or it is `cancelled`, at most a second later: an execution that runs then is
    /// left where it is, and does not count.
    ///
    /// # Errors
    ///
    /// When the machine forbids tracing, or the worker is lost: then the session is of no more use. An execution that is lost
    /// is not an error: it says so itself.
    pub fn search(
        &mut self,
        search: &Search<'_>,
        cancelled: CancelToken<'_>,
        progress: &mut dyn FnMut(f64),
        watch: &mut dyn FnMut(Execution) -> ControlFlow<()>,
    ) -> Result<SearchReport, TracerError> {
        check_supported(&self.subject, search)?;
        let mut report = SearchReport {
            searched: Searched {
                stop: Stop::Requested,
                ..Searched::nothing()
            },
            notes: Vec::new(),
            is_superseded: false,
            endless: BTreeSet::new(),
        };
        if cancelled() || !self.finish(cancelled)? {
            return Ok(report);
        }
        let latest = Instant::now().checked_add(search.limits.time + REPORT_LIMIT);
        let is_late = || latest.is_some_and(|latest| Instant::now() > latest);
        let request = SearchRequest::new(
            (search.scenario, search.strategy, search.limits),
            search.grows,
            search.endless,
        );
        let sent = self.worker.send(&Message::Search(request));
        loop {
            let answer = match self.worker.next(&self.roots[0], &|| cancelled() || is_late())? {
                Next::Answer(answer) => answer,
                Next::End => break,
                Next::Cancelled => {
                    report.searched.stop = if cancelled() { Stop::Requested } else { Stop::Time };
                    self.leave();
                    return Ok(report);
                }
            };
            match answer {
                Answer::Execution(execution) => {
                    report.searched.executions += 1;
                    report.searched.steps += execution.schedule.len() as u64;
                    if watch(execution).is_break() {
                        self.leave();
                        return Ok(report);
                    }
                }
                Answer::Share(share) => progress(share),
                Answer::Notes(all) => report.notes = all,
                Answer::Alive => {}
                Answer::Endless(polls) => report.endless = polls,
                Answer::Superseded => report.is_superseded = true,
                Answer::Done(searched) => return Ok(SearchReport { searched, ..report }),
                Answer::Refused(refusal) => return Err(refusal.into()),
            }
        }
        sent?;
        Err(TracerError::Lost(WorkerLoss::Ended))
    }

    /// Asks the worker to end the search.
    fn leave(&mut self) {
        self.unfinished = true;
        // If the worker is gone, the next search finds out.
        let _gone = self.worker.send(&Message::Stop);
    }

    /// Waits for the end of a search that was left early, and passes over what the worker still sent. Returns false if the wait
    /// was cancelled.
    fn finish(&mut self, cancelled: CancelToken<'_>) -> Result<bool, TracerError> {
        while self.unfinished {
            match self.worker.next(&self.roots[0], cancelled)? {
                Next::Answer(Answer::Done(_)) => self.unfinished = false,
                Next::Answer(_) => {}
                Next::Cancelled => return Ok(false),
                Next::End => return Err(TracerError::Lost(WorkerLoss::Ended)),
            }
        }
        Ok(true)
    }

    /// Ends the worker and removes the directory of the run. Afterwards no process and no file is left.
    ///
    /// # Errors
    ///
    /// When something in the directory cannot be removed.
    pub fn close(self) -> Result<(), TracerError> {
        let Self { worker, directory, .. } = self;
        drop(worker);
        Ok(directory.close()?)
    }
}

/// Refuses what no worker does.
///
/// # Errors
///
/// [`TracerError::Unsupported`].
fn check_supported(subject: &Subject, search: &Search<'_>) -> Result<(), TracerError> {
    let unsupported = |what: String, instead| Err(TracerError::Unsupported { what, instead });
    let Subject::Program(program) = subject else {
        return Ok(());
    };
    match search.strategy {
        Strategy::Dpor => unsupported(
            format!("`{}` by a complete reduction", program.line),
            "it needs a model of what calls do; use `--search bounded`",
        ),
        _ if search.scenario.work != Work::Nothing => unsupported(
            format!("`{}` with a workload", program.line),
            "a program does its own work; leave the workload out",
        ),
        _ => Ok(()),
    }
}

/// The directory without symbolic links on the way, as the kernel reports paths. Whether it exists shows when something is
/// made in it.
fn real(directory: &Path) -> PathBuf {
    directory.canonicalize().unwrap_or_else(|_| directory.to_owned())
}
