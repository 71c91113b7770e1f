//! Schedules followed once more, in the world in which they were found or one in which the same choices can be made.
//!
//! Deliberately judges nothing: who follows a schedule knows what to look for.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::time::{Duration, Instant};

use super::{CheckError, Plan};
use onewinner_core::backend::{BackendKind, sim};
use onewinner_core::explore::{Limits, Strategy};
use onewinner_core::history::Execution;
use onewinner_core::primitive::LockPrimitive;
use onewinner_core::scenario::{Scenario, Subject};
use onewinner_core::schedule::Schedule;
#[cfg(target_os = "linux")]
use onewinner_linux::tracer;

/// Whose lock is run again, doing what, and where.
#[derive(Clone, Copy)]
pub(super) struct Follower<'a> {
    pub(super) subject: &'a Subject,
    pub(super) scenario: &'a Scenario,
    pub(super) backend: BackendKind,
    /// Where real processes run; that for temporary files, if none is named.
    pub(super) directories: &'a [PathBuf],
}

impl<'a> Follower<'a> {
    /// In the world of a plan.
    pub(super) fn of(plan: &'a Plan, scenario: &'a Scenario) -> Self {
        Self {
            subject: &plan.subject,
            scenario,
            backend: plan.backend.follows(),
            directories: plan.backend.directories(),
        }
    }

    /// The same where following costs nearly nothing: a lock over `Fs` does the same on the simulated file system, which
    /// `traced` holds against the kernel call by call. Programs, and several directories, are what they are.
    pub(super) fn cheapest(self) -> Self {
        match (self.subject, self.directories) {
            (Subject::Primitive(_), [] | [_]) => Self {
                backend: BackendKind::Sim,
                directories: &[],
                ..self
            },
            _ => self,
        }
    }

    /// Whether it takes real processes.
    fn is_costly(&self) -> bool {
        self.backend == BackendKind::Traced
    }

    /// One execution along a schedule, and no further.
    ///
    /// # Errors
    ///
    /// When real processes cannot be traced here, or the world has no place for the subject.
    pub(super) fn along(&self, schedule: &Schedule) -> Result<Execution, CheckError> {
        let schedule = schedule.clone();
        self.run(&Strategy::Replay { schedule })
    }

    /// One execution along a schedule as far as its steps can be taken, and to the end.
    ///
    /// # Errors
    ///
    /// As [`along`](Self::along).
    pub(super) fn guided_by(&self, schedule: &Schedule) -> Result<Execution, CheckError> {
        let schedule = schedule.clone();
        self.run(&Strategy::Guided { schedule })
    }

    fn run(&self, strategy: &Strategy) -> Result<Execution, CheckError> {
        let mut ran = None;
        let watch = &mut |execution| {
            ran = Some(execution);
            ControlFlow::Break(())
        };
        match self.backend {
            BackendKind::Sim | BackendKind::Loom => {
                let scheduler = &mut *strategy.scheduler();
                sim::explore(self.primitive()?, self.scenario, scheduler, Limits::default(), watch);
            }
            #[cfg(target_os = "linux")]
            BackendKind::Traced => {
                let run = tracer::Run {
                    subject: self.subject,
                    scenario: self.scenario,
                    strategy,
                    limits: Limits::default(),
                    directories: self.directories,
                };
                tracer::explore(&run, watch)?;
            }
            #[cfg(not(target_os = "linux"))]
            BackendKind::Traced => {
                unreachable!(
                    "no process is traced in {:?}: checked when the file was read",
                    self.directories
                )
            }
            BackendKind::Race => unreachable!("the kernel chooses the schedules of a race"),
        }
        Ok(ran.expect("each of these strategies runs one execution"))
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

/// How many executions of real processes are run to make a violation easier to read, for each purpose.
const MOST_TRIES: u32 = 40;
/// How long that may take.
const MOST_TIME: Duration = Duration::from_secs(5);

/// Executions that may still be run, if they cost much.
pub(super) struct Tries<'a> {
    follower: Follower<'a>,
    left: u32,
    until: Option<Instant>,
}

impl<'a> Tries<'a> {
    pub(super) fn of(follower: Follower<'a>) -> Self {
        let costly = follower.is_costly();
        Self {
            follower,
            left: if costly { MOST_TRIES } else { u32::MAX },
            until: costly.then(|| Instant::now() + MOST_TIME),
        }
    }

    /// See [`Follower::guided_by`]; nothing when no try is left.
    pub(super) fn guided_by(&mut self, schedule: &Schedule) -> Option<Execution> {
        self.left = self.left.checked_sub(1)?;
        if self.until.is_some_and(|until| Instant::now() > until) {
            return None;
        }
        self.follower.guided_by(schedule).ok()
    }
}
