//! `onewinner list`: the locks that come with onewinner, and which properties each keeps.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use clap::Args;
use comfy_table::{Table, presets};
use serde::Serialize;

use super::Failure;
use super::arguments::{Lock, group, locks};
use super::output::Output;
use crate::report;
use onewinner_check::verdicts;
use onewinner_core::primitive::{self, CrashClass, Expectation, LockPrimitive};
use onewinner_core::verdict::Exit;

/// The arguments of `list`.
#[derive(Args, Default)]
#[command(next_display_order = 1)]
pub(super) struct Arguments {
    /// Only these locks [default: all].
    #[arg(value_name = "LOCK", help_heading = "What to list", display_order = 0, value_parser = locks(), hide_possible_values = true)]
    locks: Vec<Lock>,
    /// Search several configurations; print which properties each lock keeps, and the smallest
    /// configuration that breaks the others.
    #[arg(long, help_heading = "What to list")]
    verdicts: bool,
    /// Print the table of --verdicts in Markdown.
    #[arg(long, help_heading = group::OUTPUT, requires = "verdicts", conflicts_with = "json")]
    markdown: bool,
}

#[derive(Serialize)]
struct Row {
    lock: &'static str,
    protocol: &'static str,
    claim: Expectation,
    crash_class: CrashClass,
}

pub(super) fn run(arguments: &Arguments, output: &Output, interrupted: &Arc<AtomicBool>) -> Result<Exit, Failure> {
    let chosen = || arguments.locks.iter().map(|lock| lock.0);
    let locks: Vec<&'static dyn LockPrimitive> = if arguments.locks.is_empty() {
        primitive::ALL.to_vec()
    } else {
        chosen().collect()
    };
    if arguments.verdicts {
        return judge(&locks, arguments.markdown, output, interrupted);
    }
    let rows: Vec<Row> = locks
        .iter()
        .map(|primitive| Row {
            lock: primitive.name(),
            protocol: primitive.protocol(),
            claim: primitive.expectation(),
            crash_class: primitive.crash_class(),
        })
        .collect();
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    for row in &rows {
        let claim = match row.claim {
            Expectation::ExactlyOneWinner => "exactly one winner",
            Expectation::SeveralWinners => "several winners",
        };
        table.add_row([row.lock, claim, row.protocol]);
    }
    output.text(|out| {
        for line in table.lines() {
            writeln!(out, "{}", line.trim())?;
        }
        Ok(())
    })?;
    output.json("list", Exit::AsClaimed, &rows)?;
    Ok(Exit::AsClaimed)
}

/// Prints the table of verdicts. It judges no claim; if a limit cuts a search, its cell stays open.
fn judge(
    locks: &[&'static dyn LockPrimitive],
    markdown: bool,
    output: &Output,
    interrupted: &Arc<AtomicBool>,
) -> Result<Exit, Failure> {
    let progress = super::output::counting(locks.len());
    let rows = verdicts::rows(locks, verdicts::limits(), interrupted, &|row| {
        progress.set_message(row.lock);
        progress.inc(1);
    });
    progress.finish_and_clear();
    let exit = if interrupted.load(Ordering::Relaxed) {
        Exit::Interrupted
    } else if rows.iter().any(verdicts::VerdictRow::is_undecided) {
        Exit::Inconclusive
    } else {
        Exit::AsClaimed
    };
    output.text(|out| {
        if markdown {
            report::verdicts::markdown(out, &rows)
        } else {
            report::verdicts::write(out, &rows)
        }
    })?;
    output.json("list", exit, &rows)?;
    Ok(exit)
}
