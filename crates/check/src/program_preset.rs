//! The preset of a program: a ladder of configurations, small ones first, and what options change in it.
//!
//! The schedules of a program cannot be reduced by a model, so its configurations run in order of size: most faults show in the
//! first within a second, all known ones in the last. Each configuration is searched completely if that takes few executions.
//! Otherwise it runs with one preemption before any runs with more: most faults need one, and a second costs ten times the
//! executions.

use super::preset::{COMPLETE, COMPLETE_FIRST, Configuration, Depth, PREEMPTIONS, Role, STALE_AGE_S};
use onewinner_core::scenario::{FaultSweep, Scenario, ScenarioKind, Start};

/// The default number of processes of the larger configurations.
const PROCESSES: usize = 3;
/// The default number of rounds of two processes.
const ROUNDS: u32 = 2;
/// The number of the smallest configurations; a stale start comes after them.
const PAIRS: usize = 2;
/// The preemptions of a long check.
const DEEP_PREEMPTIONS: u32 = 3;
/// The executions that a complete search may take in a long check.
const COMPLETE_DEEP: u64 = 20_000;

/// What the user asks for. It changes the configurations of a preset and leaves out none of the small ones.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Requested {
    /// The number of processes of the larger configurations.
    pub processes: Option<usize>,
    /// The rounds of cycles with more than one.
    pub rounds: Option<u32>,
    /// Each configuration starts from a stale lock of this age, in seconds.
    pub stale_s: Option<u64>,
    /// The faults to inject, after the configurations without faults.
    pub fault_sweep: FaultSweep,
    /// The most preemptions.
    pub preemptions: Option<u32>,
}

impl Depth {
    /// The configurations of a program, the smallest first.
    pub fn of_a_program(self, requested: &Requested) -> Vec<Configuration> {
        let ladder = Ladder { depth: self, requested };
        let mut rungs = ladder.rungs();
        if requested.preemptions.is_none() {
            for rung in &mut rungs {
                rung.complete_within = Some(self.complete_within(rung.preemptions));
            }
        }
        if let Some(age_s) = requested.stale_s {
            for rung in &mut rungs {
                rung.scenario.start = Start::Stale { age_s };
            }
        }
        rungs
    }

    /// How many executions a complete search may take instead of one with this many preemptions.
    fn complete_within(self, preemptions: u32) -> u64 {
        match (self, preemptions) {
            (_, 0 | 1) => COMPLETE_FIRST,
            (Self::Quick | Self::Usual, _) => COMPLETE,
            (Self::Deep, _) => COMPLETE_DEEP,
        }
    }
}

/// A preset with what the user asks for.
struct Ladder<'a> {
    depth: Depth,
    requested: &'a Requested,
}

/// A scenario with its faults, before its number of preemptions is chosen.
type Runs = (Scenario, FaultSweep);

