//! A measure by its size: a line for each lock.

use plotters::element::DashedPathElement;
use plotters::prelude::*;

use super::drawing::{COLOURS, DOT, LETTER, ROW, TEXT, around, drawn, sparse, text};
use crate::cost::{Measure, Row, Unit};
use crate::report::cost::{rate, time};
use onewinner_check::text::grouped;

/// The dash patterns that distinguish lines of the same colour.
const DASHES: [u32; 3] = [0, 6, 2];
/// The size of a plot, in pixels.
const SIZE: (u32, u32) = (760, 440);

/// Draws a line for each lock.
pub(super) fn lines(title: &str, rows: &[&Row], locks: &[&str]) -> String {
    let points = |lock: &str| -> Vec<(f64, f64)> {
        let of = rows.iter().filter(|row| row.lock == lock);
        let mut points: Vec<(f64, f64)> = of
            .filter_map(|row| Some((row.measure.at()? as f64, row.median?)))
            .collect();
        points.sort_by(|one, other| one.0.total_cmp(&other.0));
        points
    };
    let all: Vec<(f64, f64)> = locks.iter().flat_map(|lock| points(lock)).collect();
    let across = around(all.iter().map(|point| point.0));
    let up = around(all.iter().map(|point| point.1));
    let (base, number) = match rows.first().map(|row| row.measure) {
        Some(Measure::Files(_)) => (10.0, "files in the directory"),
        Some(Measure::Depth(_)) => (2.0, "parent directories"),
        _ => (2.0, "contenders"),
    };
    let unit = rows.first().map_or(Unit::Nanoseconds, |row| row.unit);
    let widest = locks.iter().map(|lock| lock.len()).max().unwrap_or(0) as u32;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, SIZE).into_drawing_area();
        drawn(area.fill(&WHITE));
        let (head, below) = area.split_vertically(ROW);
        drawn(head.draw(&Text::new(title.to_owned(), (10, 6), text())));
        let (body, legend) = below.split_horizontally(SIZE.0 - widest * LETTER - 60);
        let mut chart = drawn(
            ChartBuilder::on(&body)
                .margin(10)
                .x_label_area_size(45)
                .y_label_area_size(70)
                .build_cartesian_2d(across.log_scale().base(base), up.log_scale()),
        );
        let value = |number: &f64| match unit {
            Unit::Nanoseconds => sparse(*number, time),
            Unit::PerSecond => sparse(*number, |number| format!("{}/s", rate(number))),
        };
        drawn(
            chart
                .configure_mesh()
                .label_style(text())
                .axis_desc_style(text())
                .x_desc(number)
                .x_label_formatter(&|number| grouped(number.round() as u64))
                .y_label_formatter(&value)
                .light_line_style(TRANSPARENT)
                .draw(),
        );
        for (number, lock) in locks.iter().enumerate() {
            let colour = COLOURS[number % COLOURS.len()];
            let dash = DASHES[number / COLOURS.len() % DASHES.len()];
            let points = points(lock);
            let style = colour.stroke_width(2);
            let y = ROW as i32 * (number as i32 + 1);
            let key = [(10, y), (34, y)];
            if dash == 0 {
                drawn(chart.draw_series([PathElement::new(points.clone(), style)]));
                drawn(legend.draw(&PathElement::new(key.to_vec(), style)));
            } else {
                drawn(chart.draw_series([DashedPathElement::new(points.clone(), dash, dash, style)]));
                drawn(legend.draw(&DashedPathElement::new(key, dash, dash, style)));
            }
            drawn(chart.draw_series(points.iter().map(|point| Circle::new(*point, DOT - 2, colour.filled()))));
            drawn(legend.draw(&Text::new((*lock).to_owned(), (40, y - TEXT / 2), text())));
        }
        drawn(area.present());
    }
    svg
}
