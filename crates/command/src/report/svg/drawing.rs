//! Shared parts of all plots: colours, sizes, axis labels, and the SVG file.

use std::fmt::Display;
use std::ops::Range;

use plotters::prelude::*;

use crate::cost::{Row, YARDSTICK};

/// A plot and its file name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Plot {
    /// The file name, for example `contenders-dev-shm.svg`.
    pub name: String,
    /// The title of the plot.
    pub title: String,
    /// The drawing, on a white background.
    pub svg: String,
}

impl Plot {
    /// The drawing for an HTML page: without background, in the text colour of the page.
    pub fn inline(&self) -> String {
        let open = self.svg.replacen("fill=\"#FFFFFF\"", "fill=\"none\"", 1);
        let sized = format!(
            "<svg role=\"img\" aria-label=\"{}\" ",
            self.title.replace(['"', '<', '&'], " ")
        );
        open.replacen("<svg ", &sized, 1)
            // HTML needs no namespace, and the page should contain no address.
            .replacen(" xmlns=\"http://www.w3.org/2000/svg\"", "", 1)
            .replace("\"#000000\"", "\"currentColor\"")
    }
}

/// Colours that differ on white and on black, also for most colour-blind readers: Okabe and Ito, "Color universal
/// design", 2008, without the two that are invisible on one of the backgrounds.
pub(super) const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

/// The height of a line of text, with padding.
pub(super) const ROW: u32 = 26;
/// The font size.
pub(super) const TEXT: i32 = 13;
/// The approximate width of a letter.
pub(super) const LETTER: u32 = 8;
/// The radius of a point.
pub(super) const DOT: i32 = 5;

pub(super) fn locks<'a>(rows: &[&'a Row]) -> Vec<&'a str> {
    let mut found: Vec<&str> = Vec::new();
    for row in rows.iter().filter(|row| row.lock != YARDSTICK) {
        if !found.contains(&&*row.lock) {
            found.push(&row.lock);
        }
    }
    found
}

/// The range of a logarithmic axis around the values.
pub(super) fn around(values: impl Iterator<Item = f64> + Clone) -> Range<f64> {
    let (least, most) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(0.0, f64::max));
    least / 1.5..most * 1.5
}

/// The label at a position of a logarithmic axis: only at 1, 2 and 5 times a power of ten, so that labels do not overlap.
pub(super) fn sparse(number: f64, label: impl Fn(f64) -> String) -> String {
    let leading = number / 10_f64.powf(number.log10().floor());
    if [1.0, 2.0, 5.0, 10.0].iter().any(|shown| (leading - shown).abs() < 0.01) {
        label(number)
    } else {
        String::new()
    }
}

pub(super) fn text() -> TextStyle<'static> {
    ("sans-serif", TEXT).into_font().color(&BLACK)
}

/// Unwraps a drawing operation: drawing into memory cannot fail.
pub(super) fn drawn<T, E: Display>(result: Result<T, E>) -> T {
    match result {
        Ok(drawn) => drawn,
        Err(error) => unreachable!("drawing into memory cannot fail, and no font is read: {error}"),
    }
}
