//! `onewinner replay`: a saved counterexample, once more.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::Failure;
use super::output::Output;
#[cfg(feature = "kernel")]
use crate::check::counterexample::Backend;
use crate::check::counterexample::{Replayed, Saved};
use crate::report::timeline;
use crate::schedule::Schedule;
use crate::verdict::Exit;

/// What is replayed.
#[derive(Args)]
pub(super) struct Arguments {
    /// A file that `onewinner explore` or `onewinner model` saved.
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// Where real processes run, in place of where the violation was found; repeatable.
    #[cfg(feature = "kernel")]
    #[arg(long, value_name = "DIRECTORY")]
    dir: Vec<PathBuf>,
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
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Exit, Failure> {
    #[cfg_attr(
        not(feature = "kernel"),
        expect(unused_mut, reason = "only real processes run elsewhere")
    )]
    let mut saved = Saved::read(&arguments.file)?;
    #[cfg(feature = "kernel")]
    if !arguments.dir.is_empty() {
        if saved.backend == Backend::Sim {
            return Err(
                "it was found on the simulated file system, which has no such directory; leave --dir out".into(),
            );
        }
        saved.directories.clone_from(&arguments.dir);
    }
    let (exit, result, step, sentence, told) = match saved.replay()? {
        Replayed::Reproduced(shown) => {
            let sentence = format!("{}: {}", shown.property, shown.sentence);
            (
                Exit::NotAsClaimed,
                "reproduced",
                None,
                sentence,
                Some((shown.execution.history, shown.decisive)),
            )
        }
        Replayed::NotReproduced(execution) => {
            let sentence = "the same calls, and no property is violated".to_owned();
            (
                Exit::AsClaimed,
                "not reproduced",
                None,
                sentence,
                Some((execution.history, None)),
            )
        }
        Replayed::Diverged { step, expected, found } => {
            let sentence = format!("step {step} differs: expected {expected}; found {found}");
            (Exit::Inconclusive, "diverged", Some(step), sentence, None)
        }
    };
    output.text(|out| {
        writeln!(out, "{} · {} · {}", saved.subject.name(), saved.backend, saved.scenario)?;
        if let Some((history, decisive)) = &told {
            timeline::write(out, history, *decisive, output.width)?;
        }
        writeln!(out, "  {result}: {sentence}")
    })?;
    let row = Row {
        lock: saved.subject.name().to_owned(),
        property: saved.property,
        schedule: saved.schedule,
        result,
        step,
        sentence,
    };
    output.json("replay", exit, &[row])?;
    Ok(exit)
}
