//! What an acquisition costs, as plots: for each file system, and against the number of contenders, files or directories.
//!
//! `points.rs` draws the first, `lines.rs` the others.
//! Both scales are logarithmic: a mount can be a thousand times as slow as another. No font is read: the viewer has some.

mod lines;
mod points;

use std::fmt::Display;
use std::ops::Range;
use std::path::Path;

use plotters::prelude::*;

use crate::cost::{Measure, Row, YARDSTICK};

use lines::lines;
use points::by_directory;

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
/// The most lines in a plot; more locks get another one.
const MOST_LINES: usize = 8;

/// The height of a line of text with room around it.
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
