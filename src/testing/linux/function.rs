//! A function that acquires at a path, explored with real processes: each contender is the test, entered again.
//!
//! There is no model of what the function does, so its schedules are searched with few preemptions, as those of any program.

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
use onewinner_check::preset::{Configuration, Depth};
use onewinner_check::{Allowance, Backend, Plan};
use onewinner_core::explore::Strategy;
use onewinner_core::primitive::LockPrimitive;
use onewinner_core::property::Judging;
use onewinner_core::scenario::Subject;
use onewinner_linux::tracer;
use onewinner_linux::tracer::program::re_exec::{Role, Test};

/// An attempt at the lock there.
type Acquire<'a, G> = dyn FnMut(&Path) -> Attempt<G> + 'a;
/// Gives the lock back, and tells why that failed if it did.
type Release<'a, G> = dyn FnMut(G) -> Option<String> + 'a;

/// A function that acquires, and how what it returns is given back.
pub struct Function<'a, G> {
    attempt: Box<Acquire<'a, G>>,
    release: Box<Release<'a, G>>,
    races: Vec<Race>,
    /// How it becomes a lock that races, given a name; if it is to.
    lock: Option<AsLock<'a, G>>,
    traced: bool,
}

type AsLock<'a, G> = fn(&str, Function<'a, G>) -> &'static dyn LockPrimitive;

/// Explores a function that attempts to acquire the lock at a path, once and without waiting.
///
/// It returns an `Option`, in which none says that somebody else has the lock; or a `Result`, with an error that tells that
/// ([`LockError`](crate::testing::LockError)), such as an [`io::Error`] of the kind `WouldBlock` or `AlreadyExists`.
/// The lock is given back by dropping what was returned, or as [`release`](Exploration::release) says. A function that waits
/// for the lock is explored too.
///
/// Any code may be in it: system calls are what is scheduled, whoever makes them. It must keep to the directory of the path: a
/// file elsewhere that two contenders use and one changes makes the search inconclusive.
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
pub fn explore<'a, A: IntoAttempt>(mut attempt: impl FnMut(&Path) -> A + 'a) -> Exploration<Function<'a, A::Guard>> {
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
    /// How the lock is given back, if not by dropping what the function returned: by a call, whose result is looked at.
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

    /// With real processes that are stopped before each system call; that is what is run, unless [`race`](Self::race) is
    /// asked for alone.
    pub fn traced(mut self) -> Self {
        self.subject.traced = true;
        self
    }

    /// Runs it; nothing is left of the processes afterwards.
    ///
    /// In a process that the test has started this does what it was started for, and does not return.
    ///
    /// # Panics
    ///
    /// When this is no thread of a test.
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
                    (true, false) => self.climb(&test, place),
                    (true, true) => self
                        .climb(&test, place)
                        .merged_with(races::in_new_process(&test, place)),
                    (false, _) => races::in_new_process(&test, place),
                }
            }
        }
    }

    /// The verdicts on its ladder.
    fn climb(&self, test: &Test, place: usize) -> Report {
        let subject = Subject::Program(test.program(place));
        let options = &self.options;
        let plan = |configuration: Configuration| Plan {
            subject: subject.clone(),
            scenario: configuration.scenario,
            fault_sweep: configuration.fault_sweep,
            backend: Backend::Traced {
                strategy: Strategy::Bounded {
                    preemptions: options.preemptions.unwrap_or(configuration.preemptions),
                },
                limits: options.limits(),
                directories: options.directories.clone(),
            },
            seed: options.seed,
            judged: Judging::All,
        };
        let plans = options.configurations(Depth::of_a_program).into_iter().map(plan);
        let plans: Vec<Plan> = plans.collect();
        run_plans(&plans, Allowance::Together, options.save.as_deref(), place)
    }

    /// Does what this process was started for, and ends it: nobody waits for the rest of the test.
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
                let lock = subject.lock.expect("there is a race")(&test.name, subject);
                let races: Vec<Plan> = races.into_iter().map(|race| race.plan(lock, &options)).collect();
                races::serve(&races, parent, place)?
            }
            Role::Knowing { .. } => unreachable!("only a lock over `Fs` is handed over"),
        };
        std::process::exit(i32::from(code != ExitCode::SUCCESS))
    }
}

impl<G: 'static> Exploration<Function<'static, G>> {
    /// With real processes that are released together: so many contend, 16 if nothing is said, in so many rounds; and with
    /// those of [`traced`](Self::traced) only if that is asked for.
    ///
    /// A race that sees no violation passes, with the bound on the rate; chance finds few faults.
    pub fn race(mut self, rounds: u64) -> Self {
        self.subject.races.push(Race { rounds, aligned: false });
        self.subject.lock = Some(|name, function| function_lock::lock(name, function.attempt, function.release));
        self
    }
}
