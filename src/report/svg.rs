//! What an acquisition costs, as plots: for each file system, and against the number of contenders, files or directories.
//!
//! Both scales are logarithmic: a mount can be a thousand times as slow as another. No font is read: the viewer has some.

use std::fmt::Display;
use std::ops::Range;
use std::path::Path;

use plotters::element::DashedPathElement;
use plotters::prelude::*;

use super::cost::{rate, time};
use crate::cost::{Measure, Row, Unit, YARDSTICK};

/// A plot, and the name of the file in which it belongs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plot {
    /// The name of a file: `contenders-dev-shm.svg`.
    pub name: String,
    /// What it shows.
    pub title: String,
    /// The drawing, on white.
    pub svg: String,
}

impl Plot {
    /// The drawing for a page whose colours it takes: without a ground, in the colour of the text.
    pub fn inline(&self) -> String {
        let open = self.svg.replacen("fill=\"#FFFFFF\"", "fill=\"none\"", 1);
        let sized = format!(
            "<svg role=\"img\" aria-label=\"{}\" ",
            self.title.replace(['"', '<', '&'], " ")
        );
        open.replacen("<svg ", &sized, 1)
            // In a page no name space is asked for, and nothing is to look as if it came from elsewhere.
            .replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1)
            .replace("\"#000000\"", "\"currentColor\"")
    }
}

/// Colours that are told apart on white and on black, and by most who are colour-blind: Okabe and Ito, "Color universal
/// design", 2008, without the two that vanish on one of the grounds.
const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];
/// The dashes that tell lines apart where colours do not.
const DASHES: [u32; 3] = [0, 6, 2];
/// The most lines in a plot; more locks get another one.
const MOST_LINES: usize = 8;

/// The size of a plot of lines, in pixels.
const LINES: (u32, u32) = (760, 420);
/// The size of what a plot of points has besides its rows.
const POINTS: (u32, u32) = (760, 130);
/// The height of a row of points.
const ROW: u32 = 26;
/// The size of text.
const TEXT: i32 = 13;
/// About how wide a letter of it is.
const LETTER: u32 = 8;
/// The size of a point.
const DOT: i32 = 5;

/// A measure with a number: its name, a title, and which it is.
type Kind = (&'static str, &'static str, fn(Measure) -> bool);

/// All plots for which there are rows.
///
/// # Panics
///
/// Never: to draw into memory cannot fail.
pub fn plots(rows: &[Row]) -> Vec<Plot> {
    let mut plots = Vec::new();
    plots.extend(by_directory(rows));
    let kinds: [Kind; 3] = [
        ("contenders", "acquisitions a second, by contenders", |measure| {
            matches!(measure, Measure::Contenders(_))
        }),
        (
            "files",
            "acquire and release, by files beside the lock",
            |measure| matches!(measure, Measure::Files(number) if number > 0),
        ),
        (
            "depth",
            "acquire and release, by directories deep",
            |measure| matches!(measure, Measure::Depth(number) if number > 0),
        ),
    ];
    for directory in directories(rows) {
        for (name, title, is_one) in kinds {
            let here = |row: &&Row| row.directory == directory && is_one(row.measure) && row.median.is_some();
            let here: Vec<&Row> = rows.iter().filter(here).collect();
            let locks = locks(&here);
            for (number, some) in locks.chunks(MOST_LINES).enumerate() {
                let part = match number {
                    0 => String::new(),
                    number => format!("-{}", number + 1),
                };
                let title = format!("{title}: {} ({})", directory.display(), here[0].file_system);
                plots.push(Plot {
                    name: format!("{name}-{}{part}.svg", slug(directory)),
                    svg: lines(&title, &here, some),
                    title,
                });
            }
        }
    }
    plots
}

fn directories(rows: &[Row]) -> Vec<&Path> {
    let mut found: Vec<&Path> = Vec::new();
    for row in rows {
        if !found.contains(&&*row.directory) {
            found.push(&row.directory);
        }
    }
    found
}

fn locks<'a>(rows: &[&'a Row]) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for row in rows.iter().filter(|row| row.lock != YARDSTICK) {
        if !found.contains(&&*row.lock) {
            found.push(&row.lock);
        }
    }
    found
}

