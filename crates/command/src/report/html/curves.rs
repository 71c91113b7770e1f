//! Plots of the costs in the matrix, drawn as `bench` draws them.

use maud::{Markup, PreEscaped, html};

use crate::cost::{Measure, Row};
use crate::matrix::{Cell, Column};
use crate::report::svg;

/// The plots: by file system, and by number of contenders.
pub(super) fn curves(columns: &[Column]) -> Markup {
    let is_alone = |row: &Row| row.measure == Measure::Uncontended;
    let (alone, _): (Vec<Row>, Vec<Row>) = columns.iter().flat_map(rows).partition(is_alone);
    html! {
        @if !alone.is_empty() {
            h2 { "What it costs" }
            @for plot in &svg::plots(&alone) { (figure(plot)) }
            @for column in columns {
                @let (_, among): (Vec<Row>, Vec<Row>) = rows(column).into_iter().partition(is_alone);
                @let plots = svg::plots(&among);
                @if !plots.is_empty() {
                    details open[plots.len() == 1] {
                        summary { "On " (column.name) ", by number of contenders" }
                        @for plot in &plots { (figure(plot)) }
                    }
                }
            }
        }
    }
}

fn figure(plot: &svg::Plot) -> Markup {
    html! { figure.plot { div.wide { (PreEscaped(plot.inline())) } } }
}

/// The costs of a column's cells, as rows of `bench`.
fn rows(column: &Column) -> Vec<Row> {
    let row = |cell: &Cell, measure: Measure, median, p99, samples| Row {
        lock: cell.lock.clone(),
        directory: (&*column.name).into(),
        file_system: column.kinds.first().cloned().unwrap_or_default(),
        measure,
        unit: measure.unit(),
        median: Some(median),
        p99,
        samples,
        blocks: Vec::new(),
        fairness: None,
        errors: 0,
        missing: None,
    };
    let mut rows = Vec::new();
    for cell in &column.cells {
        let Some(cost) = &cell.cost else { continue };
        let (median, p99) = (cost.median_ns as f64, cost.p99_ns as f64);
        rows.push(row(
            cell,
            Measure::Uncontended,
            median,
            Some(p99),
            cost.acquisitions as u64,
        ));
        for among in &cost.throughput {
            // A logarithmic scale has no zero.
            if let (Ok(processes), true) = (u32::try_from(among.processes), among.per_second > 0.0) {
                rows.push(row(cell, Measure::Contenders(processes), among.per_second, None, 1));
            }
        }
    }
    rows
}
