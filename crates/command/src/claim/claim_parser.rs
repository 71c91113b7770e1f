//! Parses one claim. An error names the line of the value that is not allowed, alone or with the others.

use std::ops::{Range, RangeInclusive};

use toml::Spanned;

use super::expected::Expected;
use super::front_matter::{BudgetTable, ClaimTable, Evidence, ScenarioValue, SpecText, WorkValue};
use super::spec::{Budget, Claim};
use super::spec_error::SpecError;
use onewinner_check::preset::STALE_AGE_S;
use onewinner_core::backend::loom;
use onewinner_core::scenario::{
    FaultSweep, LEAST_PROCESSES, MOST_PROCESSES, Scenario, ScenarioKind, Start, Subject, Work,
};

/// The default number of processes; with two, some faults do not show.
const PROCESSES: usize = 3;
/// The processes of `errors` without a cycle: one meets the error, the other attempts afterwards.
const PROCESSES_WITH_ERRORS: usize = 2;
const ROUNDS: RangeInclusive<u32> = 1..=1_000;
const KILLS: RangeInclusive<u8> = 0..=2;
const EXECUTIONS: RangeInclusive<u64> = 1..=1_000_000_000;
const RACE_ROUNDS: RangeInclusive<u64> = 1..=100_000_000;

/// Parses one claim.
pub(super) struct ClaimParser<'a> {
    pub(super) text: &'a SpecText<'a>,
    pub(super) subject: &'a Subject,
    pub(super) table: &'a ClaimTable,
}

impl ClaimParser<'_> {
    pub(super) fn parse(&self) -> Result<Claim, SpecError> {
        let table = self.table;
        let expected = Expected::parse(table.expect.get_ref());
        let expected = expected.map_err(|message| self.text.error_at(&table.expect.span(), message))?;
        let fault_sweep = self.fault_sweep()?;
        let scenario = self.scenario(fault_sweep)?;
        let evidence = self.evidence(&scenario, fault_sweep)?;
        let budget = self.budget(&table.budget, &evidence)?;
        Ok(Claim {
            line: self.text.line_of(&table.expect.span()),
            expected,
            scenario,
            fault_sweep,
            evidence,
            budget,
        })
    }

    fn is_cycle(&self) -> bool {
        let kind = self.table.scenario.as_ref();
        kind.is_some_and(|kind| *kind.get_ref() == ScenarioValue::Cycle)
    }

    fn is_program(&self) -> bool {
        matches!(self.subject, Subject::Program(_))
    }

    fn fault_sweep(&self) -> Result<FaultSweep, SpecError> {
        let kills = self.within(&self.table.kills, KILLS)?.unwrap_or(0);
        let errors = is_set(&self.table.errors);
        let fault_sweep = match (kills, errors) {
            (0, None) => return Ok(FaultSweep::Nothing),
            (0, Some(_)) => FaultSweep::Error,
            (1, None) => FaultSweep::Kill,
            (_, None) => FaultSweep::TwoKills,
            (_, Some(place)) => {
                return Err(self.text.error_at(
                    &place,
                    "`kills` and `errors` cannot be combined; split them into two claims",
                ));
            }
        };
        if kills > 0 && !self.is_cycle() {
            let place = self.table.kills.as_ref().map_or(0..0, Spanned::span);
            let message = "kills need processes that release; add `scenario = \"cycle\"`";
            return Err(self.text.error_at(&place, message));
        }
        Ok(fault_sweep)
    }

    fn scenario(&self, fault_sweep: FaultSweep) -> Result<Scenario, SpecError> {
        let table = self.table;
        let alone = fault_sweep == FaultSweep::Error && !self.is_cycle();
        let usual = if alone { PROCESSES_WITH_ERRORS } else { PROCESSES };
        let processes = self.within(&table.processes, LEAST_PROCESSES..=MOST_PROCESSES)?;
        let processes = processes.unwrap_or(usual);
        if let (true, Some(place)) = (alone && processes != usual, &table.processes) {
            let message = "`errors` without a cycle needs exactly 2 processes: the second attempts after the error; remove `processes`";
            return Err(self.text.error_at(&place.span(), message));
        }
        let rounds = self.within(&table.rounds, ROUNDS)?;
        let mut scenario = match (self.is_cycle(), rounds) {
            (true, rounds) => Scenario::cycle(processes, rounds.unwrap_or(1)),
            (false, None) => Scenario::contend(processes),
            (false, Some(_)) => {
                let place = table.rounds.as_ref().map_or(0..0, Spanned::span);
                let message = "contenders make one attempt each; add `scenario = \"cycle\"` to have rounds";
                return Err(self.text.error_at(&place, message));
            }
        };
        if let Some(place) = is_set(&table.stale) {
            if fault_sweep == FaultSweep::Error {
                return Err(self
                    .text
                    .error_at(&place, "`errors` starts from a free lock; remove `stale`"));
            }
            scenario.start = Start::Stale { age_s: STALE_AGE_S };
        }
        if let Some(place) = is_set(&table.expiry) {
            if self.is_program() {
                let message = "onewinner does not know which file of a program is its lease; remove `expiry`";
                return Err(self.text.error_at(&place, message));
            }
            if !self.is_cycle() || fault_sweep == FaultSweep::Error {
                let message = "`expiry` needs a cycle without `errors`; add `scenario = \"cycle\"`";
                return Err(self.text.error_at(&place, message));
            }
            scenario.expiry = true;
        }
        if let Some(place) = is_set(&table.reuse_inodes) {
            if self.is_program() {
                return Err(self.text.error_at(
                    &place,
                    "the kernel chooses the inode numbers of a program's files; remove this key",
                ));
            }
            scenario.reuse_inodes = true;
        }
        scenario.work = self.work(fault_sweep)?;
        Ok(scenario)
    }

    fn work(&self, fault_sweep: FaultSweep) -> Result<Work, SpecError> {
        let Some(value) = &self.table.work else {
            return Ok(Work::Nothing);
        };
        let refuse = |message: &str| Err(self.text.error_at(&value.span(), message));
        match value.get_ref() {
            WorkValue::Nothing => Ok(Work::Nothing),
            _ if self.is_program() => refuse("a program does its own work while it holds the lock; remove `work`"),
            WorkValue::HubSync if !self.is_cycle() => {
                refuse("`hub-sync` ends with a release; add `scenario = \"cycle\"`")
            }
            WorkValue::HubSync if fault_sweep != FaultSweep::Nothing => {
                refuse("`hub-sync` cannot be combined with faults; remove `kills` and `errors`")
            }
            WorkValue::HubSync => Ok(Work::HubSync),
            WorkValue::Reopen => Ok(Work::Reopen),
            WorkValue::Reenter => Ok(Work::Reenter),
            WorkValue::Fork => Ok(Work::Fork),
        }
    }

    fn evidence(&self, scenario: &Scenario, fault_sweep: FaultSweep) -> Result<Vec<Evidence>, SpecError> {
        let Some(value) = &self.table.evidence else {
            return Ok(vec![if self.is_program() {
                Evidence::Traced
            } else {
                Evidence::Sim
            }]);
        };
        let mut evidence = Vec::new();
        for each in value.get_ref() {
            let refuse = |message: String| Err(self.text.error_at(&each.span(), message));
            if evidence.contains(each.get_ref()) {
                return refuse("duplicate evidence; remove one".to_owned());
            }
            let message = match each.get_ref() {
                Evidence::Traced => not_traced(scenario),
                _ if self.is_program() => Some("a program needs real processes; use `traced`".to_owned()),
                Evidence::Sim => None,
                Evidence::Loom => not_under_loom(scenario, fault_sweep),
                Evidence::Race => not_raced(scenario, fault_sweep),
            };
            if let Some(message) = message {
                return refuse(message);
            }
            evidence.push(*each.get_ref());
        }
        if evidence.is_empty() {
            return Err(self.text.error_at(
                &value.span(),
                "the list of evidence is empty; name a backend: `loom`, `sim`, `traced` or `race`",
            ));
        }
        Ok(evidence)
    }

    fn budget(&self, table: &BudgetTable, evidence: &[Evidence]) -> Result<Budget, SpecError> {
        let budget = Budget {
            executions: self.within(&table.executions, EXECUTIONS)?,
            rounds: self.within(&table.rounds, RACE_ROUNDS)?,
        };
        if let (Some(rounds), false) = (&table.rounds, evidence.contains(&Evidence::Race)) {
            let message = "`rounds` is the budget of a race; add `race` to `evidence`";
            return Err(self.text.error_at(&rounds.span(), message));
        }
        if let (Some(executions), true) = (&table.executions, evidence == [Evidence::Race]) {
            let message = "`executions` is the budget of a search; give a race `rounds`";
            return Err(self.text.error_at(&executions.span(), message));
        }
        Ok(budget)
    }

    fn within<T>(&self, value: &Option<Spanned<T>>, range: RangeInclusive<T>) -> Result<Option<T>, SpecError>
    where
        T: Copy + PartialOrd + std::fmt::Display,
    {
        let Some(value) = value else { return Ok(None) };
        if range.contains(value.get_ref()) {
            Ok(Some(*value.get_ref()))
        } else {
            let (least, most) = (range.start(), range.end());
            Err(self.text.error_at(
                &value.span(),
                format!("the number is out of range; give one from {least} to {most}"),
            ))
        }
    }
}

