//! The table of verdicts: a line for each lock, a column for each property; for a terminal and for a document.

use std::collections::BTreeSet;
use std::io::{self, Write};

use comfy_table::{Cell as TableCell, CellAlignment, Color, Table, presets};

use onewinner_check::verdicts::{COLUMNS, Cell, Column, Rung, VerdictRow, ladder};
use onewinner_core::history::CrashClass;

/// Explains the marks.
const LEGEND: &str = "\
✗ violated; the footnote is the smallest configuration that shows it. ✓ holds in every schedule of all configurations, which
have up to three processes and two rounds. · does not apply. ? undecided: the search was cut. All searches run on the simulated
file system, and all but those marked ? are complete. If a kill with two processes breaks a lock, kills with three are not
searched. `crash-liveness` also gives the declared crash class: auto, bounded or manual.";
/// The columns side by side in a terminal; more do not fit 100 characters.
const COLUMNS_IN_TERMINAL: usize = 7;

/// Writes the table as text, in parts that fit 100 characters, and explains its columns and marks.
///
/// # Errors
///
/// If `out` fails.
pub fn write(out: &mut dyn Write, rows: &[VerdictRow]) -> io::Result<()> {
    let footnotes = Footnotes::of(rows);
    for (part, columns) in COLUMNS.chunks(COLUMNS_IN_TERMINAL).enumerate() {
        let mut table = Table::new();
        table.load_style(presets::NOTHING);
        table.enforce_styling();
        table.style_text_only();
        table.set_header(["lock".to_owned()].into_iter().chain(columns.iter().map(wrapped_name)));
        for row in rows {
            let cells = row.cells.iter().skip(part * COLUMNS_IN_TERMINAL).take(columns.len());
            let cells = cells.map(|(id, cell)| {
                let table_cell = TableCell::new(text(row, id, cell, &footnotes)).set_alignment(CellAlignment::Left);
                match cell {
                    Cell::Violated { .. } => table_cell.fg(Color::Red),
                    Cell::Undecided { .. } => table_cell.fg(Color::Yellow),
                    Cell::Holds { .. } | Cell::NotApplicable => table_cell,
                }
            });
            table.add_row([TableCell::new(row.lock)].into_iter().chain(cells));
        }
        for column in table.column_iter_mut() {
            column.set_padding((0, 1));
        }
        for line in table.lines() {
            writeln!(out, "{}", line.trim_end())?;
        }
        writeln!(out)?;
    }
    for (number, description) in footnotes.described() {
        writeln!(out, "{number} {description}")?;
    }
    writeln!(out)?;
    let width = COLUMNS.iter().map(|column| column.name.len()).max().unwrap_or(0);
    for column in COLUMNS {
        writeln!(out, "{:width$}  {}", column.name, column.question.replace('*', ""))?;
    }
    writeln!(out, "\n{LEGEND}")
}

/// Writes the table in Markdown, for `specs/README.md`.
///
/// # Errors
///
/// If `out` fails.
pub fn markdown(out: &mut dyn Write, rows: &[VerdictRow]) -> io::Result<()> {
    let footnotes = Footnotes::of(rows);
    let names: Vec<&str> = COLUMNS.iter().map(|column| column.name).collect();
    writeln!(
        out,
        "| lock | {} |\n|---|{}",
        names.join(" | "),
        "---|".repeat(COLUMNS.len())
    )?;
    for row in rows {
        let lock = row.lock;
        let cells = row.cells.iter().map(|(id, cell)| text(row, id, cell, &footnotes));
        let cells: Vec<String> = cells.collect();
        writeln!(out, "| [{lock}]({lock}.md) | {} |", cells.join(" | "))?;
    }
    writeln!(out)?;
    for (number, description) in footnotes.described() {
        writeln!(out, "- {number} {description}")?;
    }
    writeln!(out)?;
    writeln!(out, "| column | what must be true | properties |\n|---|---|---|")?;
    for column in COLUMNS {
        let properties: Vec<String> = column.properties().iter().map(|name| format!("`{name}`")).collect();
        writeln!(
            out,
            "| {} | {} | {} |",
            column.name,
            column.question,
            properties.join(", ")
        )?;
    }
    writeln!(out, "\n{LEGEND}")
}

/// The name with a line break after each of its words.
fn wrapped_name(column: &Column) -> String {
    column.name.replace(' ', "\n").replace('-', "-\n")
}

fn text(row: &VerdictRow, id: &str, cell: &Cell, footnotes: &Footnotes) -> String {
    match cell {
        Cell::Violated { least, .. } => format!("✗{}", footnotes.number(least)),
        Cell::Holds { .. } if id == "M11" => format!("✓ {}", name(row.crash_class)),
        Cell::Holds { .. } => "✓".to_owned(),
        Cell::NotApplicable => "·".to_owned(),
        Cell::Undecided { cut } => format!("?{}", footnotes.number(cut)),
    }
}

fn name(class: CrashClass) -> &'static str {
    match class {
        CrashClass::Auto => "auto",
        CrashClass::Bounded => "bounded",
        CrashClass::Manual => "manual",
    }
}

/// The configurations that cells refer to, the smallest first.
struct Footnotes {
    rungs: Vec<Rung>,
}

impl Footnotes {
    fn of(rows: &[VerdictRow]) -> Self {
        let cells = rows.iter().flat_map(|row| &row.cells);
        let labels: BTreeSet<&str> = cells
            .filter_map(|(_, cell)| match cell {
                Cell::Violated { least, .. } => Some(*least),
                Cell::Undecided { cut } => Some(*cut),
                Cell::Holds { .. } | Cell::NotApplicable => None,
            })
            .collect();
        let rungs = ladder().into_iter().filter(|rung| labels.contains(rung.label));
        Self { rungs: rungs.collect() }
    }

    /// The number of a configuration, in superscript digits.
    fn number(&self, label: &str) -> String {
        let position = self.rungs.iter().position(|rung| rung.label == label);
        superscript(position.expect("each configuration of a cell has a footnote") + 1)
    }

    fn described(&self) -> impl Iterator<Item = (String, String)> {
        let numbered = self.rungs.iter().enumerate();
        numbered.map(|(position, rung)| (superscript(position + 1), rung.description()))
    }
}

fn superscript(number: usize) -> String {
    const DIGITS: [char; 10] = ['⁰', '¹', '²', '³', '⁴', '⁵', '⁶', '⁷', '⁸', '⁹'];
    let digits = number.to_string();
    let digits = digits.bytes().map(|digit| DIGITS[usize::from(digit - b'0')]);
    digits.collect()
}
