//! The options of an exploration: what to run, and how far.
//!
//! Without options, several configurations run, as in `onewinner explore`. This file knows no backend.

use std::path::PathBuf;
use std::time::Duration;

use onewinner_check::preset::{Configuration, Depth, alone, stale};
use onewinner_check::program_preset::Requested;
use onewinner_core::explore::Limits;
use onewinner_core::scenario::{FaultSweep, LEAST_PROCESSES, MOST_PROCESSES, Scenario};

/// The default number of processes.
const PROCESSES: usize = 3;

/// A lock with the options of its check. Nothing runs before `run`.
///
/// By default several configurations run, small ones first. For a function, [`processes`](Self::processes),
/// [`rounds`](Self::rounds), [`kills`](Self::kills), [`stale`](Self::stale) and [`errors`](Self::errors) change them, and the
/// small ones stay. For a lock over `Fs` only the requested ones run.
///
/// ```
/// use onewinner::primitive::CreateNew;
///
/// let lock = onewinner::explore_primitive(&CreateNew).sim();
/// lock.processes(2).rounds(2).run().expect_holds();
/// ```
#[must_use = "nothing is explored before `run`"]
pub struct Exploration<S> {
    pub(super) subject: S,
    pub(super) options: Options,
}

/// The requested options.
#[derive(Clone, Debug)]
pub(super) struct Options {
    depth: Depth,
    pub(super) processes: Option<usize>,
    pub(super) rounds: Option<u32>,
    kills: Option<FaultSweep>,
    stale_s: Option<u64>,
    /// Whether leases expire; only for a lock over `Fs`, because a function reads the time itself.
    pub(super) expiry: bool,
    errors: bool,
    pub(super) time: Option<Duration>,
    pub(super) preemptions: Option<u32>,
    executions: u64,
    pub(super) directories: Vec<PathBuf>,
    pub(super) save: Option<PathBuf>,
    pub(super) seed: u64,
}

impl<S> Exploration<S> {
    pub(super) fn of(subject: S) -> Self {
        Self {
            subject,
            options: Options {
                depth: Depth::Usual,
                processes: None,
                rounds: None,
                kills: None,
                stale_s: None,
                expiry: false,
                errors: false,
                time: None,
                preemptions: None,
                executions: Limits::default().executions,
                directories: Vec::new(),
                save: None,
                seed: 0,
            },
        }
    }

    /// Sets the number of processes; by default 3.
    ///
    /// A lock over `Fs` runs in two configurations. In the first, each process tries once, and winners hold the lock until all
    /// processes have answered. In the second, each process acquires and releases the lock, [`rounds`](Self::rounds) times. A
    /// function also runs in smaller ones.
    ///
    /// # Panics
    ///
    /// If `processes` is less than 2 or more than 64.
    pub fn processes(mut self, processes: usize) -> Self {
        let sane = (LEAST_PROCESSES..=MOST_PROCESSES).contains(&processes);
        assert!(
            sane,
            "give `processes` a number from {LEAST_PROCESSES} to {MOST_PROCESSES}, not {processes}"
        );
        self.options.processes = Some(processes);
        self
    }

    /// Sets how often each process tries to acquire the lock and releases it; by default once.
    ///
    /// # Panics
    ///
    /// If `rounds` is 0.
    pub fn rounds(mut self, rounds: u32) -> Self {
        assert!(rounds > 0, "give `rounds` a number above 0");
        self.options.rounds = Some(rounds);
        self
    }

    /// Kills up to `kills` processes: each process, at each of its steps, one schedule after another.
    ///
    /// # Panics
    ///
    /// If `kills` is neither 1 nor 2.
    pub fn kills(mut self, kills: u8) -> Self {
        self.options.kills = Some(match kills {
            1 => FaultSweep::Kill,
            2 => FaultSweep::TwoKills,
            _ => panic!("give `kills` the number 1 or 2, not {kills}"),
        });
        self
    }

    /// Starts from a stale lock: its holder died `age` ago.
    pub fn stale(mut self, age: Duration) -> Self {
        self.options.stale_s = Some(age.as_secs());
        self
    }

    /// Makes a call of the first process fail: each call in turn, with each of five errors, without contention and with it.
    pub fn errors(mut self) -> Self {
        self.options.errors = true;
        self
    }

    /// Runs only the first, small configurations. They find most bugs within seconds.
    pub fn quick(mut self) -> Self {
        self.options.depth = Depth::Quick;
        self
    }

    /// Runs larger configurations too, which takes minutes; for example before a release.
    pub fn deep(mut self) -> Self {
        self.options.depth = Depth::Deep;
        self
    }

    /// Sets the time limit: for a function in total, for a lock over `Fs` per configuration; by default one minute.
    ///
    /// If the limit cuts a search, the result is inconclusive.
    pub fn time(mut self, time: Duration) -> Self {
        self.options.time = Some(time);
        self
    }

    /// Limits the number of preemptions in a schedule. A preemption is a switch away from a process that could continue.
    ///
    /// By default the limit for a function is 1 to 3, depending on the configuration. For a lock over `Fs` there is none.
    pub fn preemptions(mut self, preemptions: u32) -> Self {
        self.options.preemptions = Some(preemptions);
        self
    }

    /// Limits the number of executions of each configuration. If the limit cuts a search, the result is inconclusive.
    pub fn executions(mut self, executions: u64) -> Self {
        self.options.executions = executions;
        self
    }

    /// Sets the directory in which real processes run; by default the temporary directory. onewinner creates fresh
    /// directories below it.
    ///
    /// Call it again for another mount of the same directory: the processes are divided among the mounts.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.options.directories.push(directory.into());
        self
    }

    /// Sets the file for a counterexample; by default a file in `target/tmp`.
    pub fn save(mut self, file: impl Into<PathBuf>) -> Self {
        self.options.save = Some(file.into());
        self
    }

    /// Sets the seed of every random choice; by default 0, so that a test always does the same.
    pub fn seed(mut self, seed: u64) -> Self {
        self.options.seed = seed;
        self
    }
}

