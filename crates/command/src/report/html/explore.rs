//! The page of `explore`: each verdict with its coverage, and counterexamples to step through.

use maud::{Markup, html};

use super::{Look, bar, page, word};
use onewinner_check::text::grouped;
use onewinner_check::text::timeline::{Mark, Row, decides, rows};
use onewinner_check::text::verdict::{covered, rests_on, suffice, what_holds, why_left_out};
use onewinner_core::history::History;
use onewinner_core::id::ProcessId;
use onewinner_core::verdict::{Counterexample, Coverage, Grade, Judged, Verdict};

/// The script that steps through counterexamples.
const SCRIPT: &str = include_str!("step.js");

/// Returns the page of several verdicts on one lock. `conclusion` sums them up in a sentence; `left_out` names the
/// configurations that were not run.
pub fn explore(conclusion: &str, verdicts: &[&Judged], left_out: &[String]) -> String {
    let lock = verdicts.first().map_or("nothing", |judged| &judged.coverage.lock);
    let title = format!("{lock}: does it let only one process in?");
    let body = html! {
        h1 { (title) }
        p.conclusion { (conclusion) }
        (table(verdicts))
        @if !left_out.is_empty() { p { "Not run, because " (why_left_out(verdicts)) ": " (left_out.join("; ")) "." } }
        @for (number, judged) in verdicts.iter().enumerate() {
            (section(number, judged))
        }
    };
    page(&title, SCRIPT, &body)
}

fn look(verdict: &Verdict) -> Look {
    match verdict {
        Verdict::Holds => Look::Good,
        Verdict::Violated(_) => Look::Bad,
        Verdict::Inconclusive { .. } | Verdict::Noted { .. } => Look::Open,
    }
}

/// The table of all verdicts.
fn table(verdicts: &[&Judged]) -> Markup {
    html! {
        div.wide {
            table.stacked {
                caption { "Verdicts" }
                thead { tr { th scope="col" { "configuration" } th scope="col" { "backend" } th scope="col" { "verdict" } th scope="col" { "covered" } } }
                tbody {
                    @for (number, Judged { verdict, coverage, .. }) in verdicts.iter().enumerate() {
                        tr {
                            th scope="row" data-label="configuration" {
                                a href={ "#v" (number) } { (coverage.scenario) (coverage.fault_sweep) }
                            }
                            td data-label="backend" { (coverage.backend) }
                            td data-label="verdict" { (word(look(verdict), verdict.word())) }
                            td data-label="covered" { (covered(coverage)) }
                        }
                    }
                }
            }
        }
    }
}

fn section(number: usize, judged: &Judged) -> Markup {
    let Judged {
        verdict,
        coverage,
        warnings,
    } = judged;
    html! {
        section id={ "v" (number) } {
            h2 { (coverage.backend) " · " (coverage.scenario) (coverage.fault_sweep) }
            p {
                (word(look(verdict), verdict.word())) " "
                @match verdict {
                    Verdict::Holds => (what_holds(coverage)),
                    Verdict::Violated(shown) => { strong { (shown.property) } ": " (shown.sentence) },
                    Verdict::Inconclusive { reason } => (reason),
                    Verdict::Noted { fact } => (fact),
                }
            }
            @if let Verdict::Violated(shown) = verdict { (counterexample(number, shown, coverage)) }
            @for warning in warnings.iter().filter(|_| !matches!(verdict, Verdict::Violated(_))) {
                p { (word(Look::Open, "warning")) " " strong { (warning.property) } ": " (warning.sentence) ": " (warning.consequence) }
                (steps_of(&warning.execution.history))
            }
            (outcomes(coverage))
            dl {
                @for (title, text) in rests_on(coverage) { dt { (title) } dd { (text) } }
                @for note in &coverage.blind_spots { dt { "note" } dd { (note) } }
            }
        }
    }
}

fn outcomes(coverage: &Coverage) -> Markup {
    let all = coverage.outcomes.iter().map(|row| row.count).sum::<u64>().max(1) as f64;
    let grade = |grade| match grade {
        Grade::Acceptable => (Look::Good, "acceptable"),
        Grade::Interesting => (Look::Open, "interesting"),
        Grade::Forbidden => (Look::Bad, "forbidden"),
    };
    html! {
        @if !coverage.outcomes.is_empty() {
            div.wide {
                table.outcomes {
                    caption { "Outcomes" }
                    thead { tr { th scope="col" { "how often" } th scope="col" { "outcome" } th scope="col" { "grade" } } }
                    tbody {
                        @for row in &coverage.outcomes {
                            @let (look, graded) = grade(row.grade);
                            tr {
                                td.number data-label="how often" { (grouped(row.count)) (bar(row.count as f64 / all, look)) }
                                th scope="row" data-label="outcome" { (row.outcome) }
                                td data-label="grade" { (word(look, graded)) }
                            }
                        }
                    }
                }
            }
        }
    }
}

