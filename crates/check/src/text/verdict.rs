//! Verdicts for a terminal. Writes colours as escape codes; the writer strips them if necessary.

use std::io::{self, Write};

use anstyle::{AnsiColor, Style};
use comfy_table::{CellAlignment, Table, presets};

use super::{counted, grouped, timeline};
use onewinner_core::primitive::Expectation;
use onewinner_core::scenario::{FaultSweep, Scenario};
use onewinner_core::verdict::{
    Bound, Counterexample, Coverage, Crash, Exit, Extent, Grade, Judged, OutcomeRow, RaceCoverage, RateBounds, Unit,
    Verdict, Warning,
};

const BOLD: Style = Style::new().bold();
const GREEN: Style = AnsiColor::Green.on_default().bold();
const RED: Style = AnsiColor::Red.on_default().bold();
const YELLOW: Style = AnsiColor::Yellow.on_default().bold();
const DIM: Style = Style::new().dimmed();

/// The style of a verdict.
fn style_of(verdict: &Verdict) -> Style {
    match verdict {
        Verdict::Holds => GREEN,
        Verdict::Violated(_) => RED,
        Verdict::Inconclusive { .. } | Verdict::Noted { .. } => YELLOW,
    }
}

/// Writes a verdict with its coverage. Leaves out notes of the verdicts `before`.
///
/// # Errors
///
/// If `out` fails.
pub fn judged(out: &mut dyn Write, judged: &Judged, width: usize, before: &[&Judged]) -> io::Result<()> {
    let Judged { verdict, coverage, .. } = judged;
    let Coverage {
        lock,
        backend,
        scenario,
        ..
    } = coverage;
    writeln!(
        out,
        "{BOLD}{lock}{BOLD:#} · {backend} · {scenario}{}",
        coverage.fault_sweep
    )?;
    let style = style_of(verdict);
    let word = verdict.word();
    match verdict {
        Verdict::Holds => writeln!(out, "  {style}{word}{style:#}: {}", what_holds(coverage))?,
        Verdict::Violated(shown) => {
            let Counterexample { property, sentence, .. } = &**shown;
            writeln!(out, "  {style}{word}{style:#}: {property}: {sentence}")?;
        }
        Verdict::Inconclusive { reason } => writeln!(out, "  {style}{word}{style:#}: {reason}")?,
        Verdict::Noted { fact } => writeln!(out, "  {style}{word}{style:#}: {fact}")?,
    }
    if let Verdict::Violated(shown) = verdict {
        if let Some(suffice) = suffice(shown, coverage) {
            writeln!(out, "  shown     {suffice}")?;
        }
        interleaving(out, shown, width)?;
    }
    outcomes(out, &coverage.outcomes)?;
    for (title, text) in rests_on(coverage) {
        writeln!(out, "  {title:<9} {text}")?;
    }
    let is_old = |note: &&String| before.iter().any(|judged| judged.coverage.blind_spots.contains(note));
    for blind in coverage.blind_spots.iter().filter(|note| !is_old(note)) {
        writeln!(out, "  {DIM}note      {blind}{DIM:#}")?;
    }
    // Beside a violation they explain nothing, and each is shown once.
    if !matches!(verdict, Verdict::Violated(_)) {
        for warning in new_warnings(judged, before) {
            self::warning(out, warning, width)?;
        }
    }
    writeln!(out)
}

/// The warnings whose property no earlier verdict warns of.
pub fn new_warnings<'a>(judged: &'a Judged, before: &[&Judged]) -> Vec<&'a Warning> {
    let is_old = |warning: &&Warning| {
        let mut known = before.iter().flat_map(|judged| &judged.warnings);
        known.any(|known| known.property == warning.property)
    };
    judged.warnings.iter().filter(|warning| !is_old(warning)).collect()
}

/// Writes a warning with its consequence and its interleaving.
fn warning(out: &mut dyn Write, warning: &Warning, width: usize) -> io::Result<()> {
    let Warning {
        property,
        sentence,
        consequence,
        execution,
        ..
    } = warning;
    writeln!(out, "  {YELLOW}warning{YELLOW:#}   {property}: {sentence}")?;
    writeln!(out, "            {consequence}")?;
    timeline::write(out, &execution.history, None, width)
}

/// Writes the configurations that did not run because of an earlier verdict.
///
/// # Errors
///
/// If `out` fails.
pub fn left_out(out: &mut dyn Write, verdicts: &[&Judged], configurations: &[String]) -> io::Result<()> {
    let (why, configurations) = (why_left_out(verdicts), configurations.join("; "));
    writeln!(out, "{DIM}not run, because {why}: {configurations}{DIM:#}\n")
}

/// Why no further configurations run after these verdicts; completes the sentence "not run, because".
pub fn why_left_out(verdicts: &[&Judged]) -> &'static str {
    let is_violated = |judged: &&&Judged| matches!(judged.verdict, Verdict::Violated(_));
    match verdicts.iter().find(is_violated) {
        Some(_) => "a violation decides",
        None => "no execution of a smaller configuration could be followed to its end",
    }
}

