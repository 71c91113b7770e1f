//! The system of contenders that are programs.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::answering::failed;
use super::surroundings::{AllAbove, Surroundings};
use super::zygote::{ready, zygote};
use crate::sys::counter;
use crate::sys::filter::{Chance, Clock};
use crate::sys::zygote::fix_addresses;
use crate::tracer::channel::pipes::{HOLD, Pipes};
use crate::tracer::error::{Refusal, Unavailable};
use crate::tracer::layout::execution_directories;
use crate::tracer::messages::SearchRequest;
use crate::tracer::program::start::{StartError, Starter};
use crate::tracer::syscalls::programs::Programs;
use crate::tracer::syscalls::watched_tree::reuses_inode_numbers;
use crate::tracer::system::polling::EndlessPolls;
use crate::tracer::system::{Parts, Refresh, Renewal, TracedSystem};
use crate::tracer::tracees::numbers::{TaskNumbers, ZYGOTE};
use crate::tracer::tracees::registry::Tracees;
use crate::tracer::tracees::start_order::Order;
use onewinner_core::history::History;
use onewinner_core::scenario::{Program, Scenario, ScenarioKind};

/// Makes systems for one program: its file is found once.
pub(super) struct ProgramLauncher {
    starter: Starter,
    surroundings: Surroundings,
    /// What its searches have found out about polls.
    endless: Rc<EndlessPolls>,
    /// The directories above those of executions.
    above: Rc<AllAbove>,
    /// Paths beside the directory of the lock that are watched.
    shared: BTreeSet<PathBuf>,
    /// The contenders that have pipes in the directory of the run.
    with_pipes: usize,
}

impl ProgramLauncher {
    /// # Errors
    ///
    /// When the command line starts nothing.
    pub(super) fn new(program: &Program, mut surroundings: Surroundings) -> Result<Self, Refusal> {
        let own = std::env::current_exe().map_err(|error| failed("find the file of this program", &error))?;
        let hold = vec![own.to_string_lossy().into_owned(), HOLD.to_owned()];
        let unusable = |error: StartError| Refusal::Program(error.to_string());
        let mut starter = Starter::new(program, hold).map_err(unusable)?;
        if let Some(temporary) = surroundings.temporary() {
            starter.set_temporary(&temporary).map_err(unusable)?;
        }
        let refused = "personality(2) is refused, so the addresses in a program differ between executions; `onewinner doctor` says how \
                       to allow it";
        let machine = fix_addresses().is_err().then(|| refused.to_owned());
        surroundings.notes.extend(machine);
        let shown = "programs see the counter of the processor, which differs between executions";
        let counter = (!counter::can_be_taken()).then(|| shown.to_owned());
        surroundings.notes.extend(counter);
        let above = surroundings
            .above()
            .map_err(|error| failed("examine the directory of the run", &error))?;
        let shared = program.shared_paths.iter().cloned();
        let shared = shared.chain(surroundings.lock_at.clone()).collect();
        Ok(Self {
            starter,
            surroundings,
            above,
            endless: Rc::default(),
            shared,
            with_pipes: 0,
        })
    }

    /// Contenders share these paths: the next search watches them.
    pub(super) fn shares(&mut self, paths: Vec<PathBuf>) {
        self.shared.extend(paths);
    }

    /// Prepares the system of the last search for another one, and keeps what contenders are copied from. Returns false if that is
    /// not possible.
    ///
    /// # Errors
    ///
    /// When there is no place for the pipes of more contenders.
    pub(super) fn renew(
        &mut self,
        last: &mut TracedSystem,
        request: &SearchRequest,
        roots: &[PathBuf],
    ) -> Result<bool, Refusal> {
        let scenario = &request.scenario;
        // Without numbers of its own each search ends what the last one has left running.
        let numbers = last.engine.tracees.numbers.as_ref();
        let suffice = numbers.is_some_and(|numbers| numbers.suffice(scenario.participants(), rounds(scenario)));
        if !suffice || !last.is_intact || !last.engine.interpreter.shares().is_empty() {
            return Ok(false);
        }
        self.with_pipes = self.with_pipes.max(scenario.participants());
        let renewal = Renewal {
            scenario: scenario.clone(),
            blank: self.blank(scenario),
            refresh: self.refresh(roots, last.directory_number()),
            grows: request.grows,
            notes: self.notes(),
        };
        let renewed = last.renew(renewal);
        renewed.map_err(|error| failed("make the pipes of contenders", &error))?;
        Ok(true)
    }