/// The place of a value that is `true`.
fn is_set(value: &Option<Spanned<bool>>) -> Option<Range<usize>> {
    value.as_ref().filter(|value| *value.get_ref()).map(Spanned::span)
}

/// Why the tracer cannot run a scenario.
fn not_traced(scenario: &Scenario) -> Option<String> {
    let asked = scenario.work == Work::Fork || scenario.reuse_inodes;
    asked.then(|| "`traced` has no forks in a hold and no choice of inode numbers; use `sim`".to_owned())
}

/// Why loom cannot run a scenario.
fn not_under_loom(scenario: &Scenario, fault_sweep: FaultSweep) -> Option<String> {
    if scenario.processes > loom::MOST_PROCESSES {
        return Some(format!(
            "loom runs at most {} processes; use `sim`",
            loom::MOST_PROCESSES
        ));
    }
    let asked = has_faults(scenario, fault_sweep) || scenario.work == Work::Fork;
    asked.then(|| "loom has no kills, errors, stale locks, expiry, inode reuse or forks; use `sim`".to_owned())
}

/// Why a scenario cannot be raced.
fn not_raced(scenario: &Scenario, fault_sweep: FaultSweep) -> Option<String> {
    // If holders release immediately, a race hardly ever catches even a broken lock.
    let raced =
        scenario.kind == ScenarioKind::Contend && scenario.work == Work::Nothing || scenario.work == Work::HubSync;
    let asked = has_faults(scenario, fault_sweep) || !raced;
    asked.then(|| "a race runs plain contenders or `work = \"hub-sync\"`; use `sim` or `traced`".to_owned())
}

fn has_faults(scenario: &Scenario, fault_sweep: FaultSweep) -> bool {
    fault_sweep != FaultSweep::Nothing || scenario.start != Start::Free || scenario.expiry || scenario.reuse_inodes
}
