//! Locks × file systems: a point for each median, and a line from it to the 99th percentile.
//!
//! In each row the file systems are below each other in the order of the legend. So no point hides another, and readers who
//! do not see colours can count.

use std::path::Path;

use plotters::coord::Shift;
use plotters::prelude::*;

use super::drawing::{COLOURS, DOT, LETTER, Plot, ROW, TEXT, around, drawn, locks, sparse, text};
use crate::cost::{Measure, Row};
use crate::report::cost::time;

/// The width, and the height without rows, in pixels.
const SIZE: (u32, u32) = (760, 110);
/// The height of a point's lane.
const LANE: u32 = 10;
/// The colour of the lines between rows.
const RULE: RGBColor = RGBColor(190, 190, 190);

type Area<'a> = DrawingArea<SVGBackend<'a>, Shift>;
/// A directory and the type of its file system.
type Place<'a> = (&'a Path, &'a str);

/// Draws all measures without contention; `None` if there are none.
pub(super) fn by_directory(rows: &[Row]) -> Option<Plot> {
    let is_one = |row: &&Row| row.measure == Measure::Uncontended && row.median.is_some();
    let rows: Vec<&Row> = rows.iter().filter(is_one).collect();
    let locks = locks(&rows);
    let mut places: Vec<Place<'_>> = Vec::new();
    for row in &rows {
        if !places.contains(&(&row.directory, &row.file_system)) {
            places.push((&row.directory, &row.file_system));
        }
    }
    let number = u32::try_from(locks.len()).ok().filter(|number| *number > 0)?;
    let title = "acquire and release without contention: median, and up to the 99th percentile".to_owned();
    let legend = places.len() as u32 * ROW;
    let high = ROW.max((places.len() as u32 + 1) * LANE);
    let mut svg = String::new();
    {
        let size = (SIZE.0, SIZE.1 + number * high + legend);
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        drawn(area.fill(&WHITE));
        let (head, body) = area.split_vertically(ROW + legend);
        drawn(head.draw(&Text::new(title.clone(), (10, 6), text())));
        for (number, (directory, kind)) in places.iter().enumerate() {
            let y = ROW as i32 * (number as i32 + 1) + ROW as i32 / 2;
            drawn(head.draw(&Circle::new((20, y), DOT - 1, style(number))));
            let label = format!("{} ({kind})", directory.display());
            drawn(head.draw(&Text::new(label, (32, y - TEXT / 2), text())));
        }
        chart(&area, &body, &rows, &locks, &places);
        drawn(area.present());
    }
    Some(Plot {
        name: "cost.svg".to_owned(),
        title,
        svg,
    })
}

/// The style of a file system: a colour; when all colours are used, a circle instead of a dot.
fn style(place: usize) -> ShapeStyle {
    let colour = COLOURS[place % COLOURS.len()];
    match place / COLOURS.len() % 2 {
        0 => colour.filled(),
        _ => colour.stroke_width(2),
    }
}

fn chart(area: &Area<'_>, body: &Area<'_>, rows: &[&Row], locks: &[&str], places: &[Place<'_>]) {
    let high = locks.len() as f64;
    let widest = locks.iter().map(|lock| lock.len()).max().unwrap_or(0) as u32;
    let range = around(rows.iter().flat_map(|row| row.median.into_iter().chain(row.p99)));
    let (start, end) = (range.start, range.end);
    let mut chart = drawn(
        ChartBuilder::on(body)
            .margin(10)
            .margin_right(40) // Half of the last label.
            .x_label_area_size(45)
            .y_label_area_size(widest * LETTER + 12)
            .build_cartesian_2d(range.log_scale(), 0.0..high),
    );
    drawn(
        chart
            .configure_mesh()
            .disable_y_mesh()
            .label_style(text())
            .axis_desc_style(text())
            .x_desc("time of one acquisition and its release")
            .y_labels(0)
            .x_label_formatter(&|ns| sparse(*ns, time))
            .light_line_style(TRANSPARENT)
            .draw(),
    );
    for (number, lock) in locks.iter().enumerate() {
        // The first lock is at the top.
        let top = high - number as f64;
        // Drawn by hand, because an axis may hide some of its labels.
        let (_, y) = chart.plotting_area().map_coordinate(&(start, top - 0.5));
        drawn(area.draw(&Text::new((*lock).to_owned(), (10, y - TEXT / 2), text())));
        drawn(chart.draw_series([PathElement::new(vec![(start, top), (end, top)], RULE.stroke_width(1))]));
    }
    for row in rows {
        let place = places.iter().position(|(directory, _)| *directory == row.directory);
        let lock = locks.iter().position(|lock| *lock == row.lock);
        let (Some(place), Some(lock), Some(median)) = (place, lock, row.median) else {
            continue;
        };
        let y = high - lock as f64 - (place as f64 + 1.0) / (places.len() as f64 + 1.0);
        let ends = vec![(median, y), (row.p99.unwrap_or(median), y)];
        let colour = COLOURS[place % COLOURS.len()];
        drawn(chart.draw_series([PathElement::new(ends, colour.stroke_width(2))]));
        drawn(chart.draw_series([Circle::new((median, y), DOT - 1, style(place))]));
    }
}