/// A directory as a part of a file's name.
fn slug(directory: &Path) -> String {
    let text = directory.display().to_string();
    let words: Vec<&str> = text
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    match words.is_empty() {
        true => "root".to_owned(),
        false => words.join("-"),
    }
}

/// A little more than the values, for a logarithmic axis.
fn around(values: impl Iterator<Item = f64> + Clone) -> Range<f64> {
    let (least, most) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(0.0, f64::max));
    least / 1.5..most * 1.5
}

/// The label of a place on a logarithmic axis: at 1, 2 and 5 times a power of ten, or labels would overlap.
fn sparse(number: f64, label: impl Fn(f64) -> String) -> String {
    let leading = number / 10_f64.powf(number.log10().floor());
    match [1.0, 2.0, 5.0, 10.0].iter().any(|shown| (leading - shown).abs() < 0.01) {
        true => label(number),
        false => String::new(),
    }
}

fn text() -> TextStyle<'static> {
    ("sans-serif", TEXT).into_font().color(&BLACK)
}

/// Who draws into memory cannot fail.
fn drawn<T, E: Display>(result: Result<T, E>) -> T {
    match result {
        Ok(drawn) => drawn,
        Err(error) => unreachable!("a drawing in memory is written, and its font is the viewer's: {error}"),
    }
}

/// A point for each lock and directory, from the median to the 99th percentile.
fn by_directory(rows: &[Row]) -> Option<Plot> {
    let is_one = |row: &&Row| row.measure == Measure::Uncontended && row.median.is_some();
    let rows: Vec<&Row> = rows.iter().filter(is_one).collect();
    let locks = locks(&rows);
    let mut places: Vec<(&Path, &str)> = Vec::new();
    for row in &rows {
        if !places.contains(&(&row.directory, &row.file_system)) {
            places.push((&row.directory, &row.file_system));
        }
    }
    let rows_high = u32::try_from(locks.len()).ok().filter(|number| *number > 0)?;
    // The first lock stands at the top.
    let middle = |number: usize| f64::from(rows_high) - number as f64 - 0.5;
    let title = "acquire and release without contention: median, and up to the 99th percentile".to_owned();
    let widest = locks.iter().map(|lock| lock.len()).max().unwrap_or(0) as u32;
    let legend = places.len() as u32 * ROW;
    let size = (POINTS.0, POINTS.1 + rows_high * ROW + legend);
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, size).into_drawing_area();
        drawn(area.fill(&WHITE));
        let (head, body) = area.split_vertically(ROW + legend);
        drawn(head.draw(&Text::new(title.clone(), (10, 6), text())));
        for (number, (directory, kind)) in places.iter().enumerate() {
            let y = ROW as i32 * (number as i32 + 1) + ROW as i32 / 2;
            drawn(head.draw(&Circle::new((20, y), DOT, COLOURS[number % COLOURS.len()].filled())));
            let label = format!("{} ({kind})", directory.display());
            drawn(head.draw(&Text::new(label, (32, y - TEXT / 2), text())));
        }
        let range = around(rows.iter().flat_map(|row| row.median.into_iter().chain(row.p99)));
        let start = range.start;
        let mut chart = drawn(
            ChartBuilder::on(&body)
                .margin(10)
                .x_label_area_size(40)
                .y_label_area_size(widest * LETTER + 12)
                .build_cartesian_2d(range.log_scale(), 0.0..f64::from(rows_high)),
        );
        drawn(
            chart
                .configure_mesh()
                .disable_y_mesh()
                .label_style(text())
                .y_labels(0)
                .x_label_formatter(&|ns| sparse(*ns, time))
                .light_line_style(TRANSPARENT)
                .draw(),
        );
        for (number, lock) in locks.iter().enumerate() {
            // By hand: an axis chooses which of its labels it shows.
            let (_, y) = chart.plotting_area().map_coordinate(&(start, middle(number)));
            drawn(area.draw(&Text::new((*lock).to_owned(), (10, y - TEXT / 2), text())));
        }
        for row in &rows {
            let place = places
                .iter()
                .position(|(directory, _)| *directory == row.directory)
                .unwrap_or(0);
            let colour = COLOURS[place % COLOURS.len()];
            let Some(number) = locks.iter().position(|lock| *lock == row.lock) else {
                continue;
            };
            let (y, median) = (middle(number), row.median.unwrap_or(1.0));
            let ends = vec![(median, y), (row.p99.unwrap_or(median), y)];
            drawn(chart.draw_series([PathElement::new(ends, colour.stroke_width(2))]));
            drawn(chart.draw_series([Circle::new((median, y), DOT, colour.filled())]));
        }
        drawn(area.present());
    }
    Some(Plot {
        name: "cost.svg".to_owned(),
        title,
        svg,
    })
}

