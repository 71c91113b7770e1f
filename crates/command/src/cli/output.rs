//! The output of a command: text or JSON on standard output, progress on standard error if it is a terminal.

use std::collections::BTreeSet;
use std::fmt;
use std::io::{self, Write};
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use anstyle::{AnsiColor, Style};
use comfy_table::Table;
use indicatif::{ProgressBar, ProgressState, ProgressStyle};
use rand::RngExt;
use serde::Serialize;

use super::Failure;
use super::arguments::Common;
use super::page::Page;
use onewinner_check::counterexample::Saved;
use onewinner_check::text::verdict::{self as terminal, Look};
use onewinner_check::{self, Allowance, CheckError, Event, EventSink, Plan};
use onewinner_core::primitive::Expectation;
use onewinner_core::scenario::Subject;

use crate::report::{html, json};
use onewinner_core::verdict::{Exit, Judged, Verdict};

/// The width in columns of text that goes to a file or a pipe.
const LOG_WIDTH: usize = 120;

/// The style of the word `error`.
pub(super) const ERROR: Style = AnsiColor::Red.on_default().bold();

/// The output of one command.
pub(super) struct Output {
    json: bool,
    /// The width in columns: of the terminal, or [`LOG_WIDTH`].
    pub(super) width: usize,
    /// The seed of every random choice.
    pub(super) seed: u64,
}

/// A verdict in the JSON document.
#[derive(Serialize)]
struct Row {
    #[serde(flatten)]
    judged: Judged,
    claim: Expectation,
    exit: u8,
    #[serde(skip_serializing_if = "Option::is_none")]
    saved: Option<PathBuf>,
}

/// An error of standard output, with its kind: that of a closed pipe is none.
pub(super) fn unwritten(error: &io::Error) -> io::Error {
    io::Error::new(error.kind(), format!("failed to write to standard output: {error}"))
}

impl Output {
    pub(super) fn new(common: &Common) -> Self {
        Self {
            json: common.json,
            width: Table::new().width().map_or(LOG_WIDTH, usize::from),
            // 32 bits: short enough to type again.
            seed: common.seed.unwrap_or_else(|| u64::from(rand::rng().random::<u32>())),
        }
    }

    /// Prints text, unless `--json` was given.
    pub(super) fn text(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        if self.json {
            return Ok(());
        }
        let mut out = anstream::AutoStream::auto(io::stdout().lock());
        let written = write(&mut out).and_then(|()| out.flush());
        written.map_err(|error| unwritten(&error))
    }

    /// Prints the JSON document, if `--json` was given.
    pub(super) fn json<T: Serialize>(&self, command: &str, exit: Exit, results: &[T]) -> io::Result<()> {
        self.document(|out| json::write(out, command, exit.code(), results))
    }

    /// Prints a JSON document of another shape, if `--json` was given.
    pub(super) fn document(&self, write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
        if !self.json {
            return Ok(());
        }
        let mut out = io::stdout().lock();
        let written = write(&mut out).and_then(|()| out.flush());
        written.map_err(|error| unwritten(&error))
    }

