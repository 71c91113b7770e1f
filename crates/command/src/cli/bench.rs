//! `onewinner bench`: measure what an acquisition costs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::Failure;
use super::arguments::{self, Lock, group};
use super::matrix::{Ways, recipes, ways};
use super::output::{self, Output};
use super::page::Page;
use crate::cost::compare::{Change, Comparison, compare};
use crate::cost::{self, Amount, BenchTarget, DEEPEST, MOST_CONTENDERS, MOST_FILES, Measure, Measured, Options, Row};
use crate::matrix::measure_made;
use crate::report;
use onewinner_core::primitive;
use onewinner_core::verdict::Exit;

/// The group of the options that say what is measured.
const MEASURES: &str = "What to measure";
/// The group of the options that say how long.
const HOW: &str = "How to measure";

/// The arguments of `bench`.
#[derive(Args)]
#[command(next_display_order = 1)]
pub(super) struct Arguments {
    /// The locks to measure; see `onewinner list` [default: all].
    #[arg(value_name = "LOCK", help_heading = MEASURES, display_order = 0, value_parser = arguments::locks(), hide_possible_values = true)]
    locks: Vec<Lock>,
    /// A directory to measure, or A,B for two mounts of one directory; repeatable [default: the temporary
    /// directory].
    #[arg(long, value_name = "DIRECTORY", help_heading = MEASURES, value_parser = ways)]
    dir: Vec<Ways>,
    /// Make and mount these file systems for the run; `onewinner doctor --verbose` lists them.
    #[arg(long, value_name = "NAME,…", help_heading = MEASURES, hide_possible_values = true, value_delimiter = ',', value_parser = recipes())]
    make: Vec<String>,
    /// What to measure: uncontended, losing, hand-over, rounds, contenders, files, depth [default: all].
    #[arg(long, value_name = "NAME,…", help_heading = MEASURES, hide_possible_values = true, value_delimiter = ',')]
    measure: Vec<Kind>,
    /// Numbers of processes that contend [default: 1,2,4,8,16,32,64].
    #[arg(long, value_name = "NUMBERS", help_heading = MEASURES, value_delimiter = ',', value_parser = contenders)]
    contenders: Vec<u32>,
    /// Numbers of files in the lock's directory [default: 1,10,100,1000,10000,100000].
    #[arg(long, value_name = "NUMBERS", help_heading = MEASURES, value_delimiter = ',', value_parser = files)]
    files: Vec<u64>,
    /// Numbers of directories above the lock [default: 1,2,4,8,16,32].
    #[arg(long, value_name = "NUMBERS", help_heading = MEASURES, value_delimiter = ',', value_parser = depth)]
    depth: Vec<u32>,
    /// A first look: fewer and shorter blocks, and fewer sizes.
    #[arg(long, help_heading = HOW)]
    quick: bool,
    /// Blocks (short series of samples) per measurement; --compare needs at least 6 [default: 10; --quick: 6].
    #[arg(long, value_name = "NUMBER", help_heading = HOW, value_parser = blocks)]
    blocks: Option<u32>,
    /// Duration of a block in seconds [default: 0.02; --quick: 0.005].
    #[arg(long, value_name = "SECONDS", help_heading = HOW, value_parser = arguments::seconds)]
    slice: Option<Duration>,
    /// Time limit in seconds for everything; the report names what was not measured.
    #[arg(long, value_name = "SECONDS", help_heading = HOW, default_value = "600", value_parser = arguments::seconds)]
    time: Duration,
    /// Seconds that a block may overrun before its processes count as hung.
    #[arg(long, value_name = "SECONDS", help_heading = HOW, default_value = "30", value_parser = arguments::seconds)]
    worker_time: Duration,
    /// Compare with an earlier result of `bench --json`.
    #[arg(long, value_name = "FILE", help_heading = group::OUTPUT)]
    compare: Option<PathBuf>,
    /// Write the numbers as CSV.
    #[arg(long, value_name = "FILE", help_heading = group::OUTPUT)]
    csv: Option<PathBuf>,
    /// Write plots as SVG files into this folder.
    #[arg(long, value_name = "FOLDER", help_heading = group::OUTPUT)]
    svg: Option<PathBuf>,
}

/// A kind of measure, as an argument.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Acquire and release without contention.
    Uncontended,
    /// An attempt while another process holds the lock.
    Losing,
    /// From a release until another process holds the lock.
    HandOver,
    /// Rounds of a race, with live workers and with workers forked for each round.
    Rounds,
    /// Acquisitions by several contenders, and how fairly they share the lock.
    Contenders,
    /// Acquire and release, by the number of files in the lock's directory.
    Files,
    /// Acquire and release, by the depth of the path.
    Depth,
}

