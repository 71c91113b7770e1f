//! `onewinner gate`: check the claims in spec files.
//!
//! Besides the variables for colours, only this file reads the environment: `GITHUB_ACTIONS` and `GITHUB_STEP_SUMMARY`, to
//! report to GitHub.

use std::collections::BTreeSet;
use std::env;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use clap::Args;

use super::Failure;
use super::arguments::{self, group};
use super::output::{self, Output};
use crate::claim::{self, Baseline, Gate, GateDepth, GateRow, Partition, Spec};
use crate::report::gate::{self as report, Summary};
use crate::report::{github, json, junit};
use onewinner_core::scenario::Subject;
use onewinner_core::verdict::Exit;
use onewinner_linux::tracer::program::find::find;

/// The group of the options that compare this run with an earlier one.
const BASELINE: &str = "Compare with an earlier run";

/// The arguments of `gate`.
#[derive(Args)]
#[command(next_display_order = 1)]
pub(super) struct Arguments {
    /// Spec files, or folders: every `.md` file in them except README.md.
    #[arg(value_name = "SPECS", help_heading = group::WHAT, display_order = 0, default_value = "specs")]
    specs: Vec<PathBuf>,
    /// Also fail if this run checks less than the earlier run that FILE records.
    #[arg(long, value_name = "FILE", help_heading = BASELINE)]
    baseline: Option<PathBuf>,
    /// Write what this run checks to the baseline file.
    #[arg(long, help_heading = BASELINE, requires = "baseline")]
    update_baseline: bool,
    /// Only the fastest backend of each claim, with fewer rounds and preemptions.
    #[arg(long, help_heading = group::WHAT)]
    quick: bool,
    /// Also write a JUnit report.
    #[arg(long, value_name = "FILE", help_heading = group::OUTPUT)]
    junit: Option<PathBuf>,
    /// Only part M of N of the specs; each spec is in exactly one part.
    #[arg(long, value_name = "M/N", help_heading = group::WHAT)]
    partition: Option<Partition>,
    /// Time limit in seconds for all claims; those not reached are inconclusive [default: none].
    #[arg(long, value_name = "SECONDS", help_heading = group::WHAT, value_parser = arguments::seconds, allow_negative_numbers = true)]
    time: Option<Duration>,
}

impl Arguments {
    fn depth(&self) -> GateDepth {
        if self.quick { GateDepth::Quick } else { GateDepth::Usual }
    }

    /// The earlier coverage; empty if it is recorded for the first time.
    fn known(&self) -> Result<Option<Baseline>, Failure> {
        match &self.baseline {
            None => Ok(None),
            Some(path) if self.update_baseline && !path.exists() => Ok(Some(Baseline::new(self.depth()))),
            Some(path) => Ok(Some(Baseline::read(path, self.depth())?)),
        }
    }

    /// Rejects files that cannot be written, before the claims take minutes.
    fn check_places(&self) -> Result<(), Failure> {
        let baseline = self.baseline.as_ref().filter(|_| self.update_baseline);
        for path in self.junit.iter().chain(baseline) {
            let folder = match path.parent() {
                Some(folder) if folder != Path::new("") => folder,
                _ => Path::new("."),
            };
            if path.is_dir() || !folder.is_dir() {
                return Err(format!("failed to write {path:?}: name a file in an existing directory").into());
            }
        }
        Ok(())
    }
}

pub(super) fn run(arguments: &Arguments, output: &Output, interrupted: &Arc<AtomicBool>) -> Result<Exit, Failure> {
    arguments.check_places()?;
    let mut known = arguments.known()?;
    let found = claim::find(&arguments.specs)?;
    let names: BTreeSet<String> = found.iter().map(|spec| spec.name.clone()).collect();
    let specs = match arguments.partition {
        Some(partition) => partition.select(found),
        None => found,
    };
    for spec in &specs {
        startable(spec)?;
    }
    let compared = known.as_ref().filter(|_| !arguments.update_baseline);
    let (rows, mut summary) = gather(arguments, &specs, compared, output, interrupted)?;
    let is_over = interrupted.load(Ordering::Relaxed);
    // A missing spec can be detected only if folders were given, not single files.
    let whole = arguments.specs.iter().all(|path| path.is_dir());
    if let (Some(known), false) = (compared, is_over) {
        summary.dropped = dropped(known, &specs, &rows, whole.then_some(&names));
    }
    let exit = if is_over {
        Exit::Interrupted
    } else {
        together(&rows, &summary)
    };
    if let (Some(path), Some(known), true, false) =
        (&arguments.baseline, &mut known, arguments.update_baseline, is_over)
    {
        known.record(&rows);
        if whole {
            known.retain_specs(|name| names.contains(name));
        }
        known.write(path)?;
    }
    write_reports(arguments, output, &rows, &summary, exit)?;
    Ok(exit)
}

