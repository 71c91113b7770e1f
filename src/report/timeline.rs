//! An interleaving for a person: a row for each step, a column for each process.

use std::path::Path;

use comfy_table::{Cell, Color, Table, presets};

use crate::fs::call::{Call, Reply};
use crate::history::{Attempt, Event, History, What};

/// The interleaving of a history that has calls.
pub fn table(history: &History) -> Table {
    let mut table = Table::new();
    table.load_style(presets::NOTHING);
    // The output decides about colours, not the table: it may be a pipe.
    table.enforce_styling();
    table.style_text_only();
    let attempts = history.attempts();
    let mut header = vec![Cell::new("step")];
    header.extend((0..history.processes).map(|process| Cell::new(format!("P{process}"))));
    table.set_header(header);
    let rows = history.events.iter().enumerate().filter_map(|(position, event)| {
        let text = match &event.what {
            What::Performed { call, reply, .. } => describe(history, call, reply),
            What::Injected { call, errno } => describe(history, call, &Err(*errno)) + " (injected)",
            _ => return None,
        };
        Some((position, event.process, text))
    });
    for (number, (position, process, mut text)) in rows.enumerate() {
        let mark = mark(history, &attempts, position);
        if let Some(mark) = &mark {
            text.push('\n');
            text.push_str(mark.text());
        }
        let mut row = vec![Cell::new(number)];
        row.resize(history.processes + 1, Cell::new(""));
        row[process.index() + 1] = match mark {
            Some(Mark::Holds) => Cell::new(text).fg(Color::Red),
            _ => Cell::new(text),
        };
        table.add_row(row);
    }
    table
}

enum Mark {
    Holds,
    Busy,
    Failed,
    Releases,
}

impl Mark {
    fn text(&self) -> &'static str {
        match self {
            Self::Holds => "● holds the lock",
            Self::Busy => "○ is told busy",
            Self::Failed => "✗ fails",
            Self::Releases => "◌ begins to release",
        }
    }
}

/// What becomes of an attempt with the row at `position`.
fn mark(history: &History, attempts: &[Attempt], position: usize) -> Option<Mark> {
    if attempts.iter().any(|attempt| attempt.hold_ends() == Some(position)) {
        return Some(Mark::Releases);
    }
    let process = history.events[position].process;
    let own = |event: &Event| event.process == process;
    let next = history.events[position + 1..].iter().find(|event| own(event))?;
    match next.what {
        What::Acquired => Some(Mark::Holds),
        What::Busy => Some(Mark::Busy),
        What::Failed { .. } | What::Panicked { .. } => Some(Mark::Failed),
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