/// How much of a lock a command looks at.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Look {
    /// All of a preset, or what was asked for.
    Full,
    /// The first, small configurations alone.
    Quick,
}

/// Writes what a pass on a program does not show, because it was not tried to the end.
///
/// # Errors
///
/// If `out` fails.
pub fn not_tried(out: &mut dyn Write, verdicts: &[&Judged]) -> io::Result<()> {
    let tried = |is_tried: &dyn Fn(&Coverage) -> bool| {
        let is_known = |judged: &&&Judged| match judged.verdict {
            Verdict::Holds => true,
            Verdict::Noted { .. } => {
                judged.coverage.lost == 0 && matches!(judged.coverage.extent, Extent::Complete { .. })
            }
            Verdict::Violated(_) | Verdict::Inconclusive { .. } => false,
        };
        { verdicts.iter().filter(is_known) }.any(|judged| is_tried(&judged.coverage))
    };
    let parts = [
        ("stale locks", tried(&|coverage| coverage.scenario.start.is_stale())),
        ("kills", tried(&|coverage| coverage.crash.is_some())),
        (
            "errors in calls",
            tried(&|coverage| coverage.fault_sweep == FaultSweep::Error),
        ),
    ];
    let missing = parts.iter().filter(|(_, is_tried)| !is_tried).map(|(what, _)| *what);
    let missing: Vec<&str> = missing.collect();
    if missing.is_empty() {
        return Ok(());
    }
    writeln!(out, "{DIM}not tried: {}{DIM:#}", missing.join(", "))
}

/// Writes the last line: whether all verdicts are as claimed.
///
/// # Errors
///
/// If `out` fails.
pub fn concluded(out: &mut dyn Write, exit: Exit, claim: Expectation, look: Look) -> io::Result<()> {
    let claim = match claim {
        Expectation::ExactlyOneWinner => "exactly one winner",
        Expectation::SeveralWinners => "several winners",
    };
    let quick = match look {
        Look::Full => "",
        Look::Quick => " (a quick look: small configurations only)",
    };
    let (style, text) = match exit {
        Exit::AsClaimed => (GREEN, format!("as claimed: {claim}{quick}")),
        Exit::NotAsClaimed => (RED, format!("not as claimed: {claim}")),
        Exit::Inconclusive => (
            YELLOW,
            format!("inconclusive, does not count as a pass: {claim} was claimed"),
        ),
        Exit::Interrupted => (YELLOW, "interrupted: the part completed until then is above".to_owned()),
        Exit::Usage | Exit::Bug => return Ok(()),
    };
    writeln!(out, "{style}{text}{style:#}")
}

/// The number of processes of a counterexample, if smaller than requested.
pub fn suffice(shown: &Counterexample, coverage: &Coverage) -> Option<String> {
    let Scenario { processes, .. } = shown.scenario;
    let fewer = processes < coverage.scenario.processes;
    fewer.then(|| format!("{processes} processes suffice: {}", shown.scenario))
}

/// The coverage of a verdict: lines with a title and a text.
pub fn rests_on(coverage: &Coverage) -> Vec<(&'static str, String)> {
    let mut lines = vec![("covered", format!("{}; seed {}", covered(coverage), coverage.seed))];
    lines.extend(coverage.crash.as_ref().map(|crash| ("crash", after_crash(crash))));
    if let Some(taken) = coverage.stale {
        let executions = format!("{} of {}", grouped(taken), counted(coverage.executions, "execution"));
        let text = match taken {
            0 => "the stale lock was never taken over".to_owned(),
            _ => format!("the stale lock was taken over in {executions}"),
        };
        lines.push(("stale", text));
    }
    if let Some(race) = &coverage.race {
        raced(&mut lines, race);
    }
    lines
}