/// Runs all claims one after another: other work would disturb a race.
fn gather(
    arguments: &Arguments,
    specs: &[Spec],
    baseline: Option<&Baseline>,
    output: &Output,
    interrupted: &Arc<AtomicBool>,
) -> Result<(Vec<GateRow>, Summary), Failure> {
    let progress = output::progress();
    let gate = Gate {
        depth: arguments.depth(),
        seed: output.seed,
        deadline: arguments.time.and_then(|time| Instant::now().checked_add(time)),
        baseline,
        interrupted,
        events: &output::progress_events(&progress),
    };
    let mut summary = Summary {
        specs: specs.len(),
        ..Summary::default()
    };
    let mut rows = Vec::new();
    for spec in specs {
        for claim in &spec.claims {
            if interrupted.load(Ordering::Relaxed) {
                break;
            }
            let usual = claim.evidence_plans(spec, GateDepth::Usual, output.seed).len();
            summary.left_out += usual - claim.evidence_plans(spec, gate.depth, output.seed).len();
            summary.claims += 1;
            let result = in_folder(spec, || gate.run(spec, claim))?;
            rows.extend(result.inspect_err(|_| progress.finish_and_clear())?);
        }
    }
    progress.finish_and_clear();
    Ok((rows, summary))
}

/// Runs `work` in the folder of the spec if the spec starts a program: paths in its command line are relative to that
/// folder.
fn in_folder<T>(spec: &Spec, work: impl FnOnce() -> T) -> io::Result<T> {
    if matches!(spec.subject, Subject::Primitive(_)) {
        return Ok(work());
    }
    let before = env::current_dir()?;
    env::set_current_dir(spec.folder())?;
    let result = work();
    env::set_current_dir(before)?;
    Ok(result)
}

/// Rejects a program that cannot be started, with the line of the spec that names it.
fn startable(spec: &Spec) -> Result<(), Failure> {
    let Subject::Program(program) = &spec.subject else {
        return Ok(());
    };
    match in_folder(spec, || find(program))? {
        Ok(_) => Ok(()),
        Err(error) => Err(format!("{}:{}: {error}", spec.path.display(), spec.line).into()),
    }
}

/// Claims of the baseline that are missing now: in these specs, and missing specs if `names` holds all names.
fn dropped(known: &Baseline, specs: &[Spec], rows: &[GateRow], names: Option<&BTreeSet<String>>) -> Vec<String> {
    let mut dropped = Vec::new();
    for spec in specs {
        let claims = known.dropped_evidence(&spec.name, rows);
        dropped.extend(
            claims
                .into_iter()
                .map(|claim| format!("{}: {claim}", spec.path.display())),
        );
    }
    if let Some(names) = names {
        let gone = known.specs().filter(|name| !names.contains(*name));
        dropped.extend(gone.map(|name| format!("the spec {name} is missing")));
    }
    dropped
}

/// The exit of all rows; no rows do not count as a pass.
fn together(rows: &[GateRow], summary: &Summary) -> Exit {
    let nothing = if rows.is_empty() {
        Exit::Inconclusive
    } else {
        Exit::AsClaimed
    };
    let dropped = if summary.dropped.is_empty() {
        Exit::AsClaimed
    } else {
        Exit::NotAsClaimed
    };
    rows.iter().map(|row| row.exit).fold(nothing.and(dropped), Exit::and)
}

/// Writes every requested report.
fn write_reports(
    arguments: &Arguments,
    output: &Output,
    rows: &[GateRow],
    summary: &Summary,
    exit: Exit,
) -> Result<(), Failure> {
    if let Some(path) = &arguments.junit {
        written(path, File::create(path), |out| junit::write(out, rows, summary))?;
    }
    if env::var_os("GITHUB_ACTIONS").is_some_and(|set| set == "true") {
        // On standard error, so that standard output holds the JSON document only; GitHub reads both streams.
        github::annotations(&mut io::stderr().lock(), rows, summary)?;
    }
    if let Some(path) = env::var_os("GITHUB_STEP_SUMMARY").filter(|path| !path.is_empty()) {
        let path = PathBuf::from(path);
        let opened = OpenOptions::new().append(true).create(true).open(&path);
        written(&path, opened, |out| github::job_summary(out, rows, summary, exit))?;
    }
    // Last: the reader of a pipe may close it early, and the files must be complete anyway.
    output.text(|out| {
        report::table(out, rows, output.width)?;
        report::faults(out, rows, output.width)?;
        report::concluded(out, rows, summary, exit)
    })?;
    output.document(|out| json::write_gate(out, exit, rows, summary))?;
    Ok(())
}

fn written(
    path: &Path,
    opened: io::Result<File>,
    write: impl FnOnce(&mut dyn Write) -> io::Result<()>,
) -> Result<(), Failure> {
    let result = opened.and_then(|mut file| write(&mut file));
    result.map_err(|error| format!("failed to write {path:?}: {error}; name a file that you may write").into())
}
