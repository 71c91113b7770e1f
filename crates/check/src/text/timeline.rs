//! An interleaving as text: a row for each step, a column for each process.

use std::io::{self, Write};
use std::path::Path;

use anstyle::{AnsiColor, Style};
use comfy_table::{Table, presets};

use onewinner_core::fs::call::{Call, Reply};
use onewinner_core::history::{Attempt, Event, History, What};
use onewinner_core::id::ProcessId;

/// The indent of an interleaving, in characters.
const INDENT: usize = 4;
/// The most processes that have lanes of their own.
const MOST_LANES: usize = 5;
/// The colour of a step with which a process holds the lock.
const RED: Style = AnsiColor::Red.on_default();

/// Writes the interleaving of a history that has calls, with an empty line before and after it.
///
/// Each process has a column. If the columns are wider than `width`, the calls share one column, and narrow lanes show the
/// process of each.
///
/// # Errors
///
/// If `out` fails.
pub fn write(out: &mut dyn Write, history: &History, decisive: Option<[usize; 2]>, width: usize) -> io::Result<()> {
    let rows = rows(history, decisive);
    let columns = columns(history, &rows);
    let widest = columns.column_max_content_widths();
    let needed: usize = widest.iter().map(|width| usize::from(*width) + GAP).sum();
    let (table, layout) = if INDENT + needed <= width {
        (columns, Layout::Columns)
    } else {
        (lanes(history, &rows), Layout::Lanes)
    };
    writeln!(out)?;
    let mut lines = table.lines();
    for header in lines.by_ref().take(1) {
        writeln!(out, "{:INDENT$}{}", "", header.trim_end())?;
    }
    for row in &rows {
        // The table wraps nothing: each line of a step is a line of the table.
        for (part, line) in row.cell(layout).lines().zip(&mut lines) {
            writeln!(out, "{:INDENT$}{}", "", row.paint(part, line.trim_end()))?;
        }
    }
    if let Some([earlier, later]) = decisive {
        writeln!(out, "\n  decides   ◄ {}", decides(history, [earlier, later]))?;
    }
    writeln!(out)
}

/// The two calls whose order decides, in words.
pub fn decides(history: &History, positions: [usize; 2]) -> String {
    let [earlier, later] = positions.map(|position| match &history.events[position] {
        Event {
            process,
            what: What::Performed { call, .. },
        } => format!("{process}'s {}", call.name()),
        Event { process, .. } => process.to_string(),
    });
    format!("{earlier} before {later}; the other way round it holds")
}

/// Marks the two calls whose order decides.
const DECIDES: &str = "  ◄";
/// What comfy-table leaves around a cell.
const GAP: usize = 2;

/// A step: its process, its call with the reply, and the state that the attempt reaches.
pub struct Row {
    /// Its position among the events.
    pub position: usize,
    /// The process that made the call.
    pub process: ProcessId,
    /// The call and its reply.
    pub text: String,
    /// The state that the attempt reaches with this step.
    pub mark: Option<Mark>,
}

impl Row {
    fn cell(&self, layout: Layout) -> String {
        match (&self.mark, layout) {
            (None, _) => self.text.clone(),
            (Some(mark), Layout::Columns) => format!("{}\n{}", self.text, mark.text()),
            (Some(mark), Layout::Lanes) => format!("{}  {}", self.text, mark.word()),
        }
    }

    /// The line of the table, with `part`, its last text, in colour if the process holds the lock from here.
    fn paint(&self, part: &str, line: &str) -> String {
        match (&self.mark, line.strip_suffix(part)) {
            (Some(Mark::Holds), Some(before)) => format!("{before}{RED}{part}{RED:#}"),
            _ => line.to_owned(),
        }
    }
}

/// The layout of the calls.
#[derive(Clone, Copy)]
enum Layout {
    /// Each process has a column.
    Columns,
    /// All calls share one.
    Lanes,
}

/// The steps of a history, in their order.
pub fn rows(history: &History, decisive: Option<[usize; 2]>) -> Vec<Row> {
    let attempts = history.attempts();
    let row = |(position, event): (usize, &Event)| {
        let text = match &event.what {
            What::Performed { call, reply, .. } => describe(history, call, reply),
            What::Injected { call, errno } => describe(history, call, &Err(*errno)) + " (injected)",
            _ => return None,
        };
        Some(Row {
            position,
            process: event.process,
            text: if decisive.is_some_and(|decisive| decisive.contains(&position)) {
                text + DECIDES
            } else {
                text
            },
            mark: mark(history, &attempts, position),
        })
    };
    history.events.iter().enumerate().filter_map(row).collect()
}

