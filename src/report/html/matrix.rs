//! The page of `matrix`: locks × file systems, each cell with its numbers behind it.
//!
//! What it is given is data for this page alone: whoever measures fills it in, and knows no HTML. A cell is opened by the
//! browser itself (`popover`), without a script.

use maud::{Markup, PreEscaped, html};

use super::{bar, page, word};
use crate::report::grouped;

/// Locks × file systems.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Grid {
    /// What the whole of it comes to, in a sentence.
    pub conclusion: String,
    /// The file systems.
    pub columns: Vec<Column>,
    /// The locks, each with a cell for each column.
    pub rows: Vec<(String, Vec<Place>)>,
    /// Drawings for below the table: a title, and SVG that is trusted (`svg::Plot::inline`).
    pub plots: Vec<(String, String)>,
}

/// A file system.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Column {
    /// Its name: `ext4`.
    pub name: String,
    /// What else is to be known: where it is, what its controls did.
    pub notes: Vec<String>,
}

/// What is known of a lock on a file system.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Standing {
    /// Exactly one gets in, as far as was seen.
    Holds,
    /// Several get in, or nobody does.
    Violated,
    /// Nothing can be concluded.
    Inconclusive,
    /// It was not run.
    #[default]
    Skipped,
}

impl Standing {
    fn class(self) -> &'static str {
        match self {
            Self::Holds => "holds",
            Self::Violated => "violated",
            Self::Inconclusive => "inconclusive",
            Self::Skipped => "skipped",
        }
    }
}

/// A cell.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct Place {
    /// Its colour.
    pub standing: Standing,
    /// Its word: `holds`, `up to 16 at once`, `unsupported: ENOTSUP`.
    pub word: String,
    /// One figure beside it: what an acquisition costs.
    pub figure: String,
    /// All its numbers, each with its name.
    pub facts: Vec<(String, String)>,
    /// How many won in how many rounds, for each race.
    pub winners: Vec<Winners>,
}

/// A histogram of winners.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Winners {
    /// Of which race: `natural`, `aligned`.
    pub title: String,
    /// So many winners, in so many rounds.
    pub rounds: Vec<(u64, u64)>,
}

/// The page.
pub fn matrix(grid: &Grid) -> String {
    let title = "Locks on file systems";
    let body = html! {
        h1 { (title) }
        p.conclusion { (grid.conclusion) }
        div.wide {
            table.matrix {
                caption { "Does it let exactly one in, and what does it cost? Each cell opens its numbers." }
                thead {
                    tr {
                        th scope="col" { "lock" }
                        @for column in &grid.columns { th scope="col" { (column.name) } }
                    }
                }
                tbody {
                    @for (number, (lock, places)) in grid.rows.iter().enumerate() {
                        tr {
                            th scope="row" { (lock) }
                            @for (place, column) in places.iter().zip(&grid.columns).enumerate().map(|(at, both)| ((at, both.0), both.1)) {
                                (cell(&format!("m{number}-{}", place.0), lock, column, place.1))
                            }
                        }
                    }
                }
            }
        }
        (columns(&grid.columns))
        @for (title, svg) in &grid.plots {
            figure.plot { figcaption { (title) } div.wide { (PreEscaped(svg)) } }
        }
        footer { p { "Told by onewinner " (env!("CARGO_PKG_VERSION")) ". Colours repeat what words say." } }
    };
    page(title, "", &body)
}

fn cell(id: &str, lock: &str, column: &Column, place: &Place) -> Markup {
    let class = place.standing.class();
    html! {
        td class=(class) data-label=(column.name) {
            button type="button" popovertarget=(id) {
                (word(class, &place.word))
                @if !place.figure.is_empty() { span.figure { (place.figure) } }
            }
            div.numbers popover id=(id) role="dialog" aria-label={ (lock) " on " (column.name) } {
                h2 { (lock) " on " (column.name) }
                p { (word(class, &place.word)) }
                dl { @for (name, value) in &place.facts { dt { (name) } dd { (value) } } }
                @for winners in &place.winners { (histogram(winners)) }
                button.close type="button" popovertarget=(id) popovertargetaction="hide" { "close" }
            }
        }
    }
}

fn histogram(winners: &Winners) -> Markup {
    let all = winners.rounds.iter().map(|(_, rounds)| rounds).sum::<u64>().max(1) as f64;
    let grade = |winners: u64| if winners == 1 { "acceptable" } else { "forbidden" };
    html! {
        table.outcomes {
            caption { "winners of a round, " (winners.title) }
            thead { tr { th scope="col" { "winners" } th scope="col" { "rounds" } } }
            tbody {
                @for (number, rounds) in &winners.rounds {
                    tr {
                        th scope="row" { (number) }
                        td.number { (grouped(*rounds)) (bar(*rounds as f64 / all, grade(*number))) }
                    }
                }
            }
        }
    }
}

fn columns(columns: &[Column]) -> Markup {
    html! {
        @if columns.iter().any(|column| !column.notes.is_empty()) {
            h2 { "The file systems" }
            dl { @for column in columns { dt { (column.name) } @for note in &column.notes { dd { (note) } } } }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cell_has_its_word_its_numbers_and_a_button_and_text_is_escaped() {
        let place = |standing, word: &str| Place {
            standing,
            word: word.to_owned(),
            figure: "3.1 µs".to_owned(),
            facts: vec![("rounds".to_owned(), "1,000 & <more>".to_owned())],
            winners: vec![Winners {
                title: "natural".to_owned(),
                rounds: vec![(1, 900), (2, 100)],
            }],
        };
        let page = matrix(&Grid {
            conclusion: "Two of two.".to_owned(),
            columns: vec![Column {
                name: "ext4".to_owned(),
                notes: vec!["made for the run".to_owned()],
            }],
            rows: vec![
                ("create-new".to_owned(), vec![place(Standing::Holds, "holds")]),
                (
                    "stat-then-write".to_owned(),
                    vec![place(Standing::Violated, "up to 2 at once")],
                ),
            ],
            plots: vec![("cost".to_owned(), "<svg></svg>".to_owned())],
        });
        for text in [
            "✓ holds",
            "✗ up to 2 at once",
            "popovertarget=\"m1-0\"",
            "id=\"m1-0\"",
            "1,000 &amp; &lt;more&gt;",
            "<svg></svg>",
            "made for the run",
        ] {
            assert!(page.contains(text), "{text} is missing:\n{page}");
        }
        assert!(
            !page.contains("http://") && !page.contains("https://"),
            "it needs the network"
        );
    }
}