    /// Runs plans one after another, prints each verdict, and saves counterexamples.
    pub(super) fn judge(
        &self,
        command: &str,
        plans: &[Plan],
        question: Question,
        files: &Files<'_>,
        allowance: Allowance,
        interrupted: &Arc<AtomicBool>,
    ) -> Result<Exit, Failure> {
        let Question { claim, look } = question;
        let save = &files.save;
        save.check()?;
        let page = files.page.map(Page::at).transpose()?;
        let (mut exits, mut rows) = (Vec::new(), Vec::new());
        let mut failure = None;
        let progress = progress();
        let events = progress_events(&progress);
        let mut is_left_out = vec![true; plans.len()];
        let mut each = |position: usize, plan: &Plan, result: Result<Judged, CheckError>| {
            is_left_out[position] = false;
            // Hide the progress line while the verdict is printed.
            let printed = progress.suspend(|| self.verdict(plan, result, claim, save, &rows));
            match printed {
                Ok((own, row)) => {
                    exits.push(own);
                    rows.push(row);
                    ControlFlow::Continue(())
                }
                Err(error) => {
                    failure = Some(error);
                    ControlFlow::Break(())
                }
            }
        };
        onewinner_check::check_all(plans, allowance, interrupted, &events, &mut each);
        progress.finish_and_clear();
        if let Some(failure) = failure {
            return Err(failure);
        }
        let exit = if interrupted.load(Ordering::Relaxed) {
            Exit::Interrupted
        } else {
            Exit::together(&exits, claim)
        };
        let left_out = plans.iter().zip(is_left_out).filter(|(_, is_left_out)| *is_left_out);
        let mut left_out: Vec<String> = left_out.map(|(plan, _)| plan.configuration()).collect();
        let mut known: BTreeSet<String> = rows.iter().map(|row| row.judged.coverage.configuration()).collect();
        left_out.retain(|configuration| known.insert(configuration.clone()));
        let verdicts: Vec<&Judged> = rows.iter().map(|row| &row.judged).collect();
        self.text(|out| {
            if !left_out.is_empty() && exit != Exit::Interrupted {
                terminal::left_out(out, &verdicts, &left_out)?;
            }
            if plans.iter().any(|plan| matches!(plan.subject, Subject::Program(_))) && exit == Exit::AsClaimed {
                terminal::not_tried(out, &verdicts)?;
            }
            terminal::concluded(out, exit, claim, look)
        })?;
        self.json(command, exit, &rows)?;
        if let Some(page) = page {
            page.write(&explored(exit, claim, look, &rows, &left_out)?)?;
        }
        Ok(exit)
    }

    /// Prints a verdict, and saves its counterexample unless one is saved already.
    fn verdict(
        &self,
        plan: &Plan,
        result: Result<Judged, CheckError>,
        claim: Expectation,
        save: &Save,
        rows: &[Row],
    ) -> Result<(Exit, Row), Failure> {
        let judged = result?;
        let own = onewinner_check::exit(&judged.verdict, &judged.coverage, claim);
        let before: Vec<&Judged> = rows.iter().map(|row| &row.judged).collect();
        self.text(|out| terminal::judged(out, &judged, self.width, &before))?;
        let already = rows.iter().any(|row| row.saved.is_some());
        let saved = if already { None } else { self.save(plan, &judged, save)? };
        let exit = own.code();
        let row = Row {
            judged,
            claim,
            exit,
            saved,
        };
        Ok((own, row))
    }

    /// Saves the counterexample, if there is one and a path for it.
    fn save(&self, plan: &Plan, judged: &Judged, save: &Save) -> Result<Option<PathBuf>, Failure> {
        let Verdict::Violated(shown) = &judged.verdict else {
            return Ok(None);
        };
        let named = PathBuf::from(format!("onewinner-{}-{}.json", plan.subject.slug(), shown.property));
        let (path, asked) = match save {
            _ if shown.execution.schedule.is_empty() => return Ok(None),
            Save::Nowhere => return Ok(None),
            Save::Named => (named, false),
            Save::At(path) => (path.clone(), true),
        };
        match Saved::new(plan, shown).write(&path) {
            Ok(()) => {
                self.text(|out| print_saved(out, &path))?;
                Ok(Some(path))
            }
            // The verdict is valid even if the working directory is read-only.
            Err(error) if !asked => {
                let _closed = writeln!(io::stderr(), "note: {error}");
                Ok(None)
            }
            Err(error) => Err(error.into()),
        }
    }
}

/// What a command is asked.
#[derive(Clone, Copy)]
pub(super) struct Question {
    /// The claim to check.
    pub(super) claim: Expectation,
    /// How much of a lock it looks at.
    pub(super) look: Look,
}

