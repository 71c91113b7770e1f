//! `onewinner matrix`: test locks in many directories.

use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::Args;
use clap::builder::{PossibleValuesParser, TypedValueParser};

use super::Failure;
use super::arguments::{self, Lock, group, locks};
use super::output::{Output, counting};
use super::page::Page;
use crate::matrix::{Column, ColumnState, Matrix, MatrixEvent, Settings, is_complete, run as fill};
use crate::report::html;
use crate::report::matrix::{Detail, write};
use onewinner_core::primitive;
use onewinner_core::verdict::Exit;

use crate::mount;

/// The group of the options that say how a cell is measured.
const HOW: &str = "How to test";

/// The arguments of `matrix`.
#[derive(Args)]
#[command(next_display_order = 1)]
pub(super) struct Arguments {
    /// The locks to test; see `onewinner list` [default: all].
    #[arg(value_name = "LOCK", help_heading = group::WHAT, display_order = 0, value_parser = locks(), hide_possible_values = true)]
    locks: Vec<Lock>,
    /// A directory to test, or A,B for two mounts of one directory; repeatable [default: the temporary
    /// directory].
    #[arg(long, value_name = "DIRECTORY", help_heading = group::WHAT, value_parser = ways)]
    dir: Vec<Ways>,
    /// Make and mount these file systems for the run; `onewinner doctor --verbose` lists them.
    #[arg(long, value_name = "NAME,…", help_heading = group::WHAT, hide_possible_values = true, value_delimiter = ',', value_parser = recipes())]
    make: Vec<String>,
    /// A first look: fewer rounds and shorter measurements.
    #[arg(long, help_heading = HOW)]
    quick: bool,
    /// Races for each lock in each directory; the default finds a lock that fails in 0.1 % of them
    /// [default: 5000; --quick: 300].
    #[arg(long, value_name = "NUMBER", help_heading = HOW, value_parser = arguments::race_rounds, allow_negative_numbers = true)]
    rounds: Option<u64>,
    /// Number of processes, 2 to 64.
    #[arg(short = 'n', long, value_name = "NUMBER", help_heading = HOW, default_value = "16", value_parser = arguments::processes, allow_negative_numbers = true)]
    processes: usize,
    /// Exit with 1 if a lock does not do what `onewinner list` claims.
    #[arg(long, help_heading = group::OUTPUT)]
    judge: bool,
    /// Print all numbers of each cell.
    #[arg(long, help_heading = group::OUTPUT)]
    details: bool,
    /// Time limit in seconds for each lock in each directory.
    #[arg(long, value_name = "SECONDS", help_heading = HOW, default_value = "120", value_parser = arguments::seconds, allow_negative_numbers = true)]
    cell_time: Duration,
    /// Seconds after which an unfinished operation counts as hung.
    #[arg(long, value_name = "SECONDS", help_heading = HOW, default_value = "10", value_parser = arguments::seconds, allow_negative_numbers = true)]
    worker_time: Duration,
    /// Write a page with the table, and the numbers of each cell.
    #[arg(long, value_name = "FILE", help_heading = group::OUTPUT)]
    html: Option<PathBuf>,
}

/// No failure in this many rounds bounds the failure rate by 0.06 %; a rate of 0.1 % shows in 99.3 % of all runs.
const ROUNDS: u64 = 5_000;

/// One or more mounts of one store.
#[derive(Clone)]
pub(super) struct Ways(pub(super) Vec<PathBuf>);

pub(super) fn ways(text: &str) -> Result<Ways, String> {
    let ways: Vec<PathBuf> = text.split(',').map(PathBuf::from).collect();
    if ways.iter().any(|way| way.as_os_str().is_empty()) {
        return Err("give a directory, or several mounts of one store as A,B".to_owned());
    }
    Ok(Ways(ways))
}

pub(super) fn recipes() -> impl TypedValueParser<Value = String> {
    PossibleValuesParser::new(mount::ALL.iter().map(|recipe| recipe.name()))
}

impl Arguments {
    fn settings(&self, seed: u64) -> Settings {
        let millis = |time: Duration| u64::try_from(time.as_millis()).unwrap_or(u64::MAX);
        let (rounds, other_rounds, blocks, slice_ms) = if self.quick {
            (300, 100, 2, 10)
        } else {
            (ROUNDS, 1_000, 5, 20)
        };
        Settings {
            processes: self.processes,
            rounds: self.rounds.unwrap_or(rounds),
            other_rounds: self.rounds.map_or(other_rounds, |rounds| rounds.min(other_rounds)),
            blocks,
            slice_ms,
            cell_ms: millis(self.cell_time),
            worker_ms: millis(self.worker_time),
            seed,
        }
    }