/// The default sizes.
const CONTENDERS: [u32; 7] = [1, 2, 4, 8, 16, 32, 64];
const FILES: [u64; 6] = [1, 10, 100, 1_000, 10_000, 100_000];
const DEPTHS: [u32; 6] = [1, 2, 4, 8, 16, 32];
/// The default sizes with `--quick`.
const QUICK_CONTENDERS: [u32; 3] = [1, 2, 8];
const QUICK_FILES: [u64; 2] = [1, 1_000];
const QUICK_DEPTHS: [u32; 2] = [1, 16];

/// The number of blocks, and the duration of each.
const BLOCKS: (u32, Duration) = (10, Duration::from_millis(20));
const QUICK_BLOCKS: (u32, Duration) = (6, Duration::from_millis(5));

impl Arguments {
    fn options(&self) -> Options {
        let (blocks, slice) = if self.quick { QUICK_BLOCKS } else { BLOCKS };
        Options {
            locks: if self.locks.is_empty() {
                primitive::ALL.to_vec()
            } else {
                self.locks.iter().map(|lock| lock.0).collect()
            },
            places: if self.dir.is_empty() && self.make.is_empty() {
                vec![BenchTarget::given(vec![std::env::temp_dir()])]
            } else {
                self.dir
                    .iter()
                    .map(|Ways(ways)| BenchTarget::given(ways.clone()))
                    .collect()
            },
            measures: self.measures(),
            amount: Amount {
                blocks: self.blocks.unwrap_or(blocks),
                slice: self.slice.unwrap_or(slice),
                worker_limit: self.worker_time,
            },
            time_limit: self.time,
        }
    }

    /// Measures in existing directories first, then on the file systems that it makes.
    fn measured(&self, interrupted: &AtomicBool) -> Result<Measured, Failure> {
        let options = self.options();
        let progress = output::counting(100);
        let (given, made) = (options.places.len() as f64, self.make.len() as f64);
        let show = |before: f64, part: f64, share: f64, what: &str| {
            progress.set_message(what.to_owned());
            progress.set_position(((before + share * part) * 100.0 / (given + made)) as u64);
        };
        let measured = || -> Result<Measured, Failure> {
            let mut measured = cost::measure(&options, interrupted, &mut |share, what| show(0.0, given, share, what))?;
            if !self.make.is_empty() {
                let mut show = |share: f64, what: &str| show(given, made, share, what);
                let more = measure_made(&options, &self.make, interrupted, &mut show)?;
                measured.rows.extend(more.rows);
                measured.left.extend(more.left);
            }
            Ok(measured)
        };
        let measured = measured();
        progress.finish_and_clear();
        measured
    }

    /// The requested measures: by name, or because their sizes were given.
    fn measures(&self) -> Vec<Measure> {
        let numbered = [
            (Kind::Contenders, !self.contenders.is_empty()),
            (Kind::Files, !self.files.is_empty()),
            (Kind::Depth, !self.depth.is_empty()),
        ];
        let requested =
            |kind: &Kind| self.measure.is_empty() || self.measure.contains(kind) || numbered.contains(&(*kind, true));
        let mut measures = vec![Measure::Yardstick];
        for kind in Kind::value_variants().iter().filter(|kind| requested(kind)) {
            match kind {
                Kind::Uncontended => measures.push(Measure::Uncontended),
                Kind::Losing => measures.push(Measure::Losing),
                Kind::HandOver => measures.push(Measure::HandOver),
                Kind::Rounds => measures.extend([Measure::Live, Measure::Fresh]),
                Kind::Contenders => {
                    let numbers = chosen(&self.contenders, self.quick, &QUICK_CONTENDERS, &CONTENDERS);
                    measures.extend(numbers.iter().copied().map(Measure::Contenders));
                }
                Kind::Files => {
                    let numbers = chosen(&self.files, self.quick, &QUICK_FILES, &FILES);
                    measures.extend(numbers.iter().copied().map(Measure::Files));
                }
                Kind::Depth => {
                    let numbers = chosen(&self.depth, self.quick, &QUICK_DEPTHS, &DEPTHS);
                    measures.extend(numbers.iter().copied().map(Measure::Depth));
                }
            }
        }
        measures
    }

