//! `onewinner list`: the lock primitives.

use comfy_table::{Table, presets};
use serde::Serialize;

use super::Failure;
use super::output::Output;
use crate::primitive::{self, Expectation};
use crate::verdict::Exit;

#[derive(Serialize)]
struct Row {
    lock: &'static str,
    protocol: &'static str,
    claim: Expectation,
}

pub(super) fn run(output: &Output) -> Result<Exit, Failure> {
    let rows: Vec<Row> = primitive::ALL
        .iter()
        .map(|primitive| Row {
            lock: primitive.name(),
            protocol: primitive.protocol(),
            claim: primitive.expectation(),
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
