//! `onewinner bench`: what an acquisition costs.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::{Args, ValueEnum};
use serde::{Deserialize, Serialize};

use super::Failure;
use super::arguments::{self, Lock};
use super::matrix::{Ways, recipes, ways};
use super::output::{self, Output};
use super::page::Page;
use crate::cost::compare::{Change, Comparison, compare};
use crate::cost::{self, Amount, DEEPEST, MOST_CONTENDERS, MOST_FILES, Measure, Measured, Options, Place, Row};
use crate::matrix::measure_made;
use crate::report;
use onewinner_core::primitive;
use onewinner_core::verdict::Exit;

/// What is measured, where, and where that goes.
#[derive(Args)]
pub(super) struct Arguments {
    /// The locks; all of them, if none is given.
    #[arg(value_name = "LOCK", value_parser = arguments::locks(), hide_possible_values = true)]
    locks: Vec<Lock>,
    /// A directory, on the file system in question; or several mounts of one store, as A,B: processes are divided between
    /// them. Repeatable; the temporary directory, if nothing else is asked for.
    #[arg(long, value_name = "DIRECTORY", value_parser = ways)]
    dir: Vec<Ways>,
    /// File systems to make and mount for the run, of which nothing stays.
    #[arg(long, value_name = "NAME,…", value_delimiter = ',', value_parser = recipes())]
    make: Vec<String>,
    /// What; everything, if nothing is given.
    #[arg(long, value_name = "NAME", value_delimiter = ',')]
    measure: Vec<Kind>,
    /// The numbers of contenders.
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', value_parser = contenders)]
    contenders: Vec<u32>,
    /// The numbers of files beside the lock.
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', value_parser = files)]
    files: Vec<u64>,
    /// How many directories deep the lock is.
    #[arg(long, value_name = "NUMBERS", value_delimiter = ',', value_parser = depth)]
    depth: Vec<u32>,
    /// A first look: fewer and shorter blocks, fewer numbers.
    #[arg(long)]
    quick: bool,
    /// How many blocks of each measurement; with fewer than six nothing can be compared.
    #[arg(long, value_name = "NUMBER", value_parser = blocks)]
    blocks: Option<u32>,
    /// How long a block lasts, in seconds.
    #[arg(long, value_name = "SECONDS", value_parser = arguments::seconds)]
    slice: Option<Duration>,
    /// The most time for everything, in seconds; what was not reached is told.
    #[arg(long, value_name = "SECONDS", default_value = "600", value_parser = arguments::seconds)]
    time: Duration,
    /// How long a block may take beyond its time before its processes count as hung, in seconds.
    #[arg(long, value_name = "SECONDS", default_value = "30", value_parser = arguments::seconds)]
    worker_time: Duration,
    /// An earlier result of --json, beside which this one is told.
    #[arg(long, value_name = "FILE")]
    compare: Option<PathBuf>,
    /// Where the numbers go as CSV.
    #[arg(long, value_name = "FILE")]
    csv: Option<PathBuf>,
    /// Where plots go, as SVG.
    #[arg(long, value_name = "FOLDER")]
    svg: Option<PathBuf>,
}

/// A kind of measure, as an argument.
#[derive(Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Kind {
    /// Acquire and release, alone.
    Uncontended,
    /// An attempt while another process has the lock.
    Losing,
    /// From a release to another process that has the lock.
    HandOver,
    /// Rounds of a race, with live workers and with fresh ones.
    Rounds,
    /// Acquisitions by several contenders, and their fairness.
    Contenders,
    /// Acquire and release against the files beside the lock.
    Files,
    /// Acquire and release against the depth of the path.
    Depth,
}

/// What is measured if no numbers are given.
const CONTENDERS: [u32; 7] = [1, 2, 4, 8, 16, 32, 64];
const FILES: [u64; 6] = [1, 10, 100, 1_000, 10_000, 100_000];
const DEPTHS: [u32; 6] = [1, 2, 4, 8, 16, 32];
/// And with `--quick`.
const QUICK_CONTENDERS: [u32; 3] = [1, 2, 8];
const QUICK_FILES: [u64; 2] = [1, 1_000];
const QUICK_DEPTHS: [u32; 2] = [1, 16];

/// Blocks, and how long each lasts.
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
                vec![Place::given(vec![std::env::temp_dir()])]
            } else {
                self.dir.iter().map(|Ways(ways)| Place::given(ways.clone())).collect()
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

    /// Measures in directories that are there, and then on file systems that are made.
    fn measured(&self, interrupted: &AtomicBool) -> Result<Measured, Failure> {
        let options = self.options();
        let progress = output::counting(100);
        let (given, made) = (options.places.len() as f64, self.make.len() as f64);
        let told = |before: f64, part: f64, share: f64, what: &str| {
            progress.set_message(what.to_owned());
            progress.set_position(((before + share * part) * 100.0 / (given + made)) as u64);
        };
        let measured = || -> Result<Measured, Failure> {
            let mut measured = cost::measure(&options, interrupted, &mut |share, what| told(0.0, given, share, what))?;
            if !self.make.is_empty() {
                let mut told = |share: f64, what: &str| told(given, made, share, what);
                let more = measure_made(&options, &self.make, interrupted, &mut told)?;
                measured.rows.extend(more.rows);
                measured.left.extend(more.left);
            }
            Ok(measured)
        };
        let measured = measured();
        progress.finish_and_clear();
        measured
    }

    /// What was asked for: by name, or by giving its numbers.
    fn measures(&self) -> Vec<Measure> {
        let numbered = [
            (Kind::Contenders, !self.contenders.is_empty()),
            (Kind::Files, !self.files.is_empty()),
            (Kind::Depth, !self.depth.is_empty()),
        ];
        let asked =
            |kind: &Kind| self.measure.is_empty() || self.measure.contains(kind) || numbered.contains(&(*kind, true));
        let mut measures = vec![Measure::Yardstick];
        for kind in Kind::value_variants().iter().filter(|kind| asked(kind)) {
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

    /// Where tables and plots go; refuses places that cannot be, before minutes are spent on what should go there.
    fn files(&self) -> Result<Option<Page<'_>>, Failure> {
        if let Some(folder) = &self.svg {
            fs::create_dir_all(folder).map_err(|error| format!("failed to make {folder:?}: {error}; name another"))?;
            Page::at(&folder.join("cost.svg"))?;
        }
        self.csv.as_deref().map(Page::at).transpose()
    }

    /// Writes them.
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

/// A row as it stands in a document.
#[derive(Serialize)]
struct Told<'a> {
    #[serde(flatten)]
    row: &'a Row,
    #[serde(skip_serializing_if = "Option::is_none")]
    compared: Option<&'a Change>,
}

/// An earlier document.
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
        let found = format!("{format}, version {version}, of `{command}`");
        return Err(format!("failed to compare with {path:?}: it is a document {found}; {advice}").into());
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
    let told = tell(arguments, output, exit, &rows, &left, comparison.as_ref());
    // A file that cannot be written takes nothing from what is printed, nor a reader that is gone from the files.
    arguments.write(csv, &rows)?;
    told?;
    Ok(exit)
}

/// Prints what was measured.
fn tell(
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
    let told = rows.iter().map(|row| Told {
        row,
        compared: changes.iter().copied().find(|change| {
            (&change.lock, &change.directory, change.measure) == (&row.lock, &row.directory, row.measure)
        }),
    });
    Ok(output.json("bench", exit, &told.collect::<Vec<_>>())?)
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
