//! The table of verdicts: a line for each lock, a column for each property; for a terminal and for a document.

use std::io::{self, Write};

use comfy_table::{Cell as Place, CellAlignment, Color, Table, presets};

use onewinner_check::verdicts::{ASPECTS, Cell, Row};
use onewinner_core::history::CrashClass;

/// Explains the columns and the marks.
const LEGEND: &str = "\
✗ with the least configuration that shows it; ✓ in every schedule of the configurations asked, up to three processes and two
rounds (of three none is killed where one of two is enough to break the lock); · not to be shown; ? cut. All in the simulated
world, each search complete. A configuration is processes × rounds, or processes that contend; s finds a dead holder's lock, k one
is killed, l a lease runs out, e one call fails, i inode numbers are used again; one process alone: r attempts once more, f forks,
o opens and closes once more. M11: a auto, b bounded, m manual, as declared.";

/// Writes the table as text, and what its columns and marks mean.
///
/// # Errors
///
/// When the output does not take it.
pub fn write(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.enforce_styling();
    table.style_text_only();
    table.set_header(["lock"].into_iter().chain(ASPECTS.iter().map(|aspect| aspect.id)));
    for row in rows {
        let cells = row.cells.iter().map(|(id, cell)| {
            let place = Place::new(text(row, id, cell)).set_alignment(CellAlignment::Left);
            match cell {
                Cell::Violated { .. } => place.fg(Color::Red),
                Cell::Undecided { .. } => place.fg(Color::Yellow),
                Cell::Holds { .. } | Cell::NotApplicable => place,
            }
        });
        table.add_row([Place::new(row.lock)].into_iter().chain(cells));
    }
    for line in table.lines() {
        writeln!(out, "{}", line.trim_end())?;
    }
    writeln!(out)?;
    for aspect in ASPECTS {
        writeln!(
            out,
            "{:9} {} ({})",
            aspect.id,
            aspect.title,
            aspect.properties().join(", ")
        )?;
    }
    writeln!(out, "\n{LEGEND}")
}

/// Writes the table in Markdown, as it stands in `specs/README.md`.
///
/// # Errors
///
/// When the output does not take it.
pub fn markdown(out: &mut dyn Write, rows: &[Row]) -> io::Result<()> {
    let ids = ASPECTS.iter().map(|aspect| aspect.id).collect::<Vec<_>>().join(" | ");
    writeln!(out, "| lock | {ids} |\n|---|{}", "---|".repeat(ASPECTS.len()))?;
    for row in rows {
        let lock = row.lock;
        let cells: Vec<String> = row.cells.iter().map(|(id, cell)| text(row, id, cell)).collect();
        writeln!(out, "| [{lock}]({lock}.md) | {} |", cells.join(" | "))?;
    }
    writeln!(out)?;
    writeln!(out, "| column | what is asked | decided by |\n|---|---|---|")?;
    for aspect in ASPECTS {
        let properties: Vec<String> = aspect.properties().iter().map(|name| format!("`{name}`")).collect();
        writeln!(out, "| {} | {} | {} |", aspect.id, aspect.title, properties.join(", "))?;
    }
    writeln!(out, "\n{LEGEND}")
}

fn text(row: &Row, id: &str, cell: &Cell) -> String {
    match cell {
        Cell::Violated { least, .. } => format!("✗ {least}"),
        Cell::Holds { .. } if id == "M11" => format!("✓ {}", letter(row.crash_class)),
        Cell::Holds { .. } => "✓".to_owned(),
        Cell::NotApplicable => "·".to_owned(),
        Cell::Undecided { cut } => format!("? {cut}"),
    }
}

fn letter(class: CrashClass) -> char {
    match class {
        CrashClass::Auto => 'a',
        CrashClass::Bounded => 'b',
        CrashClass::Manual => 'm',
    }
}