impl Ladder<'_> {
    fn rungs(&self) -> Vec<Configuration> {
        let scenarios: Vec<Scenario> = self.small().into_iter().chain(self.large()).collect();
        let plain = scenarios
            .iter()
            .cloned()
            .map(|scenario| (scenario, FaultSweep::Nothing));
        let all: Vec<Runs> = plain.chain(self.disturbed(&scenarios)).collect();
        let most = self.requested.preemptions.unwrap_or(match self.depth {
            Depth::Quick => 1,
            Depth::Usual => PREEMPTIONS,
            Depth::Deep => DEEP_PREEMPTIONS,
        });
        if self.depth == Depth::Quick {
            return all.into_iter().map(|runs| rung(runs, most)).collect();
        }
        let first = most.min(1);
        let mut rungs: Vec<Configuration> = all.iter().cloned().map(|runs| rung(runs, first)).collect();
        let undisturbed = self.requested.fault_sweep.is_nothing() && self.requested.stale_s.is_none();
        if undisturbed {
            rungs.insert(PAIRS, after_crash((stale_pair(), FaultSweep::Nothing), first));
        }
        let deep = self.depth == Depth::Deep;
        let rounds = Scenario::cycle(2, ROUNDS);
        // Two rounds of two processes at two preemptions take as long as three processes, and no known fault needs them.
        let is_deepened = |(scenario, _): &Runs| deep || self.requested.rounds.is_some() || *scenario != rounds;
        let deeper = all.into_iter().filter(|runs| most > first && is_deepened(runs));
        rungs.extend(deeper.map(|runs| rung(runs, most)));
        if undisturbed {
            // It decides nothing, so it takes the time that is left.
            rungs.push(after_crash((Scenario::cycle(2, 1), FaultSweep::Kill), first));
        }
        if deep && undisturbed {
            // Last, because it takes longest: each pair of kills is a search of its own.
            rungs.push(rung(
                (Scenario::cycle(self.processes(), 1), FaultSweep::TwoKills),
                first,
            ));
        }
        rungs
    }

    fn processes(&self) -> usize {
        self.requested.processes.unwrap_or(PROCESSES)
    }

    /// The scenarios of two processes.
    fn small(&self) -> Vec<Scenario> {
        let rounds = match (self.requested.rounds, self.depth) {
            (None, Depth::Quick) => 1,
            (rounds, _) => rounds.unwrap_or(ROUNDS),
        };
        let rounds = (rounds > 1).then(|| Scenario::cycle(2, rounds));
        let pairs: [Scenario; PAIRS] = [Scenario::contend(2), Scenario::cycle(2, 1)];
        pairs.into_iter().chain(rounds).collect()
    }

    /// The scenarios of more processes; in a first look only those that are asked for.
    fn large(&self) -> Vec<Scenario> {
        let (most, rounds) = (self.processes(), self.requested.rounds.filter(|rounds| *rounds > 1));
        let (asked, quick) = (self.requested.processes.is_some(), self.depth == Depth::Quick);
        if most <= 2 || quick && !asked {
            return Vec::new();
        }
        let smaller = (most > PROCESSES && !quick).then_some(PROCESSES);
        let sizes = smaller.into_iter().chain([most]);
        let mut large: Vec<Scenario> = sizes
            .flat_map(|processes| [Scenario::contend(processes), Scenario::cycle(processes, 1)])
            .chain(rounds.map(|rounds| Scenario::cycle(most, rounds)))
            .collect();
        if self.depth == Depth::Deep && !asked {
            large.push(Scenario::contend(most + 1));
            large.extend(rounds.is_none().then(|| Scenario::cycle(most, ROUNDS)));
        }
        large
    }

    /// The scenarios with the faults that are asked for. A kill needs a release, after which another process attempts.
    fn disturbed(&self, scenarios: &[Scenario]) -> Vec<Runs> {
        let sweep = self.requested.fault_sweep;
        let alone = (sweep == FaultSweep::Error).then(|| Scenario::contend(2));
        let cycles = scenarios
            .iter()
            .filter(|each| each.kind == ScenarioKind::Cycle { rounds: 1 });
        let runs = alone
            .into_iter()
            .chain(cycles.cloned())
            .map(|scenario| (scenario, sweep));
        runs.filter(|(_, sweep)| !sweep.is_nothing()).collect()
    }
}

fn rung((scenario, fault_sweep): Runs, preemptions: u32) -> Configuration {
    Configuration {
        preemptions,
        ..Configuration::of(scenario, fault_sweep)
    }
}

/// A configuration that reports what happens after a crash.
fn after_crash(runs: Runs, preemptions: u32) -> Configuration {
    Configuration {
        role: Role::ReportsCrash,
        ..rung(runs, preemptions)
    }
}

