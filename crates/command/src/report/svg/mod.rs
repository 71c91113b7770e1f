//! SVG pictures: plots of costs, and counterexamples.
//!
//! `points.rs` plots costs by file system; `lines.rs` plots them by number of contenders, files or directories. Both axes are
//! logarithmic: one mount can be a thousand times as slow as another. `interleaving.rs` draws a counterexample. No font is
//! read: the viewer has fonts.

mod drawing;
mod interleaving;
mod lines;
mod points;

use std::path::Path;

use crate::cost::{Measure, Row};

pub use drawing::Plot;

use drawing::locks;
use lines::lines;
use points::by_directory;

pub use interleaving::interleaving;

/// The maximum number of lines in a plot; more locks get another plot.
const MOST_LINES: usize = 8;

/// A measure with sizes: its name, its title, and a test for it.
type Kind = (&'static str, &'static str, fn(Measure) -> bool);

/// Returns all plots for which there are rows.
///
/// # Panics
///
/// Never: drawing into memory cannot fail.
pub fn plots(rows: &[Row]) -> Vec<Plot> {
    let mut plots = Vec::new();
    plots.extend(by_directory(rows));
    let kinds: [Kind; 3] = [
        ("contenders", "acquisitions per second, by contenders", |measure| {
            matches!(measure, Measure::Contenders(_))
        }),
        (
            "files",
            "acquire and release, by files in the directory",
            |measure| matches!(measure, Measure::Files(number) if number > 0),
        ),
        (
            "depth",
            "acquire and release, by parent directories",
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

/// A directory as part of a file name.
fn slug(directory: &Path) -> String {
    let text = directory.display().to_string();
    let words: Vec<&str> = text
        .split(|letter: char| !letter.is_alphanumeric())
        .filter(|word| !word.is_empty())
        .collect();
    if words.is_empty() {
        "root".to_owned()
    } else {
        words.join("-")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::cost::YARDSTICK;

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
