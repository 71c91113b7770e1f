//! `onewinner replay`: run a saved counterexample again.

use std::env;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use serde::Serialize;

use super::Failure;
use super::arguments::group;
use super::output::Output;
use super::page::Page;
use crate::report::{strace, svg};
use onewinner_check::counterexample::Saved;
use onewinner_check::program_context::ProgramContext;
use onewinner_check::replay::Replayed;
use onewinner_check::text::timeline;
use onewinner_core::backend::BackendKind;
use onewinner_core::schedule::Schedule;
use onewinner_core::verdict::Exit;

/// The arguments of `replay`.
#[derive(Args)]
#[command(next_display_order = 1)]
pub(super) struct Arguments {
    /// A counterexample that `onewinner explore` or `onewinner model` saved.
    #[arg(value_name = "FILE", help_heading = group::WHAT, display_order = 0)]
    file: PathBuf,
    /// Run in this directory, not in the one of the counterexample; repeatable for several mounts.
    #[arg(long, value_name = "DIRECTORY", help_heading = group::WHAT)]
    dir: Vec<PathBuf>,
    /// Print a shell script that shows the race with strace, without onewinner.
    #[arg(long, help_heading = group::OUTPUT)]
    strace: bool,
    /// Draw the order of calls as an SVG picture for light and dark pages.
    #[arg(long, value_name = "FILE", help_heading = group::OUTPUT, conflicts_with = "strace")]
    svg: Option<PathBuf>,
}

#[derive(Serialize)]
struct Row {
    lock: String,
    property: String,
    schedule: Schedule,
    result: &'static str,
    #[serde(skip_serializing_if = "Option::is_none")]
    step: Option<usize>,
    sentence: String,
    #[serde(skip_serializing_if = "Option::is_none")]
    strace: Option<String>,
    /// What is different from when the program was explored.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    changes: Vec<String>,
}

pub(super) fn run(arguments: &Arguments, output: &Output, interrupted: &Arc<AtomicBool>) -> Result<Exit, Failure> {
    let mut saved = Saved::read(&arguments.file)?;
    if !arguments.dir.is_empty() {
        if saved.backend == BackendKind::Sim {
            return Err(
                "failed to replay in a directory: the counterexample was found on the simulated file system; leave --dir out".into(),
            );
        }
        // From the root, because the program runs where it was explored.
        let absolute = arguments.dir.iter().map(std::path::absolute);
        saved.directories = absolute.collect::<Result<_, _>>()?;
    }
    let picture = arguments.svg.as_deref().map(Page::at).transpose()?;
    let changes = saved.program.as_ref().map_or_else(Vec::new, ProgramContext::changes);
    let replayed = where_it_ran(saved.program.as_ref(), || saved.replay_until(interrupted))??;
    if let (Some(picture), Replayed::Reproduced(shown)) = (&picture, &replayed) {
        // A picture of a violation that did not occur again would be wrong, so none is written in that case.
        picture.write(&svg::interleaving(saved.subject.name(), shown))?;
    }
    let (exit, result, step, sentence) = match &replayed {
        _ if interrupted.load(Ordering::Relaxed) => {
            let sentence = "the schedule was not followed to its end".to_owned();
            (Exit::Interrupted, "interrupted", None, sentence)
        }
        Replayed::Reproduced(shown) => {
            let sentence = format!("{}: {}", shown.property, shown.sentence);
            (Exit::NotAsClaimed, "reproduced", None, sentence)
        }
        Replayed::NotReproduced(_) => {
            let sentence = "the calls are the same, but no property is violated".to_owned();
            (Exit::AsClaimed, "not reproduced", None, sentence)
        }
        Replayed::Diverged { step, expected, found } => {
            let sentence = format!("step {step} differs: expected {expected}; found {found}");
            (Exit::Inconclusive, "diverged", Some(*step), sentence)
        }
    };
    let lines = arguments.lines(&saved, &replayed)?;
    output.text(|out| match &lines {
        Some(lines) => write!(out, "# {result}: {sentence}\n{lines}"),
        None => {
            writeln!(out, "{} · {} · {}", saved.subject.name(), saved.backend, saved.scenario)?;
            match &replayed {
                Replayed::Reproduced(shown) => {
                    timeline::write(out, &shown.execution.history, shown.decisive, output.width)?;
                }
                Replayed::NotReproduced(execution) => timeline::write(out, &execution.history, None, output.width)?,
                Replayed::Diverged { .. } => {}
            }
            for change in &changes {
                writeln!(out, "  note: {change}")?;
            }
            writeln!(out, "  {result}: {sentence}")
        }
    })?;
    let row = Row {
        lock: saved.subject.name().to_owned(),
        property: saved.property,
        schedule: saved.schedule,
        result,
        step,
        sentence,
        strace: lines,
        changes,
    };
    output.json("replay", exit, &[row])?;
    Ok(exit)
}

/// Does `work` in the working directory of the program, if there is one.
fn where_it_ran<T>(program: Option<&ProgramContext>, work: impl FnOnce() -> T) -> Result<T, Failure> {
    let Some(ProgramContext { working_directory, .. }) = program else {
        return Ok(work());
    };
    let before = env::current_dir()?;
    env::set_current_dir(working_directory).map_err(|error| {
        format!(
            "failed to replay in {working_directory:?}, where the program ran: {error}; make that directory, with the files \
             that the command line names"
        )
    })?;
    let result = work();
    env::set_current_dir(before)?;
    Ok(result)
}

impl Arguments {
    /// The shell script that shows the violation with strace, if requested.
    fn lines(&self, saved: &Saved, replayed: &Replayed) -> Result<Option<String>, Failure> {
        let history = match replayed {
            _ if !self.strace => return Ok(None),
            Replayed::Reproduced(shown) => &shown.execution.history,
            Replayed::NotReproduced(_) | Replayed::Diverged { .. } => return Ok(Some(String::new())),
        };
        Ok(Some(strace::script(
            &saved.subject,
            &saved.scenario,
            &saved.schedule,
            history,
        )?))
    }
}
