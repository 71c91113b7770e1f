//! What all plots share: colours, sizes, the labels of an axis, and the drawing as a file.

use std::fmt::Display;
use std::ops::Range;

use plotters::prelude::*;

use crate::cost::{Row, YARDSTICK};

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
pub(super) const COLOURS: [RGBColor; 6] = [
    RGBColor(0, 114, 178),
    RGBColor(213, 94, 0),
    RGBColor(0, 158, 115),
    RGBColor(204, 121, 167),
    RGBColor(230, 159, 0),
    RGBColor(86, 180, 233),
];

/// The height of a line of text with room around it.
pub(super) const ROW: u32 = 26;
/// The size of text.
pub(super) const TEXT: i32 = 13;
/// About how wide a letter of it is.
pub(super) const LETTER: u32 = 8;
/// The size of a point.
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

/// A little more than the values, for a logarithmic axis.
pub(super) fn around(values: impl Iterator<Item = f64> + Clone) -> Range<f64> {
    let (least, most) = (values.clone().fold(f64::INFINITY, f64::min), values.fold(0.0, f64::max));
    least / 1.5..most * 1.5
}

/// The label of a place on a logarithmic axis: at 1, 2 and 5 times a power of ten, or labels would overlap.
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

/// Who draws into memory cannot fail.
pub(super) fn drawn<T, E: Display>(result: Result<T, E>) -> T {
    match result {
        Ok(drawn) => drawn,
        Err(error) => unreachable!("a drawing in memory is written, and its font is the viewer's: {error}"),
    }
}