/// The interleaving; empty if the kernel chose the steps.
fn counterexample(number: usize, shown: &Counterexample, coverage: &Coverage) -> Markup {
    let history = &shown.execution.history;
    let steps = rows(history, shown.decisive);
    let holds = holds(history);
    html! {
        @if !shown.execution.schedule.is_empty() && !steps.is_empty() {
            figure.stepper id={ "c" (number) } tabindex="0" aria-label={ "The interleaving in " (steps.len()) " steps; use the arrow keys to step" } {
                figcaption {
                    "How it fails, "
                    @match suffice(shown, coverage) {
                        Some(fewer) => (fewer),
                        None => { "with " (shown.scenario.processes) " processes" },
                    }
                }
                div.controls hidden {
                    button type="button" data-go="first" { "« first" }
                    button type="button" data-go="back" { "‹ back" }
                    button type="button" data-go="on" { "next ›" }
                    button type="button" data-go="all" { "all" }
                    output aria-live="polite" { "all " (steps.len()) " steps; use the arrow keys to step" }
                }
                div.wide { (interleaving(history, &steps, &holds)) }
            }
            dl {
                @if let Some(positions) = shown.decisive { dt { "◄ decides" } dd { (decides(history, positions)) } }
                dt { "schedule" } dd { code { (shown.execution.schedule) } }
                @if let Some(again) = shown.reproduced { dt { "replayed" } dd { "reproduced " (again.same) "/" (again.of) } }
            }
        }
    }
}

/// The interleaving of a warning, as a table.
fn steps_of(history: &History) -> Markup {
    let steps = rows(history, None);
    html! {
        @if !steps.is_empty() { div.wide { (interleaving(history, &steps, &holds(history))) } }
    }
}

/// A hold: its process, its first event, and the event after its last one.
struct Hold {
    process: ProcessId,
    from: usize,
    to: usize,
}

fn holds(history: &History) -> Vec<Hold> {
    let attempts = history.attempts();
    let hold = |from: usize, attempt: &onewinner_core::history::Attempt| Hold {
        process: attempt.process,
        from,
        to: attempt.hold_ends().unwrap_or(usize::MAX),
    };
    attempts
        .iter()
        .filter_map(|attempt| Some(hold(attempt.hold_begins()?, attempt)))
        .collect()
}

fn interleaving(history: &History, steps: &[Row], holds: &[Hold]) -> Markup {
    let name = |process: ProcessId| {
        if history.clock == Some(process) {
            "clock".to_owned()
        } else {
            process.to_string()
        }
    };
    let share = |process: ProcessId, position: usize| {
        let now = || holds.iter().filter(|hold| (hold.from..hold.to).contains(&position));
        match (now().any(|hold| hold.process == process), now().count()) {
            (false, _) => Share::None,
            (true, 1) => Share::Alone,
            (true, _) => Share::WithOthers,
        }
    };
    html! {
        table.steps {
            thead {
                tr {
                    th scope="col" { "step" }
                    @for process in ProcessId::first(history.processes) { th scope="col" { (name(process)) } }
                }
            }
            tbody {
                @for (number, row) in steps.iter().enumerate() {
                    tr data-step=(number) {
                        th scope="row" { (number) }
                        @for process in ProcessId::first(history.processes) {
                            (cell(row, process == row.process, share(process, row.position), &name(process)))
                        }
                    }
                }
            }
        }
    }
}

/// Whether a process holds the lock at a step.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Share {
    /// It does not hold the lock.
    None,
    /// It is the only holder.
    Alone,
    /// Others hold the lock too.
    WithOthers,
}

fn cell(row: &Row, own: bool, share: Share, name: &str) -> Markup {
    let holding = match share {
        Share::None => "",
        Share::Alone => " holding",
        Share::WithOthers => " holding together",
    };
    let class = match (own, share) {
        (true, _) => "own",
        (false, Share::None) => "empty",
        (false, _) => "other",
    };
    html! {
        td class={ (class) (holding) } data-label=(name) {
            @if own {
                code { (row.text) }
                @if let Some(mark) = &row.mark {
                    @let kind = match mark { Mark::Holds => "holder", _ => "mark" };
                    span class=(kind) { (mark.text()) }
                }
            } @else if share != Share::None {
                span.goes-on { "holds" }
            }
        }
    }
}
