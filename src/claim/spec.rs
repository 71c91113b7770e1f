//! A spec: whose lock, and what is claimed of it. Values of the front matter become a scenario here, or are refused with
//! their file and line.
//!
//! Runs nothing, and does not know whether a program is there.

use std::collections::BTreeSet;
use std::ops::{Range, RangeInclusive};
use std::path::{Path, PathBuf};

use toml::Spanned;

use super::SpecError;
use super::expected::Expected;
use super::front::{BudgetFront, ClaimFront, Evidence, Front, KindFront, Text, WorkFront};
use crate::backend::loom;
use crate::check::preset::STALE_AGE_S;
use crate::primitive;
use crate::scenario::{LEAST_PROCESSES, MOST_PROCESSES, Program, ProgramKind, Scenario, Start, Subject, Vary, Work};

/// How many processes contend where nothing is said: with two, some faults do not show.
const PROCESSES: usize = 3;
/// An error in each call of one attempt, and one more attempt when it is over.
const PROCESSES_OF_A_FAULT: usize = 2;
const ROUNDS: RangeInclusive<u32> = 1..=1_000;
const KILLS: RangeInclusive<u8> = 0..=2;
const EXECUTIONS: RangeInclusive<u64> = 1..=1_000_000_000;
const MEETINGS: RangeInclusive<u64> = 1..=100_000_000;

/// One spec file.
#[derive(Debug)]
pub struct Spec {
    /// The file.
    pub path: PathBuf,
    /// Its name without the ending; no two specs of a run share one.
    pub name: String,
    /// Whose lock.
    pub subject: Subject,
    /// The line that names it.
    pub line: usize,
    /// What is claimed of it; at least one.
    pub claims: Vec<Claim>,
}

/// One claim.
#[derive(Debug)]
pub struct Claim {
    /// The line that says what is expected.
    pub line: usize,
    /// What is expected.
    pub expected: Expected,
    /// What is run.
    pub scenario: Scenario,
    /// What is added to it.
    pub vary: Vary,
    /// Where it is to be shown; each once.
    pub evidence: Vec<Evidence>,
    /// How far.
    pub budget: Budget,
}

/// How far searches and races go; never in seconds, so that a verdict does not depend on the machine.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Budget {
    /// Executions of a search.
    pub executions: Option<u64>,
    /// Rounds of a race.
    pub rounds: Option<u64>,
}

impl Spec {
    /// Reads a file.
    ///
    /// # Errors
    ///
    /// When it cannot be read, or its front matter is not what `specs/README.md` says.
    pub fn read(path: &Path) -> Result<Self, SpecError> {
        let text = std::fs::read_to_string(path).map_err(|source| SpecError::Unreadable {
            path: path.to_owned(),
            source,
        })?;
        Self::parse(path, &text)
    }

    /// Reads the text of a file.
    ///
    /// # Errors
    ///
    /// When its front matter is not what `specs/README.md` says.
    pub fn parse(path: &Path, text: &str) -> Result<Self, SpecError> {
        let text = Text::of(path, text)?;
        let front = text.front()?;
        let (subject, place) = subject(&text, &front)?;
        let mut claims: Vec<Claim> = Vec::new();
        let mut keys = BTreeSet::new();
        for written in &front.claim {
            let reader = Reader {
                text: &text,
                subject: &subject,
                written,
            };
            let claim = reader.claim()?;
            if !keys.insert(claim.key()) {
                let told = format!("the claim `{}` stands here twice; merge them", claim.key());
                return Err(text.fault(&written.expect.span(), told));
            }
            claims.push(claim);
        }
        if claims.is_empty() {
            return Err(text.fault(&place, "nothing is claimed; add a table `[[claim]]`"));
        }
        let name = text
            .path()
            .file_stem()
            .unwrap_or_default()
            .to_string_lossy()
            .into_owned();
        Ok(Self {
            path: text.path().to_owned(),
            name,
            line: text.line(&place),
            subject,
            claims,
        })
    }

    /// The folder of the file: programs run there.
    pub fn folder(&self) -> &Path {
        match self.path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        }
    }
}

impl Claim {
    /// What is run, in words.
    pub fn configuration(&self) -> String {
        format!("{}{}", self.scenario, self.vary)
    }

    /// What tells it from the other claims of its spec.
    pub fn key(&self) -> String {
        format!("{}: {}", self.expected, self.configuration())
    }
}

