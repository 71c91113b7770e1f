//! `onewinner replay`: a saved counterexample, once more.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::Failure;
use super::output::Output;
use super::page::Page;
use crate::report::{strace, svg};
use onewinner_check::counterexample::{Replayed, Saved};
use onewinner_check::text::timeline;
use onewinner_core::backend::BackendKind;
use onewinner_core::schedule::Schedule;
use onewinner_core::verdict::Exit;

/// What is replayed.
#[derive(Args)]
pub(super) struct Arguments {
    /// A file that `onewinner explore` or `onewinner model` saved.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where real processes run, in place of where the violation was found; repeatable.
    #[arg(long, value_name = "DIRECTORY")]
    dir: Vec<PathBuf>,
    /// Print lines for a shell that show the race with strace(1) in place of onewinner: `onewinner replay --strace FILE | sh`.
    #[arg(long)]
    strace: bool,
    /// Write a picture of the interleaving, an SVG for light and dark themes, if the violation shows again.
    #[arg(long, value_name = "FILE", conflicts_with = "strace")]
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
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Exit, Failure> {
    let mut saved = Saved::read(&arguments.file)?;
    if !arguments.dir.is_empty() {
        if saved.backend == BackendKind::Sim {
            return Err(
                "it was found on the simulated file system, which has no such directory; leave --dir out".into(),
            );
        }
        saved.directories.clone_from(&arguments.dir);
    }
    let picture = arguments.svg.as_deref().map(Page::at).transpose()?;
    let came = saved.replay()?;
    if let (Some(picture), Replayed::Reproduced(shown)) = (&picture, &came) {
        // A picture of what did not show again would be a wrong one: none is written then.
        picture.write(&svg::interleaving(saved.subject.name(), shown))?;
    }
    let (exit, result, step, sentence) = match &came {
        Replayed::Reproduced(shown) => {
            let sentence = format!("{}: {}", shown.property, shown.sentence);
            (Exit::NotAsClaimed, "reproduced", None, sentence)
        }
        Replayed::NotReproduced(_) => {
            let sentence = "the same calls, and no property is violated".to_owned();
            (Exit::AsClaimed, "not reproduced", None, sentence)
        }
        Replayed::Diverged { step, expected, found } => {
            let sentence = format!("step {step} differs: expected {expected}; found {found}");
            (Exit::Inconclusive, "diverged", Some(*step), sentence)
        }
    };
    let lines = arguments.lines(&saved, &came)?;
    output.text(|out| match &lines {
        Some(lines) => write!(out, "# {result}: {sentence}\n{lines}"),
        None => {
            writeln!(out, "{} · {} · {}", saved.subject.name(), saved.backend, saved.scenario)?;
            match &came {
                Replayed::Reproduced(shown) => {
                    timeline::write(out, &shown.execution.history, shown.decisive, output.width)?;
                }
                Replayed::NotReproduced(execution) => timeline::write(out, &execution.history, None, output.width)?,
                Replayed::Diverged { .. } => {}
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
    };
    output.json("replay", exit, &[row])?;
    Ok(exit)
}

impl Arguments {
    /// Lines that show it with strace, if they were asked for.
    fn lines(&self, saved: &Saved, came: &Replayed) -> Result<Option<String>, Failure> {
        let history = match came {
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
