//! HTML pages: one file each, with style and script inside; they need no network and no fonts.
//!
//! `explore.rs` has verdicts and counterexamples to step through. `matrix.rs` has locks × file systems, with the numbers of each
//! cell in `numbers.rs` and plots in `curves.rs`. Without scripts each page is complete, as plain tables. Colours only repeat
//! the words.

mod curves;
mod explore;
mod matrix;
mod numbers;
mod verdict;

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub use explore::explore;
pub use matrix::matrix;

/// The style of both pages: for screens, phones, dark themes and paper.
const STYLE: &str = include_str!("page.css");

/// How a result is shown: its colour, and a mark for readers who do not see colours.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// As expected.
    Good,
    /// A failure.
    Bad,
    /// Undecided.
    Open,
    /// Not tested, or not possible.
    Nothing,
}

impl Look {
    fn class(self) -> &'static str {
        match self {
            Self::Good => "good",
            Self::Bad => "bad",
            Self::Open => "open",
            Self::Nothing => "nothing",
        }
    }

    fn mark(self) -> &'static str {
        match self {
            Self::Good => "✓",
            Self::Bad => "✗",
            Self::Open => "?",
            Self::Nothing => "–",
        }
    }
}

/// A whole page. `script` is trusted: it comes from this crate.
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
                main {
                    (body)
                    footer { p { "Made by onewinner " (env!("CARGO_PKG_VERSION")) ". Colours only repeat the words." } }
                }
                @if !script.is_empty() { script { (PreEscaped(script)) } }
            }
        }
    };
    page.into_string()
}

/// A word with its mark, in its colour.
fn word(look: Look, word: &str) -> Markup {
    html! { span class={ "word " (look.class()) } { (look.mark()) " " (word) } }
}

/// A share of a whole as a bar, next to its number.
fn bar(share: f64, look: Look) -> Markup {
    let width = (share.clamp(0.0, 1.0) * 100.0).max(0.5);
    html! { span.bar aria-hidden="true" { span class=(look.class()) style=(format!("width:{width:.1}%")) {} } }
}

#[cfg(test)]
mod tests;
