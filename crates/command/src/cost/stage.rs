//! A stage: measures that take turns.
//!
//! It runs one block of each cell (a lock, a measure, a target), then the next block of each.

use super::Run;
use super::bench_dir::BenchDir;
use super::cell::Cell;
use super::row::{Measure, Row};
use onewinner_core::primitive::LockPrimitive;

/// Measures that take turns.
pub(super) struct Stage(Vec<Measure>);

impl Stage {
    /// Groups the requested measures into stages, in the order in which they run.
    pub(super) fn all(measures: &[Measure]) -> Vec<Self> {
        let mut sorted = measures.to_vec();
        sorted.sort_unstable();
        sorted.dedup();
        let mut stages: Vec<Self> = Vec::new();
        for measure in sorted {
            match stages.last_mut() {
                Some(last) if last.takes(measure) => last.0.push(measure),
                _ => stages.push(Self(vec![measure])),
            }
        }
        stages
    }

    /// Whether the measure takes turns with those of this stage. Measures with different numbers of files do not.
    fn takes(&self, measure: Measure) -> bool {
        let kind = |measure: Measure| match measure {
            Measure::Contenders(_) => 1,
            Measure::Files(number) => number + 2,
            Measure::Depth(_) => u64::MAX,
            _ => 0,
        };
        self.0.first().is_some_and(|first| kind(*first) == kind(measure))
    }

    /// Runs all blocks of all cells. `progress` gets the share that is done, and what comes next.
    pub(super) fn run(&self, run: &Run<'_>, dirs: &[BenchDir], progress: &mut dyn FnMut(f64, &str)) -> Vec<Row> {
        let mut cells = self.cells(run, dirs);
        let amount = &run.options.amount;
        let total = cells.len() as f64 * f64::from(amount.blocks);
        for block in 0..amount.blocks {
            for (number, (dir, cell)) in cells.iter_mut().enumerate() {
                if cell.missing.is_some() {
                    continue;
                }
                if let Some(over) = run.over().or_else(|| dir.obstacle()) {
                    cell.end(&over);
                    continue;
                }
                let done = f64::from(block) * total / f64::from(amount.blocks) + number as f64;
                progress(done / total, &format!("{} · {}", cell.name(), cell.measure));
                match cell.block(amount, run.workers(), &format!("{number}-{block}")) {
                    Ok(more) => cell.add(more),
                    Err(unmeasured) => {
                        if !unmeasured.is_out_of_time() {
                            dir.check(run);
                        }
                        cell.end(&dir.obstacle().unwrap_or(unmeasured));
                    }
                }
            }
        }
        let row = |(dir, cell): (&BenchDir, Cell)| cell.row(&dir.name, &dir.kind);
        cells.into_iter().map(row).collect()
    }

    fn cells<'a>(&self, run: &Run<'_>, dirs: &'a [BenchDir]) -> Vec<(&'a BenchDir, Cell)> {
        let mut cells = Vec::new();
        for dir in dirs {
            for measure in &self.0 {
                let prepare = match run.over() {
                    Some(over) => Err(over),
                    None => dir.prepare(*measure, run),
                };
                let (ways, missing) = match prepare {
                    Ok(ways) => (ways, None),
                    Err(unmeasured) => (Vec::new(), Some(unmeasured.to_string())),
                };
                let locks: Vec<Option<&'static dyn LockPrimitive>> = match measure {
                    Measure::Yardstick => vec![None],
                    _ => run.options.locks.iter().copied().map(Some).collect(),
                };
                cells.extend(locks.into_iter().map(|lock| {
                    let mut cell = Cell::new(*measure, lock, ways.clone());
                    cell.missing.clone_from(&missing);
                    (dir, cell)
                }));
            }
        }
        cells
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_that_share_a_directory_take_turns_and_a_directory_that_fills_up_fills_once() {
        let stages = Stage::all(&[
            Measure::Files(100),
            Measure::Depth(4),
            Measure::Losing,
            Measure::Contenders(2),
            Measure::Files(1),
            Measure::Yardstick,
            Measure::Contenders(1),
            Measure::Files(100),
            Measure::Depth(1),
        ]);
        let stages: Vec<Vec<Measure>> = stages.into_iter().map(|stage| stage.0).collect();
        assert_eq!(
            stages,
            [
                vec![Measure::Yardstick, Measure::Losing],
                vec![Measure::Contenders(1), Measure::Contenders(2)],
                vec![Measure::Files(1)],
                vec![Measure::Files(100)],
                vec![Measure::Depth(1), Measure::Depth(4)],
            ]
        );
    }
}