/// Two processes, one attempt each, at the lock of a dead holder.
fn stale_pair() -> Scenario {
    Scenario {
        start: Start::Stale { age_s: STALE_AGE_S },
        ..Scenario::contend(2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The configurations in words, with their preemptions; `?` marks those that only report, `+` those that are complete if
    /// that takes few executions.
    #[track_caller]
    fn check(depth: Depth, requested: Requested, expected: &[&str]) {
        let words = |each: Configuration| {
            let mark = match (each.role, each.complete_within) {
                (Role::ReportsCrash, _) => "?",
                (Role::Decides, Some(_)) => "+",
                (Role::Decides, None) => "",
            };
            format!("{}{} /{}{mark}", each.scenario, each.fault_sweep, each.preemptions)
        };
        let ladder = depth.of_a_program(&requested);
        assert_eq!(ladder.into_iter().map(words).collect::<Vec<_>>(), expected);
    }

    #[test]
    fn small_configurations_come_first_and_each_runs_with_one_preemption_before_any_goes_deeper() {
        check(Depth::Quick, Requested::default(), &["contend 2 /1+", "cycle 2×1 /1+"]);
        check(
            Depth::Usual,
            Requested::default(),
            &[
                "contend 2 /1+",
                "cycle 2×1 /1+",
                "contend 2, stale for 3600 s /1?",
                "cycle 2×2 /1+",
                "contend 3 /1+",
                "cycle 3×1 /1+",
                "contend 2 /2+",
                "cycle 2×1 /2+",
                "contend 3 /2+",
                "cycle 3×1 /2+",
                "cycle 2×1, one killed /1?",
            ],
        );
        let deep = Depth::Deep.of_a_program(&Requested::default());
        let usual = Depth::Usual.of_a_program(&Requested::default());
        let is_in = |rung: &Configuration| {
            let same = |other: &Configuration| {
                (&other.scenario, other.fault_sweep) == (&rung.scenario, rung.fault_sweep)
                    && other.preemptions >= rung.preemptions
            };
            deep.iter().any(same)
        };
        assert!(deep.len() > usual.len() && usual.iter().all(is_in), "{deep:?}");
    }

    #[test]
    fn options_change_the_configurations_and_drop_neither_the_cycle_nor_the_small_ones() {
        let processes = |processes| Requested {
            processes: Some(processes),
            ..Requested::default()
        };
        let small = [
            "contend 2 /1+",
            "cycle 2×1 /1+",
            "contend 2, stale for 3600 s /1?",
            "cycle 2×2 /1+",
        ];
        let killed = "cycle 2×1, one killed /1?";
        let deeper = ["contend 2 /2+", "cycle 2×1 /2+"];
        check(Depth::Usual, processes(2), &[&small[..], &deeper, &[killed]].concat());
        let large = ["contend 3 /1+", "cycle 3×1 /1+", "contend 4 /1+", "cycle 4×1 /1+"];
        let large_deeper = ["contend 3 /2+", "cycle 3×1 /2+", "contend 4 /2+", "cycle 4×1 /2+"];
        check(
            Depth::Usual,
            processes(4),
            &[&small[..], &large, &deeper, &large_deeper, &[killed]].concat(),
        );
        let rounds = Requested {
            rounds: Some(3),
            ..processes(2)
        };
        let preemptions = |most| Requested {
            preemptions: Some(most),
            ..processes(2)
        };
        check(
            Depth::Usual,
            preemptions(0),
            &[
                "contend 2 /0",
                "cycle 2×1 /0",
                "contend 2, stale for 3600 s /0?",
                "cycle 2×2 /0",
                "cycle 2×1, one killed /0?",
            ],
        );
        let deeper = ["contend 2 /4", "cycle 2×1 /4"];
        // Who bounds preemptions gets that bound.
        let small = small.map(|each| each.trim_end_matches('+'));
        check(Depth::Usual, preemptions(4), &[&small[..], &deeper, &[killed]].concat());
        check(
            Depth::Usual,
            rounds,
            &[
                "contend 2 /1+",
                "cycle 2×1 /1+",
                "contend 2, stale for 3600 s /1?",
                "cycle 2×3 /1+",
                "contend 2 /2+",
                "cycle 2×1 /2+",
                "cycle 2×3 /2+",
                killed,
            ],
        );
    }

    #[test]
    fn a_stale_lock_and_faults_that_are_asked_for_decide() {
        let stale = Requested {
            processes: Some(2),
            stale_s: Some(60),
            ..Requested::default()
        };
        check(
            Depth::Usual,
            stale,
            &[
                "contend 2, stale for 60 s /1+",
                "cycle 2×1, stale for 60 s /1+",
                "cycle 2×2, stale for 60 s /1+",
                "contend 2, stale for 60 s /2+",
                "cycle 2×1, stale for 60 s /2+",
            ],
        );
        let errors = Requested {
            processes: Some(2),
            rounds: Some(1),
            fault_sweep: FaultSweep::Error,
            ..Requested::default()
        };
        check(
            Depth::Usual,
            errors,
            &[
                "contend 2 /1+",
                "cycle 2×1 /1+",
                "contend 2, an error in one call /1+",
                "cycle 2×1, an error in one call /1+",
                "contend 2 /2+",
                "cycle 2×1 /2+",
                "contend 2, an error in one call /2+",
                "cycle 2×1, an error in one call /2+",
            ],
        );
        let killed = Requested {
            fault_sweep: FaultSweep::Kill,
            ..errors
        };
        let killed = Depth::Usual.of_a_program(&killed);
        let sweeps = killed.iter().filter(|each| each.fault_sweep == FaultSweep::Kill);
        assert!(killed.iter().all(|each| each.role == Role::Decides), "{killed:?}");
        assert_eq!(sweeps.count(), 2, "{killed:?}");
    }
}
