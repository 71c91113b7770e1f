//! What is run of a lock, and how far: the options of an exploration.
//!
//! Without any of them a ladder or a preset is run, as `onewinner explore` does. Knows no world.

use std::path::PathBuf;
use std::time::Duration;

use onewinner_check::preset::{Configuration, Depth, alone, stale};
use onewinner_core::explore::Limits;
use onewinner_core::scenario::{FaultSweep, LEAST_PROCESSES, MOST_PROCESSES, Scenario};

/// How many processes take part where it is not said.
const PROCESSES: usize = 3;

/// A lock, and how it is going to be explored; nothing happens before `run`.
///
/// Without [`processes`](Self::processes), [`rounds`](Self::rounds), [`kills`](Self::kills), [`stale`](Self::stale) or
/// [`errors`](Self::errors) several configurations are run, from small to large; with one of them, those alone that were asked
/// for.
#[must_use = "nothing is explored before `run`"]
pub struct Exploration<S> {
    pub(super) subject: S,
    pub(super) options: Options,
}

/// What was asked for.
#[derive(Clone, Debug)]
pub(super) struct Options {
    depth: Depth,
    pub(super) processes: Option<usize>,
    pub(super) rounds: Option<u32>,
    kills: Option<FaultSweep>,
    stale_s: Option<u64>,
    /// Whether leases run out; a function reads the time itself.
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

    /// So many processes: each attempts once, and winners hold until all have answered; and in another configuration each
    /// attempts and releases in every round.
    ///
    /// # Panics
    ///
    /// When there are fewer than 2, or more than 64.
    pub fn processes(mut self, processes: usize) -> Self {
        let sane = (LEAST_PROCESSES..=MOST_PROCESSES).contains(&processes);
        assert!(
            sane,
            "a lock is explored with {LEAST_PROCESSES} to {MOST_PROCESSES} processes, not {processes}"
        );
        self.options.processes = Some(processes);
        self
    }

    /// So many rounds of attempt and release in each process; 1 if nothing is said, and 3 processes.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub fn rounds(mut self, rounds: u32) -> Self {
        assert!(
            rounds > 0,
            "in no round nobody attempts: give a number of rounds from 1"
        );
        self.options.rounds = Some(rounds);
        self
    }

    /// Cycles in which up to so many processes are killed in place of a step, each process, at each step.
    ///
    /// # Panics
    ///
    /// When it is neither 1 nor 2.
    pub fn kills(mut self, kills: u8) -> Self {
        self.options.kills = Some(match kills {
            1 => FaultSweep::Kill,
            2 => FaultSweep::TwoKills,
            _ => panic!("1 or 2 processes are killed, not {kills}"),
        });
        self
    }

    /// Cycles that find the lock of a holder that died so long ago.
    pub fn stale(mut self, age: Duration) -> Self {
        self.options.stale_s = Some(age.as_secs());
        self
    }

    /// Configurations in which a call of the first process fails, each call in turn, with each of five errors: alone, and in
    /// cycles.
    pub fn errors(mut self) -> Self {
        self.options.errors = true;
        self
    }

    /// What finds most faults, within seconds: the first rungs of the ladder.
    pub fn quick(mut self) -> Self {
        self.options.depth = Depth::Quick;
        self
    }

    /// What is worth minutes before a release.
    pub fn deep(mut self) -> Self {
        self.options.depth = Depth::Deep;
        self
    }

    /// The most time: for all of a function together, and for each configuration of a lock over `Fs`; a minute if nothing is
    /// said. A search that it cuts is inconclusive.
    pub fn time(mut self, time: Duration) -> Self {
        self.options.time = Some(time);
        self
    }

    /// The most preemptions in one schedule. For a function, what each rung of its ladder needs, or 2; for a lock over `Fs`,
    /// none: classes of schedules are searched there.
    pub fn preemptions(mut self, preemptions: u32) -> Self {
        self.options.preemptions = Some(preemptions);
        self
    }

    /// The most executions of each configuration. A search that it cuts is inconclusive.
    pub fn executions(mut self, executions: u64) -> Self {
        self.options.executions = executions;
        self
    }

    /// Where real processes run, instead of the directory for temporary files: fresh directories are made below it. Given
    /// again, another mount of the same store, for every other process.
    pub fn directory(mut self, directory: impl Into<PathBuf>) -> Self {
        self.options.directories.push(directory.into());
        self
    }

    /// Where a counterexample is saved, instead of `tmp` in cargo's target directory.
    pub fn save(mut self, file: impl Into<PathBuf>) -> Self {
        self.options.save = Some(file.into());
        self
    }

    /// The seed of every random choice; 0 if nothing is said, so that a test does the same each time.
    pub fn seed(mut self, seed: u64) -> Self {
        self.options.seed = seed;
        self
    }
}

impl Options {
    /// The scenario of cycles that was asked for.
    fn cycle(&self) -> Scenario {
        Scenario::cycle(self.processes.unwrap_or(PROCESSES), self.rounds.unwrap_or(1))
    }

    /// What is run: what was asked for, or else what `usual` says.
    pub(super) fn configurations(&self, usual: impl Fn(Depth) -> Vec<Configuration>) -> Vec<Configuration> {
        let mut asked = Vec::new();
        let plain = |scenario| Configuration::of(scenario, FaultSweep::Nothing);
        if let Some(age_s) = self.stale_s {
            let Scenario { start, .. } = stale(age_s);
            asked.push(plain(Scenario { start, ..self.cycle() }));
        }
        if self.expiry {
            let expiry = true;
            asked.push(plain(Scenario { expiry, ..self.cycle() }));
        }
        asked.extend(
            self.kills
                .map(|fault_sweep| Configuration::of(self.cycle(), fault_sweep)),
        );
        if self.errors {
            asked.extend([alone(), Configuration::of(self.cycle(), FaultSweep::Error)]);
        }
        if asked.is_empty() && self.processes.is_none() && self.rounds.is_none() {
            return usual(self.depth);
        }
        if asked.is_empty() {
            let cycle = self.cycle();
            let contend = Scenario::contend(cycle.processes);
            asked.extend([contend, cycle].map(plain));
        }
        asked
    }

    /// What so many processes do in a world that runs one configuration: rounds, if they were asked for.
    pub(super) fn single_scenario(&self, processes: usize) -> Scenario {
        match self.rounds {
            Some(rounds) => Scenario::cycle(processes, rounds),
            None => Scenario::contend(processes),
        }
    }

    /// How far each search goes.
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

    #[track_caller]
    fn check(exploration: Exploration<()>, expected: &[&str]) {
        let told = |each: Configuration| format!("{}{}", each.scenario, each.fault_sweep);
        let configurations = exploration.options.configurations(Depth::of_a_program);
        assert_eq!(configurations.into_iter().map(told).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn what_is_asked_for_is_run_and_else_the_ladder() {
        let explore = || Exploration::of(());
        check(explore().quick(), &["contend 2", "cycle 2×1"]);
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
        assert_eq!(explore().options.configurations(Depth::of_a_program).len(), 5);
    }
}
