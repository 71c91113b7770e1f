//! Schedules followed once more, in the world in which they were found or one in which the same choices can be made.
//!
//! Deliberately judges nothing: who follows a schedule knows what to look for.

use std::ops::ControlFlow;
use std::path::PathBuf;

use super::counterexample::Backend;
use super::{CheckError, Plan};
use crate::backend::sim;
#[cfg(feature = "kernel")]
use crate::backend::traced;
#[cfg(feature = "kernel")]
use crate::explore::Strategy;
use crate::explore::{Limits, Replay};
use crate::history::Execution;
use crate::primitive::LockPrimitive;
use crate::scenario::{Scenario, Subject};
use crate::schedule::Schedule;

/// Whose lock is run again, doing what, and where.
#[derive(Clone, Copy)]
pub(super) struct Follower<'a> {
    pub(super) subject: &'a Subject,
    pub(super) scenario: &'a Scenario,
    pub(super) backend: Backend,
    /// Where real processes run; that for temporary files, if none is named.
    pub(super) directories: &'a [PathBuf],
}

impl<'a> Follower<'a> {
    /// In the world of a plan.
    pub(super) fn of(plan: &'a Plan, scenario: &'a Scenario) -> Self {
        Self {
            subject: &plan.subject,
            scenario,
            backend: plan.world.follows(),
            directories: plan.world.directories(),
        }
    }

    /// The same where following costs nearly nothing: a lock over `Fs` does the same on the simulated file system, which
    /// `traced` holds against the kernel call by call. Programs, and several directories, are what they are.
    pub(super) fn cheapest(self) -> Self {
        match (self.subject, self.directories) {
            (Subject::Primitive(_), [] | [_]) => Self {
                backend: Backend::Sim,
                directories: &[],
                ..self
            },
            _ => self,
        }
    }

    /// Whether it takes real processes.
    pub(super) fn is_costly(&self) -> bool {
        self.backend == Backend::Traced
    }

    /// One execution along a schedule, and no further.
    ///
    /// # Errors
    ///
    /// When real processes cannot be traced here, or the world has no place for the subject.
    pub(super) fn along(&self, schedule: &Schedule) -> Result<Execution, CheckError> {
        match self.backend {
            Backend::Sim => Ok(simulated(self.primitive()?, self.scenario, schedule)),
            #[cfg(feature = "kernel")]
            Backend::Traced => self.traced(schedule),
            #[cfg(not(feature = "kernel"))]
            Backend::Traced => unreachable!(
                "no process is traced in {:?}: checked when the file was read",
                self.directories
            ),
        }
    }

    fn primitive(&self) -> Result<&'static dyn LockPrimitive, CheckError> {
        match self.subject {
            Subject::Primitive(primitive) => Ok(*primitive),
            Subject::Program(program) => Err(CheckError::NeedsProcesses {
                line: program.line.clone(),
                backend: "sim",
            }),
        }
    }

    #[cfg(feature = "kernel")]
    fn traced(&self, schedule: &Schedule) -> Result<Execution, CheckError> {
        let mut replayed = None;
        let run = traced::Run {
            subject: self.subject,
            scenario: self.scenario,
            strategy: &Strategy::Replay {
                schedule: schedule.clone(),
            },
            limits: Limits::default(),
            directories: self.directories,
        };
        traced::explore(&run, &mut |execution| {
            replayed = Some(execution);
            ControlFlow::Break(())
        })?;
        Ok(replayed.expect("a replay runs one execution"))
    }
}

fn simulated(primitive: &'static dyn LockPrimitive, scenario: &Scenario, schedule: &Schedule) -> Execution {
    let mut replayed = None;
    sim::explore(
        primitive,
        scenario,
        &mut Replay::new(schedule.clone()),
        Limits::default(),
        &mut |execution| {
            replayed = Some(execution);
            ControlFlow::Break(())
        },
    );
    replayed.expect("a replay runs one execution")
}