/// A line for each lock against the number of its measure.
fn lines(title: &str, rows: &[&Row], locks: &[&str]) -> String {
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
    let base = match rows.first().map(|row| row.measure) {
        Some(Measure::Files(_)) => 10.0,
        _ => 2.0,
    };
    let unit = rows.first().map_or(Unit::Nanoseconds, |row| row.unit);
    let widest = locks.iter().map(|lock| lock.len()).max().unwrap_or(0) as u32;
    let mut svg = String::new();
    {
        let area = SVGBackend::with_string(&mut svg, LINES).into_drawing_area();
        drawn(area.fill(&WHITE));
        let (head, below) = area.split_vertically(ROW);
        drawn(head.draw(&Text::new(title.to_owned(), (10, 6), text())));
        let (body, legend) = below.split_horizontally(LINES.0 - widest * LETTER - 60);
        let mut chart = drawn(
            ChartBuilder::on(&body)
                .margin(10)
                .x_label_area_size(30)
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
                .x_label_formatter(&|number| super::grouped(number.round() as u64))
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

#[cfg(test)]
mod tests {
    use super::*;

    fn row(lock: &str, directory: &str, measure: Measure, median: Option<f64>) -> Row {
        Row {
            lock: lock.to_owned(),
            directory: directory.into(),
            file_system: "tmpfs".to_owned(),
            measure,
            unit: measure.unit(),
            median,
            p99: median.map(|median| 2.0 * median),
            samples: 1,
            blocks: Vec::new(),
            fairness: None,
            errors: 0,
            missing: None,
        }
    }

    #[test]
    fn each_kind_of_measure_has_its_plot_and_what_is_missing_none() {
        let rows = [
            row(YARDSTICK, "/a", Measure::Yardstick, Some(400.0)),
            row("one<&", "/a", Measure::Uncontended, Some(3_000.0)),
            row("one<&", "/dev/shm", Measure::Uncontended, Some(900_000.0)),
            row("one<&", "/a", Measure::Contenders(1), Some(1e5)),
            row("one<&", "/a", Measure::Contenders(8), Some(2e4)),
            row("one<&", "/dev/shm", Measure::Depth(4), None),
        ];
        let plots = plots(&rows);
        let names: Vec<&str> = plots.iter().map(|plot| &*plot.name).collect();
        assert_eq!(names, ["cost.svg", "contenders-a.svg"]);
        assert!(plots[0].svg.contains("/dev/shm (tmpfs)") && plots[0].svg.contains("one&lt;&amp;"));
        assert!(
            plots[1].svg.contains("20.0 k/s") || plots[1].svg.contains("k/s"),
            "{}",
            plots[1].svg
        );
        let inline = plots[1].inline();
        assert!(inline.starts_with("<svg role=\"img\"") && !inline.contains("#000000") && !inline.contains("#FFFFFF"));
    }

    #[test]
    fn more_locks_than_a_plot_has_room_for_get_another_one() {
        let names: Vec<String> = (0..9).map(|number| format!("lock-{number}")).collect();
        let rows: Vec<Row> = names
            .iter()
            .map(|name| row(name, "/a", Measure::Files(10), Some(5.0)))
            .collect();
        let plots = plots(&rows);
        let names: Vec<&str> = plots.iter().map(|plot| &*plot.name).collect();
        assert_eq!(names, ["files-a.svg", "files-a-2.svg"]);
    }
}