fn empty(header: impl IntoIterator<Item = String>) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    table.set_header(header);
    table
}

/// A row for each step, a column for each process.
fn columns(history: &History, rows: &[Row]) -> Table {
    let names = ProcessId::first(history.processes).map(|process| {
        if history.clock == Some(process) {
            "clock".to_owned()
        } else {
            process.to_string()
        }
    });
    let mut table = empty(["step".to_owned()].into_iter().chain(names));
    for (number, row) in rows.iter().enumerate() {
        let mut cells = vec![number.to_string()];
        cells.resize(history.processes + 1, String::new());
        cells[row.process.index() + 1] = row.cell(Layout::Columns);
        table.add_row(cells);
    }
    table
}

/// A line for each step, and the name of its process in the process's lane.
fn lanes(history: &History, rows: &[Row]) -> Table {
    let lanes = if history.processes > MOST_LANES {
        1
    } else {
        history.processes
    };
    let mut table = empty(["step".to_owned()].into_iter().chain(vec![String::new(); lanes + 1]));
    for (number, row) in rows.iter().enumerate() {
        let mut cells = vec![number.to_string()];
        cells.resize(lanes + 1, String::new());
        cells[row.process.index() % lanes + 1] = row.process.to_string();
        cells.push(row.cell(Layout::Lanes));
        table.add_row(cells);
    }
    table
}

/// The state that an attempt reaches.
pub enum Mark {
    /// The process holds the lock.
    Holds,
    /// The attempt reports that the lock is held.
    Busy,
    /// The attempt or the release fails, with the message of the program if it gave one.
    Failed(Option<String>),
    /// The process releases the lock.
    Releases,
}

/// The longest message in a mark, in characters: the sentence of the violation has all of it.
const LONGEST_MESSAGE: usize = 100;

impl Mark {
    fn failed(message: Option<&str>) -> Self {
        let shown = |message: &str| {
            message
                .replace(char::is_control, " ")
                .chars()
                .take(LONGEST_MESSAGE)
                .collect()
        };
        Self::Failed(message.map(shown))
    }

    fn word(&self) -> String {
        match self {
            Self::Holds => "● holds".to_owned(),
            Self::Busy => "○ busy".to_owned(),
            Self::Failed(_) => self.text(),
            Self::Releases => "◌ releases".to_owned(),
        }
    }

    /// The mark with its symbol.
    pub fn text(&self) -> String {
        match self {
            Self::Holds => "● holds the lock".to_owned(),
            Self::Busy => "○ gets busy".to_owned(),
            Self::Failed(None) => "✗ fails".to_owned(),
            Self::Failed(Some(message)) => format!("✗ fails: {message}"),
            Self::Releases => "◌ begins to release".to_owned(),
        }
    }
}

/// The state that an attempt reaches with the row at `position`.
fn mark(history: &History, attempts: &[Attempt], position: usize) -> Option<Mark> {
    let process = history.events[position].process;
    let own = |event: &&Event| event.process == process;
    let next = history.events[position + 1..].iter().find(own).map(|event| &event.what);
    // A program says why; after an injected error the call above says it.
    if let Some(What::ReleaseFailed { error }) = next
        && let Some(words) = error.words()
    {
        return Some(Mark::failed(Some(words)));
    }
    if attempts.iter().any(|attempt| attempt.hold_ends() == Some(position)) {
        return Some(Mark::Releases);
    }
    match next? {
        What::Acquired => Some(Mark::Holds),
        What::Busy => Some(Mark::Busy),
        What::Failed { error } => Some(Mark::failed(error.words())),
        What::Panicked { message } => Some(Mark::failed(Some(message))),
        _ => None,
    }
}

fn describe(history: &History, call: &Call, reply: &Reply) -> String {
    let directory = history.lock.parent().unwrap_or(Path::new("/"));
    let answer = match reply {
        Ok(value) => value.to_string(),
        Err(errno) => errno.to_string(),
    };
    format!("{} = {answer}", call.relative_to(directory))
}