/// Whose lock: exactly one of three keys says it.
fn subject(text: &Text<'_>, front: &Front) -> Result<(Subject, Range<usize>), SpecError> {
    let program = |kind, line: &Spanned<String>| {
        let line = line.get_ref().clone();
        Subject::Program(Program { kind, line })
    };
    let given = [&front.lock, &front.driver, &front.wrap];
    let mut given = given.into_iter().flatten();
    let (Some(first), second) = (given.next(), given.next()) else {
        return Err(text.fault(&(0..0), "no lock is named; give one of `lock`, `driver` and `wrap`"));
    };
    if let Some(second) = second {
        let later = if second.span().start > first.span().start {
            second
        } else {
            first
        };
        return Err(text.fault(
            &later.span(),
            "a lock is named already; give one of `lock`, `driver` and `wrap`",
        ));
    }
    let subject = match (&front.lock, &front.driver, &front.wrap) {
        (_, Some(line), _) => program(ProgramKind::Driver, line),
        (_, _, Some(line)) => program(ProgramKind::Wrap, line),
        _ => {
            let named = primitive::by_name(first.get_ref());
            let unknown = || format!("no lock is called `{}`; `onewinner list` names them", first.get_ref());
            Subject::Primitive(named.ok_or_else(|| text.fault(&first.span(), unknown()))?)
        }
    };
    Ok((subject, first.span()))
}

/// Reads one claim.
struct Reader<'a> {
    text: &'a Text<'a>,
    subject: &'a Subject,
    written: &'a ClaimFront,
}

impl Reader<'_> {
    fn claim(&self) -> Result<Claim, SpecError> {
        let written = self.written;
        let expected = Expected::of(written.expect.get_ref());
        let expected = expected.map_err(|told| self.text.fault(&written.expect.span(), told))?;
        let vary = self.vary()?;
        let scenario = self.scenario(vary)?;
        let evidence = self.evidence(&scenario, vary)?;
        let budget = self.budget(&written.budget, &evidence)?;
        Ok(Claim {
            line: self.text.line(&written.expect.span()),
            expected,
            scenario,
            vary,
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

    fn vary(&self) -> Result<Vary, SpecError> {
        let kills = self.within(&self.written.kills, KILLS)?.unwrap_or(0);
        let errors = is_set(&self.written.errors);
        let vary = match (kills, errors) {
            (0, None) => return Ok(Vary::Nothing),
            (0, Some(_)) => Vary::Error,
            (1, None) => Vary::Kill,
            (_, None) => Vary::TwoKills,
            (_, Some(place)) => return Err(self.text.fault(&place, "a claim has kills or errors, not both")),
        };
        if kills > 0 && !self.is_cycle() {
            let place = self.written.kills.as_ref().map_or(0..0, Spanned::span);
            let told = "contenders never release; give kills with `scenario = \"cycle\"`";
            return Err(self.text.fault(&place, told));
        }
        Ok(vary)
    }

    fn scenario(&self, vary: Vary) -> Result<Scenario, SpecError> {
        let written = self.written;
        let alone = vary == Vary::Error && !self.is_cycle();
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
            if vary == Vary::Error {
                return Err(self
                    .text
                    .fault(&place, "an error in each call needs a free start; leave `stale` out"));
            }
            scenario.start = Start::Stale { age_s: STALE_AGE_S };
        }
        for (key, value) in [("expiry", &written.expiry), ("reused-numbers", &written.reused_numbers)] {
            if let Some(place) = is_set(value) {
                return Err(self
                    .text
                    .fault(&place, format!("`{key}` cannot be run here yet; leave it out")));
            }
        }
        scenario.work = self.work(vary)?;
        Ok(scenario)
    }

    fn work(&self, vary: Vary) -> Result<Work, SpecError> {
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
            WorkFront::HubSync if vary != Vary::Nothing => {
                fault("nothing is claimed of a sync that fails or is killed; leave kills and errors out")
            }
            WorkFront::HubSync => Ok(Work::HubSync),
        }
    }

    fn evidence(&self, scenario: &Scenario, vary: Vary) -> Result<Vec<Evidence>, SpecError> {
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
            let plain = vary == Vary::Nothing && scenario.start == Start::Free;
            match each.get_ref() {
                Evidence::Traced | Evidence::Sim if !self.is_program() => {}
                Evidence::Traced => {}
                _ if self.is_program() => {
                    return fault("a program runs with real processes: `traced` alone".to_owned());
                }
                Evidence::Loom if scenario.processes > loom::MOST_PROCESSES => {
                    return fault(format!("loom takes {} contenders at most", loom::MOST_PROCESSES));
                }
                _ if plain => {}
                _ => {
                    return fault(
                        "neither loom nor a race has kills, errors or a stale start; use sim or traced".into(),
                    );
                }
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
