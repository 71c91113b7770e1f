//! A backend that is ready for any number of searches of one lock.
//!
//! The only place that opens a session of the tracer: searching, shrinking and replaying share one worker process.

#[cfg(target_os = "linux")]
use std::collections::BTreeSet;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
#[cfg(target_os = "linux")]
use std::sync::{Mutex, MutexGuard, PoisonError};

use super::error::CheckError;
use super::plan::Plan;
use super::progress::ProgressMonitor;
use onewinner_core::backend::{BackendKind, sim};
use onewinner_core::explore::{Estimated, Limits, Searched, Strategy};
use onewinner_core::history::{End, Execution, History};
use onewinner_core::primitive::LockPrimitive;
use onewinner_core::scenario::{Scenario, Subject};
use onewinner_core::schedule::Schedule;
#[cfg(target_os = "linux")]
use onewinner_linux::one_store::new_run;
#[cfg(target_os = "linux")]
use onewinner_linux::run_directory::RunDirectory;
#[cfg(target_os = "linux")]
use onewinner_linux::tracer;

/// A lock on the backend that replays its schedules: the simulated file system, or the tracer.
///
/// The worker process of the tracer starts with the first search. [`close`](Self::close) ends it.
pub(crate) struct BackendSession<'a> {
    pub(crate) subject: &'a Subject,
    pub(crate) kind: BackendKind,
    /// Where real processes run; empty for the directory for temporary files.
    pub(crate) directories: &'a [PathBuf],
    /// Whether a search may end to watch more: see [`search_anew`](Self::search_anew).
    grows: bool,
    /// See [`KeptSession`].
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only a tracer stays on a CPU"))]
    cpu: Option<usize>,
    /// See [`KeptSession`].
    #[cfg_attr(not(target_os = "linux"), expect(dead_code, reason = "only tracers share something"))]
    shared: Option<&'a SharedByWorkers>,
    /// Whether the last search ended for that.
    is_superseded: bool,
    /// What ends its searches early.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(dead_code, reason = "only the tracer can be stopped in an execution")
    )]
    stopped: Option<&'a ProgressMonitor>,
    #[cfg(target_os = "linux")]
    tracer: Option<tracer::Session>,
}

/// A worker process that waits for the next session with the same lock in the same directories. It knows what it has found out
/// about a program.
#[derive(Default)]
pub(crate) struct KeptSession<'a> {
    /// The CPU that the worker process stays on; the one where it starts if there is none.
    cpu: Option<usize>,
    /// What it shares with others, if there are any.
    shared: Option<&'a SharedByWorkers>,
    #[cfg(target_os = "linux")]
    tracer: Option<(Subject, Vec<PathBuf>, tracer::Session)>,
}

/// What the worker processes of one run share: the directory in which each has its own, and what they know of the program.
#[derive(Default)]
pub(crate) struct SharedByWorkers {
    #[cfg(target_os = "linux")]
    directory: Mutex<Option<RunDirectory>>,
    /// The directory through each mount; empty if there is none.
    #[cfg(target_os = "linux")]
    roots: Vec<PathBuf>,
    #[cfg(target_os = "linux")]
    endless: Mutex<BTreeSet<tracer::EndlessPoll>>,
}

impl SharedByWorkers {
    /// For several worker processes that run plans like this one. If no directory can be made, each of them will say so.
    #[cfg_attr(not(target_os = "linux"), expect(unused_variables, reason = "nothing is shared"))]
    pub(crate) fn of(plan: &Plan) -> Self {
        #[cfg(target_os = "linux")]
        if plan.backend.replays_on() == BackendKind::Traced
            && let Ok((directory, roots, _swept)) = new_run::<tracer::TracerError>(plan.backend.directories())
        {
            return Self {
                directory: Mutex::new(Some(directory)),
                roots,
                endless: Mutex::default(),
            };
        }
        Self::default()
    }

    /// Removes the directory, after all worker processes have ended.
    ///
    /// # Errors
    ///
    /// If something in it cannot be removed.
    pub(crate) fn close(&self) -> Result<(), CheckError> {
        #[cfg(target_os = "linux")]
        if let Some(directory) = locked(&self.directory).take() {
            directory.close().map_err(tracer::TracerError::from)?;
        }
        Ok(())
    }

