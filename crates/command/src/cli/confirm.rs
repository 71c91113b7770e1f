//! `onewinner confirm`: check a broken lock and its repair on every backend, side by side.

use std::io::{self, Write};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use serde::Serialize;

use super::Failure;
use super::output::{self, Output};
use crate::report::summary::{self, Layout};
use onewinner_check::confirm::{Evidence, evidence};
use onewinner_check::text::verdict as terminal;
use onewinner_core::backend::BackendKind;
use onewinner_core::primitive::{self, Expectation, LockPrimitive};
use onewinner_core::verdict::{Exit, Judged, Verdict};

/// A verdict of `confirm` in the JSON document.
#[derive(Serialize)]
struct Row {
    evidence: &'static str,
    /// The expected result; absent if this evidence may miss the bug.
    claim: Option<Expectation>,
    exit: u8,
    #[serde(flatten)]
    judged: Judged,
}

pub(super) fn run(output: &Output, interrupted: &Arc<AtomicBool>) -> Result<Exit, Failure> {
    let mut rows: Vec<Row> = Vec::new();
    let mut exit = Exit::AsClaimed;
    let all: Vec<(&'static dyn LockPrimitive, Vec<Evidence>)> = primitive::CONTROLS
        .iter()
        .map(|lock| (*lock, evidence(*lock, output.seed)))
        .collect();
    let columns: Vec<_> = all.iter().map(|(lock, _)| (lock.name(), lock.expectation())).collect();
    let names: Vec<_> = columns.iter().map(|(lock, _)| *lock).collect();
    let layout = Layout::within(output.width, &names);
    output.text(|out| summary::heading(out, &layout, &columns, output.seed))?;
    let count = all.iter().map(|(_, evidence)| evidence.len()).max().unwrap_or(0);
    for piece in 0..count {
        let mut cells = Vec::new();
        for (_, evidence) in &all {
            if interrupted.load(Ordering::Relaxed) {
                break;
            }
            let evidence = &evidence[piece];
            let (judged, own) = gather(evidence, interrupted)?;
            if evidence.claim.is_some() {
                exit = exit.and(own);
            }
            cells.push(summary::cell(&judged, evidence.claim.map(|_| own)));
            rows.push(Row {
                evidence: evidence.title,
                claim: evidence.claim,
                exit: own.code(),
                judged,
            });
        }
        if cells.is_empty() {
            break;
        }
        let title = all.first().map_or("", |(_, evidence)| evidence[piece].title);
        output.text(|out| summary::line(out, &layout, title, &cells))?;
    }
    if interrupted.load(Ordering::Relaxed) {
        exit = Exit::Interrupted;
    }
    output.text(|out| conclusion(out, &rows, exit, output.width))?;
    output.json("confirm", exit, &rows)?;
    Ok(exit)
}

/// Runs the plans of one piece of evidence, and returns the worst verdict.
fn gather(evidence: &Evidence, interrupted: &Arc<AtomicBool>) -> Result<(Judged, Exit), Failure> {
    let claim = evidence.claim.unwrap_or(Expectation::ExactlyOneWinner);
    let mut gathered: Option<(Judged, Exit)> = None;
    for plan in &evidence.plans {
        let judged = output::run(plan, interrupted)?;
        let own = onewinner_check::exit(&judged.verdict, &judged.coverage, claim);
        let is_worse = gathered.as_ref().is_none_or(|(_, before)| before.and(own) != *before);
        if is_worse {
            gathered = Some((judged, own));
        }
    }
    gathered.ok_or_else(|| "no evidence was planned".into())
}

fn conclusion(out: &mut dyn Write, rows: &[Row], exit: Exit, width: usize) -> io::Result<()> {
    let shortest = rows
        .iter()
        .filter_map(|row| match &row.judged.verdict {
            Verdict::Violated(shown) if !shown.execution.schedule.is_empty() && row.claim.is_some() => {
                Some((row, shown))
            }
            _ => None,
        })
        // Among equally short ones, prefer real processes.
        .min_by_key(|(row, shown)| {
            let modelled = row.judged.coverage.backend != BackendKind::Traced;
            (
                shown.execution.history.processes,
                shown.execution.schedule.len(),
                modelled,
            )
        });
    if let Some((row, shown)) = shortest {
        let lock = &row.judged.coverage.lock;
        let processes = match row.judged.coverage.backend {
            BackendKind::Traced => "with real processes",
            _ => "with simulated processes",
        };
        writeln!(out, "\nHow {lock} fails, {processes}: {}", shown.sentence)?;
        terminal::interleaving(out, shown, width)?;
    }
    match exit {
        Exit::AsClaimed => writeln!(
            out,
            "\nBoth locks do what is claimed: the broken one fails, the correct one holds."
        ),
        Exit::Interrupted => writeln!(out, "\nInterrupted: the completed lines are above."),
        Exit::Inconclusive => writeln!(
            out,
            "\nInconclusive: not everything could be decided; the table says why."
        ),
        Exit::NotAsClaimed | Exit::Usage | Exit::Bug => {
            writeln!(
                out,
                "\nNOT AS CLAIMED: see the marked lines above; `onewinner explore LOCK` shows the interleaving."
            )
        }
    }
}
