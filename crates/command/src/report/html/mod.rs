//! Pages: one file each, with its style and its script inside, that needs no network and no font but the viewer's.
//!
//! `explore.rs` has verdicts and counterexamples to step through; `matrix.rs` locks × file systems, with what is behind a cell in
//! `numbers.rs` and plots in `curves.rs`. Without a script each page is complete, as plain tables; colours only repeat what words say.

mod curves;
mod explore;
mod matrix;
mod numbers;
mod verdict;

use maud::{DOCTYPE, Markup, PreEscaped, html};

pub use explore::explore;
pub use matrix::matrix;

/// How both pages look: on a screen, on a phone, in the dark, on paper.
const STYLE: &str = include_str!("page.css");

/// How something is meant: its colour, and a mark for those who see none.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Look {
    /// As it should be.
    Good,
    /// As it must not be.
    Bad,
    /// Not settled.
    Open,
    /// Neither: what was not asked, or cannot be.
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
                main {
                    (body)
                    footer { p { "Told by onewinner " (env!("CARGO_PKG_VERSION")) ". Colours repeat what words say." } }
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

/// A share of a whole as a bar, beside which its number stands.
fn bar(share: f64, look: Look) -> Markup {
    let width = (share.clamp(0.0, 1.0) * 100.0).max(0.5);
    html! { span.bar aria-hidden="true" { span class=(look.class()) style=(format!("width:{width:.1}%")) {} } }
}

#[cfg(test)]
mod tests;
