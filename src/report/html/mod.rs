//! Pages: one file each, with its style and its script inside, that needs no network and no font but the viewer's.
//!
//! `explore.rs` has verdicts and counterexamples to step through, `matrix.rs` locks × file systems. Without a script each page is
//! complete, as plain tables; colours only repeat what words say.

mod explore;
mod matrix;

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub use explore::explore;
pub use matrix::{Column, Grid, Place, Standing, Winners, matrix};

/// How both pages look: on a screen, on a phone, in the dark, on paper.
const STYLE: &str = include_str!("page.css");

/// A whole page. `script` is trusted: it is ours.
fn page(title: &str, script: &str, body: &Markup) -> String {
    let page = html! {
        (DOCTYPE)
        html lang="en" {
            head {
                meta charset="utf-8";
                meta name="viewport" content="width=device-width, initial-scale=1";
                meta name="generator" content=(concat!("onewinner ", env!("CARGO_PKG_VERSION")));
                title { (title) }
                style { (PreEscaped(STYLE)) }
            }
            body {
                main { (body) }
                @if !script.is_empty() { script { (PreEscaped(script)) } }
            }
        }
    };
    page.into_string()
}

/// What a verdict is said with: a class for its colour, a mark for those who print in grey, and the word.
fn word(class: &str, word: &str) -> Markup {
    let mark = match class {
        "holds" | "acceptable" => "✓",
        "violated" | "forbidden" => "✗",
        "inconclusive" | "interesting" => "?",
        _ => "–",
    };
    html! { span class={ "word " (class) } { (mark) " " (word) } }
}

/// A share of a whole as a bar, beside which its number stands.
fn bar(share: f64, class: &str) -> Markup {
    let width = (share.clamp(0.0, 1.0) * 100.0).max(0.5);
    html! { span.bar aria-hidden="true" { span class=(class) style=(format!("width:{width:.1}%")) {} } }
}