impl Question {
    /// Whether the claim is true, by a full search.
    pub(super) fn of(claim: Expectation) -> Self {
        let look = Look::Full;
        Self { claim, look }
    }
}

/// The files that a command writes.
pub(super) struct Files<'a> {
    pub(super) save: Save,
    /// The HTML page.
    pub(super) page: Option<&'a Path>,
}

/// Renders the page of all verdicts, with the same conclusion as the text.
fn explored(exit: Exit, claim: Expectation, look: Look, rows: &[Row], left_out: &[String]) -> io::Result<String> {
    let mut conclusion = anstream::StripStream::new(Vec::new());
    terminal::concluded(&mut conclusion, exit, claim, look)?;
    let conclusion = String::from_utf8_lossy(&conclusion.into_inner()).trim().to_owned();
    let verdicts: Vec<&Judged> = rows.iter().map(|row| &row.judged).collect();
    Ok(html::explore(&conclusion, &verdicts, left_out))
}

/// Where counterexamples are saved.
pub(super) enum Save {
    /// Nowhere.
    Nowhere,
    /// In the working directory, under a name made of the lock and the property.
    Named,
    /// At this path.
    At(PathBuf),
}

impl Save {
    /// Rejects a path that cannot be written, before the search takes minutes.
    fn check(&self) -> Result<(), Failure> {
        let Self::At(path) = self else {
            return Ok(());
        };
        let folder = match path.parent() {
            Some(folder) if folder != Path::new("") => folder,
            _ => Path::new("."),
        };
        if path.is_dir() {
            return Err(format!("failed to save in {path:?}: it is a directory; name a file with --save").into());
        }
        if !folder.is_dir() {
            return Err(format!("failed to save in {path:?}: there is no directory {folder:?}; create it").into());
        }
        Ok(())
    }
}

fn print_saved(out: &mut dyn Write, path: &Path) -> io::Result<()> {
    let path = path.display();
    writeln!(out, "  saved     {path}")?;
    writeln!(out, "  replay    onewinner replay {path}\n")
}

/// Runs one plan, with progress on standard error.
pub(super) fn run(plan: &Plan, interrupted: &Arc<AtomicBool>) -> Result<Judged, Failure> {
    let progress = progress();
    let judged = onewinner_check::check(plan, interrupted, &progress_events(&progress));
    progress.finish_and_clear();
    Ok(judged?)
}

/// A progress line. It is redrawn only on events: a thread that redraws it would not survive the forks of a race.
pub(super) fn progress() -> ProgressBar {
    let style =
        ProgressStyle::with_template("{msg}  {human_pos}  {rate}  {prefix}{elapsed}").expect("the template is sound");
    let style = style.with_key("rate", |state: &ProgressState, out: &mut dyn fmt::Write| {
        // A failure to draw progress is harmless.
        let _ = write!(out, "{:.0}/s", state.per_sec());
    });
    ProgressBar::new_spinner().with_style(style)
}

/// A progress line that counts to `number`.
pub(super) fn counting(number: usize) -> ProgressBar {
    let style = ProgressStyle::with_template("{pos} of {len}  {msg}  {elapsed}").expect("the template is sound");
    ProgressBar::new(number as u64).with_style(style)
}

/// Shows the events of a search on a progress line.
pub(super) fn progress_events(progress: &ProgressBar) -> EventSink {
    let progress = progress.clone();
    Arc::new(move |event| match event {
        Event::Began {
            backend,
            lock,
            scenario,
        } => {
            progress.set_message(format!("{lock} · {backend} · {scenario}"));
            progress.tick();
        }
        Event::Progress {
            executions,
            depth,
            share,
        } => {
            let depth = depth.map(|depth| format!("{depth} steps  "));
            let left = share.map(|share| format!("about {:.0} % left  ", (1.0 - share.clamp(0.0, 1.0)) * 100.0));
            progress.set_prefix(depth.unwrap_or_default() + &left.unwrap_or_default());
            progress.set_position(executions);
        }
        Event::Judged(_) => {}
    })
}