    #[cfg(target_os = "linux")]
    fn endless(&self) -> MutexGuard<'_, BTreeSet<tracer::EndlessPoll>> {
        locked(&self.endless)
    }
}

#[cfg(target_os = "linux")]
fn locked<T>(shared: &Mutex<T>) -> MutexGuard<'_, T> {
    shared.lock().unwrap_or_else(PoisonError::into_inner)
}

impl<'a> KeptSession<'a> {
    /// A worker process will stay on this CPU, and share this with others.
    pub(crate) fn beside_others(cpu: Option<usize>, shared: &'a SharedByWorkers) -> Self {
        let shared = Some(shared);
        Self {
            cpu,
            shared,
            ..Self::default()
        }
    }

    /// Ends the worker process, if there is one.
    ///
    /// # Errors
    ///
    /// If something in the directory of the run cannot be removed.
    pub(crate) fn close(&mut self) -> Result<(), CheckError> {
        #[cfg(target_os = "linux")]
        if let Some((_, _, session)) = self.tracer.take() {
            session.close()?;
        }
        Ok(())
    }
}

/// A CPU for each of this number of worker processes that run at the same time: each has one of its own, as far as there are
/// enough. None for a single one, which stays where it starts.
pub(crate) fn cpus_of(jobs: usize) -> Vec<Option<usize>> {
    #[cfg(target_os = "linux")]
    let cpus = if jobs > 1 { tracer::cpus() } else { Vec::new() };
    #[cfg(not(target_os = "linux"))]
    let cpus: Vec<usize> = Vec::new();
    let mut in_turn = cpus.iter().copied().cycle();
    (0..jobs).map(|_| in_turn.next()).collect()
}

impl<'a> BackendSession<'a> {
    pub(crate) fn new(subject: &'a Subject, kind: BackendKind, directories: &'a [PathBuf]) -> Self {
        Self {
            subject,
            kind,
            directories,
            grows: false,
            cpu: None,
            shared: None,
            is_superseded: false,
            stopped: None,
            #[cfg(target_os = "linux")]
            tracer: None,
        }
    }

    /// For the schedules of a plan.
    pub(crate) fn of(plan: &'a Plan) -> Self {
        Self::new(&plan.subject, plan.backend.replays_on(), plan.backend.directories())
    }

    /// Ends each search when `progress` is stopped, also in the middle of an execution of real processes.
    pub(crate) fn stopped_by(self, progress: &'a ProgressMonitor) -> Self {
        let stopped = Some(progress);
        Self { stopped, ..self }
    }

    /// Lets the next [`search`](Self::search) end because it has to watch more. If it does, `searched` is run again, from the
    /// start: what the earlier searches found does not count. Other searches have the steps of the last one.
    ///
    /// # Errors
    ///
    /// Those of `searched`.
    pub(crate) fn search_anew<T>(
        &mut self,
        mut searched: impl FnMut(&mut Self) -> Result<T, CheckError>,
    ) -> Result<T, CheckError> {
        loop {
            self.grows = true;
            self.is_superseded = false;
            let found = searched(self);
            self.grows = false;
            if found.is_err() || !self.is_superseded {
                return found;
            }
        }
    }

    /// Whether the last search ended because it has to watch more.
    pub(crate) fn is_superseded(&self) -> bool {
        self.is_superseded
    }

