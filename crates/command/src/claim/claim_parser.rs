//! What the values of one claim may be, alone and together; each that may not be is refused with its line.

use std::ops::{Range, RangeInclusive};

use toml::Spanned;

use super::expected::Expected;
use super::front_matter::{BudgetFront, ClaimFront, Evidence, KindFront, Text, WorkFront};
use super::spec::{Budget, Claim};
use super::spec_error::SpecError;
use onewinner_check::preset::STALE_AGE_S;
use onewinner_core::backend::loom;
use onewinner_core::scenario::{
    FaultSweep, LEAST_PROCESSES, MOST_PROCESSES, Scenario, ScenarioKind, Start, Subject, Work,
};

/// How many processes contend where nothing is said: with two, some faults do not show.
const PROCESSES: usize = 3;
/// An error in each call of one attempt, and one more attempt when it is over.
const PROCESSES_OF_A_FAULT: usize = 2;
const ROUNDS: RangeInclusive<u32> = 1..=1_000;
const KILLS: RangeInclusive<u8> = 0..=2;
const EXECUTIONS: RangeInclusive<u64> = 1..=1_000_000_000;
const MEETINGS: RangeInclusive<u64> = 1..=100_000_000;

/// Reads one claim.
pub(super) struct Reader<'a> {
    pub(super) text: &'a Text<'a>,
    pub(super) subject: &'a Subject,
    pub(super) written: &'a ClaimFront,
}

impl Reader<'_> {
    pub(super) fn claim(&self) -> Result<Claim, SpecError> {
        let written = self.written;
        let expected = Expected::of(written.expect.get_ref());
        let expected = expected.map_err(|told| self.text.fault(&written.expect.span(), told))?;
        let fault_sweep = self.fault_sweep()?;
        let scenario = self.scenario(fault_sweep)?;
        let evidence = self.evidence(&scenario, fault_sweep)?;
        let budget = self.budget(&written.budget, &evidence)?;
        Ok(Claim {
            line: self.text.line(&written.expect.span()),
            expected,
            scenario,
            fault_sweep,
            evidence,
            budget,
        })
    }

    fn is_cycle(&self) -> bool {
        let kind = self.written.scenario.as_ref();
        kind.is_some_and(|kind| *kind.get_ref() == KindFront::Cycle)
    }

    fn is_program(&self) -> bool {
        matches!(self.subject, Subject::Program(_))
    }

    fn fault_sweep(&self) -> Result<FaultSweep, SpecError> {
        let kills = self.within(&self.written.kills, KILLS)?.unwrap_or(0);
        let errors = is_set(&self.written.errors);
        let fault_sweep = match (kills, errors) {
            (0, None) => return Ok(FaultSweep::Nothing),
            (0, Some(_)) => FaultSweep::Error,
            (1, None) => FaultSweep::Kill,
            (_, None) => FaultSweep::TwoKills,
            (_, Some(place)) => return Err(self.text.fault(&place, "a claim has kills or errors, not both")),
        };
        if kills > 0 && !self.is_cycle() {
            let place = self.written.kills.as_ref().map_or(0..0, Spanned::span);
            let told = "contenders never release; give kills with `scenario = \"cycle\"`";
            return Err(self.text.fault(&place, told));
        }
        Ok(fault_sweep)
    }

    fn scenario(&self, fault_sweep: FaultSweep) -> Result<Scenario, SpecError> {
        let written = self.written;
        let alone = fault_sweep == FaultSweep::Error && !self.is_cycle();
        let usual = if alone { PROCESSES_OF_A_FAULT } else { PROCESSES };
        let processes = self.within(&written.processes, LEAST_PROCESSES..=MOST_PROCESSES)?;
        let processes = processes.unwrap_or(usual);
        if let (true, Some(place)) = (alone && processes != usual, &written.processes) {
            let told = "an error in each call of one attempt is followed by one more: that takes 2 processes";
            return Err(self.text.fault(&place.span(), told));
        }
        let rounds = self.within(&written.rounds, ROUNDS)?;
        let mut scenario = match (self.is_cycle(), rounds) {
            (true, rounds) => Scenario::cycle(processes, rounds.unwrap_or(1)),
            (false, None) => Scenario::contend(processes),
            (false, Some(_)) => {
                let place = written.rounds.as_ref().map_or(0..0, Spanned::span);
                let told = "contenders make one attempt each; give rounds with `scenario = \"cycle\"`";
                return Err(self.text.fault(&place, told));
            }
        };
        if let Some(place) = is_set(&written.stale) {
            if fault_sweep == FaultSweep::Error {
                return Err(self
                    .text
                    .fault(&place, "an error in each call needs a free start; leave `stale` out"));
            }
            scenario.start = Start::Stale { age_s: STALE_AGE_S };
        }
        if let Some(place) = is_set(&written.expiry) {
            if self.is_program() {
                let told = "nobody knows which file of a program is its lease; leave this out";
                return Err(self.text.fault(&place, told));
            }
            if !self.is_cycle() || fault_sweep == FaultSweep::Error {
                let told = "a lease runs out in a cycle without errors; give `scenario = \"cycle\"`";
                return Err(self.text.fault(&place, told));
            }
            scenario.expiry = true;
        }
        if let Some(place) = is_set(&written.reuse_inodes) {
            if self.is_program() {
                return Err(self
                    .text
                    .fault(&place, "the kernel numbers the files of a program; leave this out"));
            }
            scenario.reuse_inodes = true;
        }
        scenario.work = self.work(fault_sweep)?;
        Ok(scenario)
    }

    fn work(&self, fault_sweep: FaultSweep) -> Result<Work, SpecError> {
        let Some(written) = &self.written.work else {
            return Ok(Work::Nothing);
        };
        let fault = |told: &str| Err(self.text.fault(&written.span(), told));
        match written.get_ref() {
            WorkFront::Nothing => Ok(Work::Nothing),
            _ if self.is_program() => fault("a program does its own work while it holds its lock; leave `work` out"),
            WorkFront::HubSync if !self.is_cycle() => {
                fault("a sync ends with a release; give it with `scenario = \"cycle\"`")
            }
            WorkFront::HubSync if fault_sweep != FaultSweep::Nothing => {
                fault("nothing is claimed of a sync that fails or is killed; leave kills and errors out")
            }
            WorkFront::HubSync => Ok(Work::HubSync),
            WorkFront::Reopen => Ok(Work::Reopen),
            WorkFront::Reenter => Ok(Work::Reenter),
            WorkFront::Fork => Ok(Work::Fork),
        }
    }

    fn evidence(&self, scenario: &Scenario, fault_sweep: FaultSweep) -> Result<Vec<Evidence>, SpecError> {
        let Some(written) = &self.written.evidence else {
            return Ok(vec![if self.is_program() {
                Evidence::Traced
            } else {
                Evidence::Sim
            }]);
        };
        let mut evidence = Vec::new();
        for each in written.get_ref() {
            let fault = |told: String| Err(self.text.fault(&each.span(), told));
            if evidence.contains(each.get_ref()) {
                return fault("this evidence stands here twice".to_owned());
            }
            let told = match each.get_ref() {
                Evidence::Traced => not_traced(scenario),
                _ if self.is_program() => Some("a program runs with real processes: `traced` alone".to_owned()),
                Evidence::Sim => None,
                Evidence::Loom => not_under_loom(scenario, fault_sweep),
                Evidence::Race => not_raced(scenario, fault_sweep),
            };
            if let Some(told) = told {
                return fault(told);
            }
            evidence.push(*each.get_ref());
        }
        if evidence.is_empty() {
            return Err(self.text.fault(&written.span(), "no evidence is wanted; name a world"));
        }
        Ok(evidence)
    }

    fn budget(&self, written: &BudgetFront, evidence: &[Evidence]) -> Result<Budget, SpecError> {
        let budget = Budget {
            executions: self.within(&written.executions, EXECUTIONS)?,
            rounds: self.within(&written.rounds, MEETINGS)?,
        };
        if let (Some(rounds), false) = (&written.rounds, evidence.contains(&Evidence::Race)) {
            let told = "only a race has rounds in its budget; add `race` to the evidence";
            return Err(self.text.fault(&rounds.span(), told));
        }
        if let (Some(executions), true) = (&written.executions, evidence == [Evidence::Race]) {
            let told = "a race has no executions; give it `rounds`";
            return Err(self.text.fault(&executions.span(), told));
        }
        Ok(budget)
    }

    fn within<T>(&self, value: &Option<Spanned<T>>, range: RangeInclusive<T>) -> Result<Option<T>, SpecError>
    where
        T: Copy + PartialOrd + std::fmt::Display,
    {
        let Some(value) = value else { return Ok(None) };
        match range.contains(value.get_ref()) {
            true => Ok(Some(*value.get_ref())),
            false => {
                let (least, most) = (range.start(), range.end());
                Err(self
                    .text
                    .fault(&value.span(), format!("give a number from {least} to {most}")))
            }
        }
    }
}

