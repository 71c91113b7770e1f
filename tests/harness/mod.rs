//! Runs each test in a process of its own, through libtest-mimic.
//!
//! A test of libtest is a thread. Here a test may fork, enter a namespace, change its environment, and end early with the
//! reason why the machine does not let it run: it is then *ignored*, never *passed*. Each process has a `TMPDIR` and a time
//! limit of its own.

pub(crate) mod capability;
pub(crate) mod process;
mod workspace;

pub(crate) use capability::{Capability, require};
pub(crate) use workspace::workspace;

use std::borrow::Cow;
use std::process::ExitCode;
use std::sync::{Arc, PoisonError, RwLock};

use libtest_mimic::{Arguments, Completion, Failed, Trial};

use process::Ran;

/// Why a test cannot run on this machine.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Missing {
    pub(crate) capability: Capability,
    pub(crate) why: String,
}

impl Missing {
    pub(crate) fn new(capability: Capability, why: impl ToString) -> Self {
        let why = why.to_string();
        Self { capability, why }
    }

    /// Ends the test as *ignored*, as an error would: what it owns is dropped.
    pub(crate) fn ignore(self) -> ! {
        // Not a panic: the panic hook prints nothing.
        std::panic::resume_unwind(Box::new(self))
    }
}

/// What a test returns if it returns at all: nothing, or why it cannot run here.
pub(crate) type Tried = Result<(), Missing>;

/// Ends the test as *ignored*.
pub(crate) fn ignore(capability: Capability, why: impl ToString) -> ! {
    Missing::new(capability, why).ignore()
}

/// What a test function returns.
pub(crate) trait Outcome {
    fn tried(self) -> Tried;
}

impl Outcome for () {
    fn tried(self) -> Tried {
        Ok(())
    }
}

impl Outcome for Tried {
    fn tried(self) -> Tried {
        self
    }
}

/// A test by its name within its suite.
pub(crate) struct Test {
    name: Cow<'static, str>,
    run: Box<dyn Fn() -> Tried + Send>,
    /// Why it runs only with `--ignored`.
    slow: Option<&'static str>,
}

impl Test {
    pub(crate) fn new<T: Outcome>(name: impl Into<Cow<'static, str>>, run: impl Fn() -> T + Send + 'static) -> Self {
        Self {
            name: name.into(),
            run: Box::new(move || run().tried()),
            slow: None,
        }
    }

    /// The same test, of a module.
    pub(crate) fn within(self, module: &str) -> Self {
        let name = format!("{module}::{}", self.name).into();
        Self { name, ..self }
    }

    pub(crate) fn slow(self, why: &'static str) -> Self {
        Self {
            slow: Some(why),
            ..self
        }
    }
}

/// Lists functions as tests. `name: "why"` is a slow one.
macro_rules! tests {
    ($($name:ident $(: $slow:literal)?),* $(,)?) => {
        vec![$($crate::harness::Test::new(stringify!($name), $name)$(.slow($slow))?),*]
    };
}
pub(crate) use tests;

/// The tests of these modules, named after them.
macro_rules! modules {
    ($($module:ident),* $(,)?) => {{
        let mut all: Vec<$crate::harness::Test> = Vec::new();
        $(all.extend($module::tests().into_iter().map(|test| test.within(stringify!($module))));)*
        all
    }};
}
pub(crate) use modules;

/// The tests of one area.
pub(crate) struct Suite {
    pub(crate) name: &'static str,
    /// What each test needs; checked before the tests are listed.
    pub(crate) needs: &'static [Capability],
    /// How long one test may take. What takes longer hangs, and fails.
    pub(crate) limit_seconds: u32,
    /// If no other test may run at the same time.
    pub(crate) alone: bool,
    pub(crate) tests: Vec<Test>,
}

impl Suite {
    pub(crate) fn new(name: &'static str, tests: Vec<Test>) -> Self {
        Self {
            name,
            needs: &[],
            limit_seconds: 900,
            alone: false,
            tests,
        }
    }

    pub(crate) fn alone(self) -> Self {
        Self { alone: true, ..self }
    }

    pub(crate) fn needs(self, needs: &'static [Capability]) -> Self {
        Self { needs, ..self }
    }
}

/// Runs, lists or filters the tests, as libtest does for the same arguments.
pub(crate) fn run(suites: Vec<Suite>) -> ExitCode {
    if let Some(name) = process::test_of_this_process() {
        return process::run_here(&find(suites, &name));
    }
    if let Err(unknown) = capability::required() {
        eprintln!("{unknown}");
        return ExitCode::from(2);
    }
    let mut arguments = Arguments::from_args();
    // As libtest does.
    let threads = || std::env::var("RUST_TEST_THREADS").ok()?.parse().ok();
    arguments.test_threads = arguments.test_threads.or_else(threads);
    let nocapture = arguments.nocapture;
    let turn = Arc::new(RwLock::new(()));
    let mut trials = Vec::new();
    for suite in suites {
        let missing = suite.needs.iter().find_map(|capability| require(*capability).err());
        for test in suite.tests {
            let name = format!("{}::{}", suite.name, test.name);
            let turn = Arc::clone(&turn);
            let (limit, alone, called) = (suite.limit_seconds, suite.alone, name.clone());
            let start = move || {
                let run = || outcome(process::run_apart(&called, limit, nocapture));
                if alone {
                    let _turn = turn.write().unwrap_or_else(PoisonError::into_inner);
                    return run();
                }
                let _turn = turn.read().unwrap_or_else(PoisonError::into_inner);
                run()
            };
            trials.push(match &missing {
                Some(missing) if missing.capability.is_required() => {
                    let why = required_but(missing);
                    Trial::test(name, move || Err(why.into()))
                }
                Some(missing) => Trial::ignorable_test(name, start)
                    .with_ignored_flag(true)
                    .with_kind(format!("no {}: {}", missing.capability, missing.why)),
                None => Trial::ignorable_test(name, start).with_ignored_flag(test.slow.is_some()),
            });
        }
    }
    libtest_mimic::run(&arguments, trials).exit_code()
}

/// The test of this name, which the parent process has listed.
fn find(suites: Vec<Suite>, name: &str) -> Test {
    let tests = suites.into_iter().flat_map(|suite| {
        let suite_name = suite.name;
        suite
            .tests
            .into_iter()
            .map(move |test| (format!("{suite_name}::{}", test.name), test))
    });
    let found = tests.into_iter().find(|(full, _)| full == name);
    found.unwrap_or_else(|| panic!("no test is named {name}")).1
}

fn outcome(ran: Ran) -> Result<Completion, Failed> {
    match ran {
        Ran::Passed => Ok(Completion::Completed),
        Ran::Failed(output) => Err(output.into()),
        Ran::Ignored(missing) if missing.capability.is_required() => Err(required_but(&missing).into()),
        Ran::Ignored(missing) => Ok(Completion::ignored_with(format!(
            "no {}: {}",
            missing.capability, missing.why
        ))),
    }
}

fn required_but(missing: &Missing) -> String {
    let Missing { capability, why } = missing;
    format!("{} requires {capability}, but: {why}", capability::VARIABLE)
}