    fn notes(&self) -> Vec<String> {
        let notes = self.starter.note().into_iter();
        notes.chain(self.surroundings.notes.iter().cloned()).collect()
    }

    fn refresh(&self, roots: &[PathBuf], directory: u32) -> Refresh {
        let executions = execution_directories(roots, directory);
        let executions = executions.iter().filter_map(|path| path.file_name());
        let mut own = Pipes::names(self.with_pipes);
        own.extend(executions.map(OsString::from));
        self.surroundings.refresh(&self.shared, &self.above, own)
    }

    /// The history of an execution before its first event.
    fn blank(&self, scenario: &Scenario) -> History {
        let lock = self.surroundings.lock_at.clone();
        let lock = lock.unwrap_or_else(|| scenario.lock(Path::new("/")));
        let mut blank = History::new(scenario.participants(), lock);
        blank.shared_paths = self.shared.iter().cloned().collect();
        blank.stale = scenario.start.is_stale();
        blank.probe = scenario.probe();
        blank.disturbed = scenario.disturbed();
        blank
    }

    /// The system for one search, whose first execution has the directory with this number.
    ///
    /// # Errors
    ///
    /// When the machine does not let processes be traced, or there is no place for their pipes.
    pub(super) fn system(
        &mut self,
        request: &SearchRequest,
        roots: &[PathBuf],
        directory: u32,
    ) -> Result<TracedSystem, Refusal> {
        let scenario = &request.scenario;
        self.with_pipes = scenario.participants();
        let (pipes, stage) = Pipes::new(self.starter.clone(), scenario, roots)
            .map_err(|error| failed("make the pipes of contenders", &error))?;
        let streams = pipes
            .streams()
            .map_err(|error| failed("examine the pipes of contenders", &error))?;
        if let Some(numbers) = &self.surroundings.numbers {
            // Contenders see the number of their parent.
            numbers.choose(ZYGOTE).map_err(|error| Unavailable::NoZygote {
                reason: format!("its number cannot be chosen: {error}"),
            })?;
        }
        let zygote = zygote(Clock::Virtual, Chance::Drawn, move |order| {
            // A copy of a program keeps the path that the program was started with: it is one for all executions.
            stage.enter(Order::of(order).process)
        })?;
        let reuses =
            reuses_inode_numbers(&roots[0]).map_err(|error| failed("find out the type of the file system", &error))?;
        let mut sharing = self.surroundings.sharing();
        sharing.shared.clone_from(&self.shared);
        sharing.grows = request.grows;
        let mut tracees = Tracees::new(zygote, true);
        if let Some(next) = &self.surroundings.numbers {
            let numbers = TaskNumbers::new(Rc::clone(next), scenario.participants(), rounds(scenario));
            tracees.numbers = Some(numbers.map_err(|error| failed("choose the numbers of processes", &error))?);
        }
        let mut programs = Programs::new(reuses, sharing);
        programs.tree.streams = streams;
        let parts = Parts {
            scenario: scenario.clone(),
            blank: self.blank(scenario),
            roots: roots.to_vec(),
            first_directory: directory,
            renames: false,
            tracees,
            interpreter: Box::new(programs),
            channel: Box::new(pipes),
            leave_behind: None,
            refresh: self.refresh(roots, directory),
            endless: Rc::clone(&self.endless),
            notes: self.notes(),
        };
        Ok(ready(parts)?)
    }
}

/// How often a contender starts in an execution.
fn rounds(scenario: &Scenario) -> u32 {
    match scenario.kind {
        ScenarioKind::Cycle { rounds } => rounds,
        ScenarioKind::Contend | ScenarioKind::Fault { .. } => 1,
    }
}