    /// Searches, and hands each execution to `watch` until that breaks. `progress` receives the estimated share of the search
    /// that is done. Also returns the notes of the backend on how it ran.
    ///
    /// # Errors
    ///
    /// If the tracer cannot run here, or the backend cannot run the subject. The next search then starts a new worker.
    pub(crate) fn search(
        &mut self,
        scenario: &Scenario,
        strategy: &Strategy,
        limits: Limits,
        progress: &mut dyn FnMut(f64),
        watch: &mut dyn FnMut(Execution) -> ControlFlow<()>,
    ) -> Result<(Searched, Vec<String>), CheckError> {
        match self.kind {
            BackendKind::Sim | BackendKind::Loom => {
                let mut scheduler = strategy.scheduler();
                let scheduler = &mut Estimated::new(&mut *scheduler, progress);
                let searched = sim::explore(self.primitive()?, scenario, scheduler, limits, watch);
                Ok((searched, Vec::new()))
            }
            #[cfg(target_os = "linux")]
            BackendKind::Traced => {
                let mut session = match self.tracer.take() {
                    Some(session) => session,
                    None => {
                        let roots = self
                            .shared
                            .map(|shared| &shared.roots[..])
                            .filter(|roots| !roots.is_empty());
                        tracer::Session::open(self.subject, roots.unwrap_or(self.directories), self.cpu)?
                    }
                };
                let endless = self.shared.map(|shared| shared.endless().clone()).unwrap_or_default();
                let search = tracer::Search {
                    scenario,
                    strategy,
                    limits,
                    grows: self.grows,
                    endless: &endless,
                };
                let stopped = self.stopped;
                let is_stopped = || stopped.is_some_and(ProgressMonitor::is_stopped);
                let report = session.search(&search, &is_stopped, progress, watch)?;
                self.tracer = Some(session);
                self.is_superseded = report.is_superseded;
                if let Some(shared) = self.shared {
                    shared.endless().extend(report.endless);
                }
                Ok((report.searched, report.notes))
            }
            #[cfg(not(target_os = "linux"))]
            BackendKind::Traced => unreachable!(
                "no process is traced in {:?}: checked when the file was read",
                self.directories
            ),
            BackendKind::Race => unreachable!("the kernel chooses the schedules of a race"),
        }
    }

    /// Runs one execution, of the first schedule that the strategy chooses. If the session is stopped meanwhile, or the
    /// execution takes too long, it counts as diverged.
    ///
    /// # Errors
    ///
    /// As [`search`](Self::search).
    pub(crate) fn run_once(&mut self, scenario: &Scenario, strategy: &Strategy) -> Result<Execution, CheckError> {
        let mut ran = None;
        self.search(scenario, strategy, Limits::default(), &mut |_| {}, &mut |execution| {
            ran = Some(execution);
            ControlFlow::Break(())
        })?;
        Ok(ran.unwrap_or_else(|| Execution {
            schedule: Schedule::default(),
            history: History::new(scenario.participants(), scenario.lock(Path::new("/"))),
            end: End::Diverged {
                step: 0,
                reason: "the execution did not end before it was stopped".to_owned(),
            },
        }))
    }

    /// Takes the worker process that was kept, if it runs the same lock in the same directories.
    #[cfg_attr(
        not(target_os = "linux"),
        expect(unused_mut, unused_variables, reason = "nothing is kept")
    )]
    pub(crate) fn resumed<'k: 'a>(mut self, kept: &mut KeptSession<'k>) -> Self {
        self.cpu = kept.cpu;
        self.shared = kept.shared;
        #[cfg(target_os = "linux")]
        if self.kind == BackendKind::Traced {
            let same = |(subject, directories, _): &mut (Subject, Vec<PathBuf>, _)| {
                subject == self.subject && directories == self.directories
            };
            self.tracer = kept.tracer.take_if(same).map(|(_, _, session)| session);
        }
        self
    }

    /// Keeps the worker process, if there is one.
    #[cfg_attr(not(target_os = "linux"), expect(unused_variables, reason = "nothing is kept"))]
    pub(crate) fn keep(self, kept: &mut KeptSession<'_>) {
        #[cfg(target_os = "linux")]
        if let Some(session) = self.tracer {
            kept.tracer = Some((self.subject.clone(), self.directories.to_vec(), session));
        }
    }

    /// Ends the worker process, if there is one.
    ///
    /// # Errors
    ///
    /// If something in the directory of the run cannot be removed.
    #[cfg(target_os = "linux")]
    pub(crate) fn close(self) -> Result<(), CheckError> {
        Ok(self.tracer.map_or(Ok(()), tracer::Session::close)?)
    }

    /// Ends the session.
    ///
    /// # Errors
    ///
    /// None without real processes.
    #[cfg(not(target_os = "linux"))]
    pub(crate) fn close(self) -> Result<(), CheckError> {
        Ok(())
    }

    fn primitive(&self) -> Result<&'static dyn LockPrimitive, CheckError> {
        match self.subject {
            Subject::Primitive(primitive) => Ok(*primitive),
            Subject::Program(program) => Err(CheckError::NeedsProcesses {
                line: program.line.clone(),
                backend: BackendKind::Sim,
            }),
        }
    }
}