    fn matrix(&self, seed: u64) -> Result<Matrix, Failure> {
        let mut directories = Vec::new();
        for Ways(ways) in &self.dir {
            // Worker processes have other working directories.
            let absolute = ways.iter().map(std::path::absolute).collect::<Result<Vec<_>, _>>()?;
            if !directories.contains(&absolute) {
                directories.push(absolute);
            }
        }
        if directories.is_empty() && self.make.is_empty() {
            directories.push(vec![std::env::temp_dir()]);
        }
        let named = |lock: &Lock| lock.0.name().to_owned();
        Ok(Matrix {
            directories,
            makes: once(self.make.iter().cloned()),
            locks: if self.locks.is_empty() {
                primitive::ALL
                    .iter()
                    .map(|primitive| primitive.name().to_owned())
                    .collect()
            } else {
                once(self.locks.iter().map(named))
            },
            settings: self.settings(seed),
        })
    }
}

/// Removes repeated names.
fn once(names: impl Iterator<Item = String>) -> Vec<String> {
    let mut all = Vec::new();
    for name in names {
        if !all.contains(&name) {
            all.push(name);
        }
    }
    all
}

pub(super) fn run(arguments: &Arguments, output: &Output, interrupted: &Arc<AtomicBool>) -> Result<Exit, Failure> {
    let matrix = arguments.matrix(output.seed)?;
    let page = arguments.html.as_deref().map(Page::at).transpose()?;
    let progress = counting((matrix.directories.len() + matrix.makes.len()) * matrix.locks.len());
    let columns = fill(&matrix, interrupted, &mut |event| match event {
        MatrixEvent::Column(column) => progress.set_message(column.name.clone()),
        MatrixEvent::Cell(column, cell) => {
            progress.set_message(format!("{} · {}", cell.lock, column.name));
            progress.inc(1);
        }
    })?;
    progress.finish_and_clear();
    let exit = if interrupted.load(Ordering::Relaxed) {
        Exit::Interrupted
    } else {
        exit(&columns, arguments.judge)
    };
    let detail = if arguments.details {
        Detail::Everything
    } else {
        Detail::Remarkable
    };
    output.text(|out| write(out, &columns, detail, output.width))?;
    output.json("matrix", exit, &columns)?;
    if let Some(page) = page {
        page.write(&html::matrix(&columns, &matrix.settings))?;
    }
    Ok(exit)
}

fn exit(columns: &[Column], judge: bool) -> Exit {
    let mut exit = if is_complete(columns) {
        Exit::AsClaimed
    } else {
        Exit::Inconclusive
    };
    if columns
        .iter()
        .any(|column| matches!(column.state, ColumnState::Misused { .. }))
    {
        exit = exit.and(Exit::Usage);
    }
    let mut cells = columns.iter().flat_map(|column| &column.cells);
    if judge && cells.any(crate::matrix::Cell::fails) {
        exit = exit.and(Exit::NotAsClaimed);
    }
    exit
}

#[cfg(test)]
mod tests {
    use super::*;
    use onewinner_core::statistics::rate_bounds;

    #[test]
    fn a_rate_of_one_in_a_thousand_is_visible_at_the_default() {
        let rate = 0.001_f64;
        let missed = (1.0 - rate).powi(ROUNDS.try_into().unwrap());
        assert!(missed < 0.01, "it is missed in {missed} of all runs");
        assert!(rate_bounds(0, ROUNDS).upper < rate, "a pass excludes it");
        let command = <Command as clap::Parser>::parse_from(["matrix"]);
        assert_eq!(command.arguments.settings(0).rounds, ROUNDS);
    }

    #[derive(clap::Parser)]
    struct Command {
        #[command(flatten)]
        arguments: Arguments,
    }

    #[test]
    fn what_is_named_twice_is_done_once() {
        let words = "matrix mkdir flock mkdir --make tmpfs,bind,tmpfs --dir /a --dir /b,/a --dir /a";
        let command = <Command as clap::Parser>::parse_from(words.split(' '));
        let matrix = command.arguments.matrix(0).unwrap();
        let all = |names: &[String]| names.join(" ");
        assert_eq!(
            (all(&matrix.locks), all(&matrix.makes)),
            ("mkdir flock".into(), "tmpfs bind".into())
        );
        let ways = [vec!["/a".into()], vec![PathBuf::from("/b"), "/a".into()]];
        assert_eq!(matrix.directories, ways);
    }
}