fn raced(lines: &mut Vec<(&'static str, String)>, race: &RaceCoverage) {
    let conditions = race.conditions.join(", ");
    lines.push(("race", format!("{conditions}; {:.2} s", race.seconds)));
    if race.without_winner > 0 {
        let rounds = counted(race.without_winner, "round");
        lines.push(("lost", format!("{rounds} without a winner")));
    }
    for (what, errors) in [("attempts", &race.attempt_errors), ("releases", &race.release_errors)] {
        let line =
            |(errno, count): (&String, &u64)| ("errors", format!("{} {what} failed with {errno}", grouped(*count)));
        lines.extend(errors.iter().map(line));
    }
    for (title, beside) in [("natural", &race.natural), ("control", &race.control)] {
        if let Some(beside) = beside {
            let seen = sampled(beside.violations, beside.rounds, beside.rate);
            let rounds = counted(beside.rounds, "round");
            lines.push((title, format!("{}, {rounds}, {seen}", beside.lock)));
        }
    }
}

/// The observed crash class, and the declared one.
fn after_crash(crash: &Crash) -> String {
    let (observed, declared) = (crash.observed(), crash.declared);
    let class = match declared {
        None => format!("class {observed}"),
        Some(declared) if observed == declared => format!("class {declared}, as declared"),
        Some(declared) => format!("class {observed}, but the lock declares {declared}"),
    };
    let executions = counted(crash.won + crash.busy, "execution");
    let advice = match (declared, crash.busy) {
        (None, 1..) => "; it is not freed after a crash: remove the file by hand",
        _ => "",
    };
    format!(
        "{class}: the next attempt is busy in {} of {executions}{advice}",
        grouped(crash.busy)
    )
}

/// What was run, and how complete that is.
pub fn covered(coverage: &Coverage) -> String {
    let mut executions = counted(coverage.executions, "execution");
    // Only a search by `explore` can block or lose executions.
    if coverage.backend.is_explored() {
        executions += &match (coverage.blocked, coverage.lost) {
            (0, 0) => ", none blocked or lost".to_owned(),
            (blocked, lost) => format!(", {} blocked, {} lost", grouped(blocked), grouped(lost)),
        };
    }
    match &coverage.extent {
        Extent::Complete { each, bounds } => {
            let every = match each {
                Unit::Schedule => "every schedule",
                Unit::Class => "every class of schedules",
            };
            let with = if bounds.is_empty() { "" } else { " with " };
            format!("{every}{with}{}, {executions}", coverage.extent.bounds())
        }
        Extent::Cut { reason, preemptions } => match preemptions {
            Some(most) => format!(
                "{executions}, cut at {reason}; before that every schedule with {}",
                Bound::Preemptions(*most)
            ),
            None => format!("{executions}, cut at {reason}"),
        },
        Extent::Sampled { violations, rate } => {
            format!(
                "{}, {}",
                counted(coverage.executions, "round"),
                sampled(*violations, coverage.executions, *rate)
            )
        }
    }
}

/// The number of violations in a race, and the bounds on their rate.
pub fn sampled(violations: u64, rounds: u64, rate: RateBounds) -> String {
    match violations {
        0 => format!("none violated; rate below {} at 95 %", percent(rate.upper)),
        _ => {
            let seen = violations as f64 / rounds as f64;
            let (lower, upper) = (percent(rate.lower), percent(rate.upper));
            format!(
                "{} violated: {} ({lower} to {upper} at 95 %)",
                grouped(violations),
                percent(seen)
            )
        }
    }
}

/// A rate as a percentage.
pub fn percent(rate: f64) -> String {
    match rate * 100.0 {
        0.0 => "0 %".to_owned(),
        percent if percent >= 10.0 => format!("{percent:.1} %"),
        percent if percent >= 0.1 => format!("{percent:.2} %"),
        percent if percent >= 0.001 => format!("{percent:.4} %"),
        // Two significant digits, without an exponent.
        percent => format!("{percent:.0$} %", decimals(percent)),
    }
}

/// The decimals that show two significant digits of a number below 1.
fn decimals(number: f64) -> usize {
    const MOST: f64 = 12.0;
    1 + (-number.log10()).ceil().clamp(1.0, MOST) as usize
}

/// The meaning of a pass, in a sentence.
pub fn what_holds(coverage: &Coverage) -> &'static str {
    match coverage.extent {
        Extent::Complete { .. } => "no schedule violates a property",
        Extent::Cut { .. } | Extent::Sampled { .. } => "no round violated a property",
    }
}

/// Writes a counterexample as columns, with its schedule. Writes nothing for a race, which has no schedule.
///
/// # Errors
///
/// If `out` fails.
pub fn interleaving(out: &mut dyn Write, shown: &Counterexample, width: usize) -> io::Result<()> {
    if shown.execution.schedule.is_empty() {
        return Ok(());
    }
    timeline::write(out, &shown.execution.history, shown.decisive, width)?;
    writeln!(out, "  schedule  {}", shown.execution.schedule)?;
    if let Some(reproduced) = shown.reproduced {
        writeln!(out, "  replayed  reproduced {}/{}", reproduced.same, reproduced.of)?;
    }
    Ok(())
}

fn outcomes(out: &mut dyn Write, rows: &[OutcomeRow]) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for row in rows {
        let grade = match row.grade {
            Grade::Acceptable => "acceptable",
            Grade::Interesting => "interesting",
            Grade::Forbidden => "forbidden",
        };
        table.add_row(vec![grouped(row.count), row.outcome.to_string(), grade.to_owned()]);
    }
    if let Some(column) = table.column_mut(0) {
        column.set_cell_alignment(CellAlignment::Right);
    }
    for (number, line) in table.lines().enumerate() {
        let title = if number == 0 { "outcomes" } else { "" };
        writeln!(out, "  {title:<8} {}", line.trim_end())?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rates_are_written_without_exponents() {
        for (rate, text) in [
            (0.0, "0 %"),
            (1.0, "100.0 %"),
            (0.029_8, "2.98 %"),
            (0.000_599, "0.0599 %"),
            (0.000_002_4, "0.00024 %"),
            (0.000_000_03, "0.0000030 %"),
        ] {
            assert_eq!(percent(rate), text);
        }
    }
}
