//! Checks a function that acquires a lock at a path, with real processes: each contender is the test binary, started again.
//!
//! There is no model of the function, so the search limits preemptions, as for any program.

use std::convert::Infallible;
use std::io;
use std::path::Path;
use std::process::ExitCode;

use super::super::attempt::{Attempt, IntoAttempt, ReleaseResult};
use super::super::options::Exploration;
use super::super::report::Report;
use super::super::run_plans::run_plans;
use super::backends::Race;
use super::contender::contend;
use super::entry::{Entry, enter};
use super::function_lock;
use super::races;
use onewinner_check::preset::Configuration;
use onewinner_check::{Allowance, Backend, Plan};
use onewinner_core::explore::Strategy;
use onewinner_core::primitive::LockPrimitive;
use onewinner_core::scenario::Subject;
use onewinner_linux::tracer;
use onewinner_linux::tracer::program::re_exec::{Role, Test};

/// Tries to acquire the lock at a path.
type Acquire<'a, G> = dyn FnMut(&Path) -> Attempt<G> + 'a;
/// Releases the lock; returns the reason if that failed.
type Release<'a, G> = dyn FnMut(G) -> Option<String> + 'a;

/// A function that acquires a lock, and the function that releases it.
pub struct Function<'a, G> {
    attempt: Box<Acquire<'a, G>>,
    release: Box<Release<'a, G>>,
    races: Vec<Race>,
    /// Converts the function into a lock for races, if a race is requested.
    lock: Option<AsLock<'a, G>>,
    traced: bool,
}

type AsLock<'a, G> = fn(&str, Function<'a, G>) -> &'static dyn LockPrimitive;

/// Checks a function that tries once to acquire the lock at a path. Linux only.
///
/// The function returns `true`, `Some` or `Ok` with a guard if it acquired the lock. `false`, `None`, and errors that are *busy*
/// ([`LockError`](crate::testing::LockError)), mean that another process holds the lock. An [`io::Error`] of the kind
/// `WouldBlock` or `AlreadyExists` is busy. A function that waits for the lock works too.
///
/// Dropping the guard releases the lock, unless you give another way with [`release`](Exploration::release).
///
/// The function may contain any code, also of other crates: onewinner schedules system calls. It should use only files in the
/// directory of the path. If two contenders use another file and one of them changes it, the check is inconclusive.
///
/// Call it in a `#[test]`, not in a doc test and not in a test with `harness = false`.
///
/// ```no_run
/// # struct MyLock;
/// # impl MyLock {
/// #     fn try_acquire(_: &std::path::Path) -> Option<Self> { None }
/// # }
/// #[test]
/// fn my_lock_lets_one_in() {
///     onewinner::explore(|path| MyLock::try_acquire(path)).processes(3).rounds(2).run().expect_holds();
/// }
/// ```
pub fn explore<'a, A: IntoAttempt<Shape>, Shape>(
    mut attempt: impl FnMut(&Path) -> A + 'a,
) -> Exploration<Function<'a, A::Guard>> {
    Exploration::of(Function {
        attempt: Box::new(move |path| attempt(path).into_attempt()),
        release: Box::new(|guard| {
            drop(guard);
            None
        }),
        races: Vec::new(),
        lock: None,
        traced: false,
    })
}

impl<'a, G> Exploration<Function<'a, G>> {
    /// Sets the function that releases the lock; by default the guard is dropped. An error of the release is reported.
    ///
    /// ```no_run
    /// use std::fs::File;
    ///
    /// #[test]
    /// fn unlocking_lets_the_next_one_in() {
    ///     let attempt = |path: &std::path::Path| {
    ///         let file = File::create(path)?;
    ///         file.try_lock()?;
    ///         Ok::<_, std::io::Error>(file)
    ///     };
    ///     onewinner::explore(attempt).release(|file| file.unlock()).run().expect_holds();
    /// }
    /// ```
    pub fn release<R: ReleaseResult>(mut self, mut release: impl FnMut(G) -> R + 'a) -> Self {
        self.subject.release = Box::new(move |guard| release(guard).failure());
        self
    }

    /// Requests real processes that the tracer stops before each system call. This is the default, unless only
    /// [`race`](Self::race) is requested.
    pub fn traced(mut self) -> Self {
        self.subject.traced = true;
        self
    }

    /// Runs the check and returns the report. No process is left afterwards.
    ///
    /// In a process that the test started, this does the work of that process and does not return.
    ///
    /// # Panics
    ///
    /// If this thread does not run a test.
    #[track_caller]
    pub fn run(self) -> Report {
        match enter(None) {
            Err(error) => panic!("{error}"),
            Ok(Entry::Skip) => Report::of_other_process(),
            Ok(Entry::Serve { role, test }) => match self.serve(role, &test) {
                Ok(never) => match never {},
                Err(error) => panic!("failed to serve the test that started this process: {error}"),
            },
            Ok(Entry::Explore { test, place }) => {
                let races = !self.subject.races.is_empty();
                match (self.subject.traced || !races, races) {
                    (true, false) => self.run_ladder(&test, place),
                    (true, true) => self
                        .run_ladder(&test, place)
                        .merged_with(races::in_new_process(&test, place)),
                    (false, _) => races::in_new_process(&test, place),
                }
            }
        }
    }

    /// Runs the requested configurations, or the ladder, with traced processes.
    fn run_ladder(&self, test: &Test, place: usize) -> Report {
        let subject = Subject::Program(test.program(place));
        let options = &self.options;
        let plan = |configuration: Configuration, strategy: Strategy| Plan {
            subject: subject.clone(),
            scenario: configuration.scenario,
            fault_sweep: configuration.fault_sweep,
            backend: Backend::Traced {
                strategy,
                limits: options.limits(),
                directories: options.directories.clone(),
            },
            seed: options.seed,
            judged: configuration.role.judging(),
        };
        let plans = options.of_a_function().into_iter().map(|configuration| {
            let strategy = configuration.strategy_of_a_program();
            plan(configuration, strategy)
        });
        let plans: Vec<Plan> = plans.collect();
        run_plans(&plans, Allowance::Together { jobs: 1 }, options.save.as_deref(), place)
    }

    /// Does the work of this process and exits, without the rest of the test.
    fn serve(self, role: Role, test: &Test) -> io::Result<Infallible> {
        let (mut subject, options) = (self.subject, self.options);
        let code = match role {
            Role::Contender { lock, .. } => contend(lock, &mut *subject.attempt, &mut *subject.release)?,
            Role::Worker { .. } => {
                tracer::greet()?;
                tracer::serve()
            }
            Role::Race { place, parent } => {
                let races = std::mem::take(&mut subject.races);
                let lock = subject.lock.expect("a race is requested")(&test.name, subject);
                let races: Vec<Plan> = races.into_iter().map(|race| race.plan(lock, &options)).collect();
                races::serve(&races, parent, place)?
            }
            Role::Knowing { .. } => unreachable!("only a lock over `Fs` has a worker that knows its lock"),
        };
        std::process::exit(i32::from(code != ExitCode::SUCCESS))
    }
}

impl<G: 'static> Exploration<Function<'static, G>> {
    /// Requests `rounds` races between real processes that start together; 16 processes unless
    /// [`processes`](Self::processes) is given. Then [`traced`](Self::traced) runs only if requested too.
    ///
    /// A race without a violation passes, and reports an upper bound on the failure rate. Many bugs are too rare for a race.
    pub fn race(mut self, rounds: u64) -> Self {
        self.subject.races.push(Race { rounds, aligned: false });
        self.subject.lock = Some(|name, function| function_lock::lock(name, function.attempt, function.release));
        self
    }
}