    /// The files for tables and plots; rejects those that cannot be written, before the run takes minutes.
    fn files(&self) -> Result<Option<Page<'_>>, Failure> {
        if let Some(folder) = &self.svg {
            fs::create_dir_all(folder).map_err(|error| {
                format!("failed to create the folder {folder:?}: {error}; name another one with --svg")
            })?;
            Page::at(&folder.join("cost.svg"))?;
        }
        self.csv.as_deref().map(Page::at).transpose()
    }

    /// Writes the tables and plots.
    fn write(&self, csv: Option<Page<'_>>, rows: &[Row]) -> Result<(), Failure> {
        if let Some(csv) = csv {
            csv.write(&report::csv::text(rows))?;
        }
        if let Some(folder) = &self.svg {
            for plot in report::svg::plots(rows) {
                Page::at(&folder.join(plot.name))?.write(&plot.svg)?;
            }
        }
        Ok(())
    }
}

fn chosen<'a, T>(given: &'a [T], quick: bool, few: &'a [T], many: &'a [T]) -> &'a [T] {
    match (given.is_empty(), quick) {
        (false, _) => given,
        (true, true) => few,
        (true, false) => many,
    }
}

/// A row of the JSON document.
#[derive(Serialize)]
struct JsonRow<'a> {
    #[serde(flatten)]
    row: &'a Row,
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<&'a Change>,
}

/// An earlier JSON document.
#[derive(Deserialize)]
struct Earlier {
    format: String,
    version: u32,
    command: String,
    results: Vec<Row>,
}

fn earlier(path: &Path) -> Result<Vec<Row>, Failure> {
    let advice = "give a file that `onewinner bench --json` printed";
    let text = fs::read_to_string(path).map_err(|error| format!("failed to read {path:?}: {error}; {advice}"))?;
    let found: Earlier =
        serde_json::from_str(&text).map_err(|error| format!("failed to read {path:?}: {error}; {advice}"))?;
    let Earlier {
        format,
        version,
        command,
        results,
    } = found;
    if (&*format, version, &*command) != ("onewinner", report::json::VERSION, "bench") {
        let found = format!("a {format} document, version {version}, of the command `{command}`");
        return Err(format!("failed to compare with {path:?}: it is {found}; {advice}").into());
    }
    Ok(results)
}

pub(super) fn run(arguments: &Arguments, output: &Output, interrupted: &Arc<AtomicBool>) -> Result<Exit, Failure> {
    let csv = arguments.files()?;
    let before = arguments.compare.as_deref().map(earlier).transpose()?;
    let Measured { rows, left } = arguments.measured(interrupted)?;
    let exit = if interrupted.load(Ordering::Relaxed) {
        Exit::Interrupted
    } else if !left.is_empty() || rows.iter().any(|row| row.missing.is_some()) {
        Exit::Inconclusive
    } else {
        Exit::AsClaimed
    };
    let comparison = before.map(|before| compare(&before, &rows));
    let printed = print(arguments, output, exit, &rows, &left, comparison.as_ref());
    // Print and write, even if one of the two fails.
    arguments.write(csv, &rows)?;
    printed?;
    Ok(exit)
}

/// Prints the measurements.
fn print(
    arguments: &Arguments,
    output: &Output,
    exit: Exit,
    rows: &[Row],
    left: &[String],
    comparison: Option<&Comparison>,
) -> Result<(), Failure> {
    output.text(|out| {
        report::cost::write(out, rows)?;
        report::cost::left(out, left)?;
        match (comparison, &arguments.compare) {
            (Some(comparison), Some(path)) => report::cost::compared(out, comparison, path),
            _ => Ok(()),
        }
    })?;
    let changes = comparison.into_iter().flat_map(|comparison| &comparison.changes);
    let changes: Vec<&Change> = changes.collect();
    let json_rows = rows.iter().map(|row| JsonRow {
        row,
        compared: changes.iter().copied().find(|change| {
            (&change.lock, &change.directory, change.measure) == (&row.lock, &row.directory, row.measure)
        }),
    });
    Ok(output.json("bench", exit, &json_rows.collect::<Vec<_>>())?)
}

fn contenders(text: &str) -> Result<u32, String> {
    arguments::within(text, 1..=u32::try_from(MOST_CONTENDERS).expect("it is 64"))
}

fn files(text: &str) -> Result<u64, String> {
    arguments::within(text, 0..=MOST_FILES)
}

fn depth(text: &str) -> Result<u32, String> {
    arguments::within(text, 0..=DEEPEST)
}

fn blocks(text: &str) -> Result<u32, String> {
    arguments::within(text, 1..=1_000)
}
