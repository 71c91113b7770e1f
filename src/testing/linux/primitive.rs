//! The backends of a lock over `Fs` that run real processes: traced, and races.

use std::convert::Infallible;
use std::io;
use std::process::ExitCode;

use super::super::options::Exploration;
use super::super::primitive::{Primitive, Search};
use super::super::report::Report;
use super::backends::Race;
use super::entry::{Entry, enter};
use super::races;
use onewinner_check::{Backend, Plan};
use onewinner_linux::tracer;
use onewinner_linux::tracer::program::re_exec::{self, Role};

impl Exploration<Primitive> {
    /// Requests real processes. The tracer stops each one before its system calls, and compares every result of the kernel with
    /// the model. Linux only.
    pub fn traced(mut self) -> Self {
        self.subject.real.traced = true;
        self.also(Self::traced_plans)
    }

    /// Requests `rounds` races between real processes that start together; 16 processes unless
    /// [`processes`](Self::processes) is given. Linux only.
    ///
    /// A race without a violation passes, and reports an upper bound on the failure rate. A broken lock may need more
    /// rounds, or [`race_aligned`](Self::race_aligned).
    pub fn race(mut self, rounds: u64) -> Self {
        self.subject.real.races.push(Race { rounds, aligned: false });
        self
    }

    /// Requests races as [`race`](Self::race) does, with aligned calls: no process makes its call *k* before all processes have
    /// reached theirs. Linux only.
    pub fn race_aligned(mut self, rounds: u64) -> Self {
        self.subject.real.races.push(Race { rounds, aligned: true });
        self
    }

    /// Runs the lock on each backend and returns the report.
    ///
    /// In a process that the test started, this does the work of that process and does not return.
    ///
    /// # Panics
    ///
    /// If real processes are requested and this thread does not run a test.
    #[track_caller]
    pub fn run(self) -> Report {
        let real = &self.subject.real;
        let searches = self.searches();
        if !real.traced && real.races.is_empty() && !self.subject.searches.is_empty() {
            return match re_exec::role() {
                Some(_) => Report::of_other_process(),
                None => self.run_searches(&searches, 0),
            };
        }
        match enter(Some(self.subject.lock.name())) {
            Err(error) => panic!("{error}"),
            Ok(Entry::Skip) => Report::of_other_process(),
            Ok(Entry::Serve { role, .. }) => match self.serve(&role) {
                Ok(never) => match never {},
                Err(error) => panic!("failed to serve the test that started this process: {error}"),
            },
            Ok(Entry::Explore { test, place }) => {
                let report = self.run_searches(&searches, place);
                if real.races.is_empty() {
                    report
                } else {
                    report.merged_with(races::in_new_process(&test, place))
                }
            }
        }
    }

    /// The requested searches; a traced one if no backend is requested.
    fn searches(&self) -> Vec<Search> {
        if self.subject.searches.is_empty() && self.subject.real.races.is_empty() {
            vec![Self::traced_plans]
        } else {
            self.subject.searches.clone()
        }
    }

    fn traced_plans(&self) -> Vec<Plan> {
        self.search_plans(|strategy, options| Backend::Traced {
            strategy,
            limits: options.limits(),
            directories: options.directories.clone(),
        })
    }

    /// Does the work of this process and exits, without the rest of the test.
    fn serve(&self, role: &Role) -> io::Result<Infallible> {
        let code = match role {
            Role::Knowing { .. } => {
                tracer::greet()?;
                tracer::serve_knowing(&[self.subject.lock])
            }
            Role::Race { place, parent } => races::serve(&self.races(), *parent, *place)?,
            Role::Contender { .. } | Role::Worker { .. } => unreachable!("only a function has such contenders"),
        };
        std::process::exit(i32::from(code != ExitCode::SUCCESS))
    }

    fn races(&self) -> Vec<Plan> {
        let races = self.subject.real.races.iter();
        races.map(|race| race.plan(self.subject.lock, &self.options)).collect()
    }
}