impl Options {
    /// The requested scenario with rounds.
    fn cycle(&self) -> Scenario {
        Scenario::cycle(self.processes.unwrap_or(PROCESSES), self.rounds.unwrap_or(1))
    }

    /// The requested configurations, or those of `usual`.
    pub(super) fn configurations(&self, usual: impl Fn(Depth) -> Vec<Configuration>) -> Vec<Configuration> {
        let mut requested = Vec::new();
        let plain = |scenario| Configuration::of(scenario, FaultSweep::Nothing);
        if let Some(age_s) = self.stale_s {
            let Scenario { start, .. } = stale(age_s);
            requested.push(plain(Scenario { start, ..self.cycle() }));
        }
        if self.expiry {
            let expiry = true;
            requested.push(plain(Scenario { expiry, ..self.cycle() }));
        }
        requested.extend(
            self.kills
                .map(|fault_sweep| Configuration::of(self.cycle(), fault_sweep)),
        );
        if self.errors {
            requested.extend([alone(), Configuration::of(self.cycle(), FaultSweep::Error)]);
        }
        if requested.is_empty() && self.processes.is_none() && self.rounds.is_none() {
            return usual(self.depth);
        }
        if requested.is_empty() {
            let cycle = self.cycle();
            let contend = Scenario::contend(cycle.processes);
            requested.extend([contend, cycle].map(plain));
        }
        requested
    }

    /// The scenario of a backend that runs one configuration: with rounds if requested.
    pub(super) fn single_scenario(&self, processes: usize) -> Scenario {
        match self.rounds {
            Some(rounds) => Scenario::cycle(processes, rounds),
            None => Scenario::contend(processes),
        }
    }

    /// What the options change in the preset of a function.
    pub(super) fn of_a_function(&self) -> Vec<Configuration> {
        let requested = |fault_sweep| Requested {
            processes: self.processes,
            rounds: self.rounds,
            stale_s: None,
            fault_sweep,
            preemptions: self.preemptions,
        };
        let sweeps = self.kills.into_iter().chain(self.errors.then_some(FaultSweep::Error));
        let stale = self.stale_s.map(|age_s| Requested {
            stale_s: Some(age_s),
            ..requested(FaultSweep::Nothing)
        });
        let mut all: Vec<Requested> = stale.into_iter().chain(sweeps.map(requested)).collect();
        if all.is_empty() {
            all.push(requested(FaultSweep::Nothing));
        }
        let mut configurations: Vec<Configuration> = Vec::new();
        for configuration in all.iter().flat_map(|requested| self.depth.of_a_program(requested)) {
            if !configurations.contains(&configuration) {
                configurations.push(configuration);
            }
        }
        configurations
    }

    /// The limits of each search.
    pub(super) fn limits(&self) -> Limits {
        Limits {
            executions: self.executions,
            time: self.time.unwrap_or(self.depth.time()),
            ..Limits::default()
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use onewinner_core::primitive::CrashClass;

    fn named(configurations: Vec<Configuration>) -> Vec<String> {
        let name = |each: Configuration| format!("{}{}", each.scenario, each.fault_sweep);
        configurations.into_iter().map(name).collect()
    }

    #[track_caller]
    fn check(exploration: Exploration<()>, expected: &[&str]) {
        let usual = |depth: Depth| depth.of_a_primitive(CrashClass::Auto);
        assert_eq!(named(exploration.options.configurations(usual)), expected);
    }

    #[test]
    fn requested_configurations_of_a_primitive_run_and_otherwise_the_preset() {
        let explore = || Exploration::of(());
        check(explore().quick(), &["contend 3", "cycle 2×1"]);
        check(explore().processes(3).rounds(2), &["contend 3", "cycle 3×2"]);
        check(explore().processes(2), &["contend 2", "cycle 2×1"]);
        check(explore().rounds(2), &["contend 3", "cycle 3×2"]);
        check(explore().kills(1).processes(2), &["cycle 2×1, one killed"]);
        check(
            explore().stale(Duration::from_secs(60)).errors(),
            &[
                "cycle 3×1, stale for 60 s",
                "contend 2, an error in one call",
                "cycle 3×1, an error in one call",
            ],
        );
    }

    #[test]
    fn requests_change_the_ladder_of_a_function() {
        let ladder = |exploration: Exploration<()>| named(exploration.options.of_a_function());
        let explore = || Exploration::of(());
        assert_eq!(ladder(explore().quick()), ["contend 2", "cycle 2×1"]);
        assert_eq!(
            ladder(explore().quick().processes(3).rounds(2)),
            [
                "contend 2",
                "cycle 2×1",
                "cycle 2×2",
                "contend 3",
                "cycle 3×1",
                "cycle 3×2"
            ]
        );
        let disturbed = ladder(explore().processes(2).kills(1).stale(Duration::from_secs(60)));
        for wanted in ["contend 2, stale for 60 s", "cycle 2×1", "cycle 2×1, one killed"] {
            assert!(disturbed.iter().any(|each| each == wanted), "{wanted}: {disturbed:?}");
        }
        let once = explore().processes(2).errors().kills(1);
        let configurations = once.options.of_a_function();
        let of_contention = configurations
            .iter()
            .filter(|each| each.scenario == Scenario::contend(2));
        let plain = of_contention.filter(|each| each.fault_sweep.is_nothing() && each.preemptions == 1);
        assert_eq!(plain.count(), 1, "{configurations:?}");
    }
}
