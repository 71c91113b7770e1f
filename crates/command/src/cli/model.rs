//! `onewinner model`: check a lock with loom.

use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Duration;

use clap::Args;

use super::Failure;
use super::arguments::{self, What, group};
use super::output::{Files, Output, Question, Save};
use onewinner_check::{Allowance, Backend, Plan};
use onewinner_core::backend::loom::{self, Bounds};
use onewinner_core::explore::Limits;
use onewinner_core::property::Judging;
use onewinner_core::scenario::{FaultSweep, Subject};
use onewinner_core::verdict::Exit;

/// The arguments of `model`.
#[derive(Args)]
pub(super) struct Arguments {
    #[command(flatten)]
    subject: arguments::Subject,
    #[command(flatten)]
    what: What,
    /// Limit of executions.
    #[arg(long, value_name = "NUMBER", help_heading = group::SEARCH, default_value_t = Limits::default().executions, value_parser = arguments::executions, allow_negative_numbers = true)]
    max_executions: u64,
    /// Limit of preemptions per execution [default: none for small runs, otherwise 2].
    #[arg(long, value_name = "NUMBER", help_heading = group::SEARCH, value_parser = arguments::whole::<usize>, allow_negative_numbers = true)]
    preemptions: Option<usize>,
    /// Time limit in seconds.
    #[arg(long, value_name = "SECONDS", help_heading = group::SEARCH, default_value = "120", value_parser = arguments::seconds, allow_negative_numbers = true)]
    time: Duration,
    #[command(flatten)]
    save: arguments::Save,
}

pub(super) fn run(arguments: &Arguments, output: &Output, interrupted: &Arc<AtomicBool>) -> Result<Exit, Failure> {
    let primitive = arguments.subject.lock.0;
    let scenario = arguments.what.scenario(2)?;
    if scenario.processes > loom::MOST_PROCESSES {
        let (asked, most) = (scenario.processes, loom::MOST_PROCESSES);
        return Err(format!(
            "loom runs at most {most} contenders, not {asked}; use `onewinner explore` or `onewinner race`"
        )
        .into());
    }
    let preemptions = arguments
        .preemptions
        .or_else(|| loom::default_preemptions(primitive, &scenario));
    let plan = Plan {
        subject: Subject::Primitive(primitive),
        scenario,
        fault_sweep: FaultSweep::Nothing,
        backend: Backend::Loom(Bounds {
            executions: arguments.max_executions,
            preemptions,
            time: arguments.time,
        }),
        seed: output.seed,
        judged: Judging::All,
    };
    let save = arguments.save.save.clone().map_or(Save::Nowhere, Save::At);
    let (claim, alone) = (arguments.subject.claimed.expect.into(), Allowance::ForEach { jobs: 1 });
    let files = Files { save, page: None };
    output.judge("model", &[plan], Question::of(claim), &files, alone, interrupted)
}