/// Where a switch is that stands at `true`.
fn is_set(value: &Option<Spanned<bool>>) -> Option<Range<usize>> {
    value.as_ref().filter(|value| *value.get_ref()).map(Spanned::span)
}

/// Why real processes cannot be traced through a scenario.
fn not_traced(scenario: &Scenario) -> Option<String> {
    let asked = scenario.work == Work::Fork || scenario.reuse_inodes;
    asked.then(|| "real processes neither fork in a hold nor choose the numbers of files; use `sim`".to_owned())
}

/// Why loom cannot run a scenario.
fn not_under_loom(scenario: &Scenario, fault_sweep: FaultSweep) -> Option<String> {
    if scenario.processes > loom::MOST_PROCESSES {
        return Some(format!("loom takes {} contenders at most", loom::MOST_PROCESSES));
    }
    let asked = is_disturbed(scenario, fault_sweep) || scenario.work == Work::Fork;
    asked.then(|| "loom has no kills, errors, stale start, expiry, reused numbers or forks; use `sim`".to_owned())
}

/// Why a scenario cannot be raced.
fn not_raced(scenario: &Scenario, fault_sweep: FaultSweep) -> Option<String> {
    // Where all that cycles do is release at once, even a broken lock is hardly ever caught.
    let raced =
        scenario.kind == ScenarioKind::Contend && scenario.work == Work::Nothing || scenario.work == Work::HubSync;
    let asked = is_disturbed(scenario, fault_sweep) || !raced;
    asked.then(|| {
        "a race is of contenders, or of `work = \"hub-sync\"`, and nothing more; use `sim` or `traced`".to_owned()
    })
}

fn is_disturbed(scenario: &Scenario, fault_sweep: FaultSweep) -> bool {
    fault_sweep != FaultSweep::Nothing || scenario.start != Start::Free || scenario.expiry || scenario.reuse_inodes
}
