//! A counterexample as a picture: a column for each process, steps down the page, and a bar for each hold.
//!
//! The picture is one SVG file with its own style. It follows the viewer's light or dark theme, reads no font file and runs
//! no script. Colours only repeat the words.

use maud::{Markup, html};

use onewinner_check::text::timeline::{Mark, Row, decides, rows};
use onewinner_core::history::{Attempt, History};
use onewinner_core::id::ProcessId;
use onewinner_core::verdict::Counterexample;

/// Colours for both themes. The background is drawn, so that the picture is readable on any page.
const STYLE: &str = "\
.ow{--ground:#fff;--text:#1a1c1f;--soft:#5c636b;--line:#d5d9de;--hold:#c6d3e3;--bad:#a61b1b;--bad-ground:#fde7e5;--mark:#0b5cc4}\
@media (prefers-color-scheme:dark){.ow{--ground:#15181c;--text:#e6e9ec;--soft:#9aa4ae;--line:#363c43;--hold:#3d5270;\
--bad:#ff9d94;--bad-ground:#3d1a19;--mark:#6fb1ff}}\
.ow text{fill:var(--text);font:13px system-ui,sans-serif}\
.ow .title{font-size:16px;font-weight:600}.ow .head{font-weight:600}.ow .soft{fill:var(--soft)}.ow .bad{fill:var(--bad);font-weight:600}\
.ow .call{font:13px ui-monospace,Menlo,Consolas,monospace}.ow .ground{fill:var(--ground)}.ow .rule{stroke:var(--line)}\
.ow .hold{fill:var(--hold)}.ow .both{fill:var(--bad)}.ow .overlap{fill:var(--bad-ground)}\
.ow .decisive{fill:none;stroke:var(--mark);stroke-width:2}.ow .arrow{fill:none;stroke:var(--mark);stroke-width:2;stroke-dasharray:5 4}\
.ow .mark{fill:var(--mark);font-weight:600}.ow .head-of-arrow{fill:var(--mark)}";

/// The outer margin. All lengths are in pixels.
const MARGIN: usize = 20;
/// The column of step numbers.
const NUMBERS: usize = 44;
/// The title, the sentence below it, and the names of the columns.
const TOP: usize = 112;
/// The height of a step.
const STEP: usize = 30;
/// Extra height for a step that wins or ends an attempt.
const NOTE: usize = 20;
/// The height after the last step, if a process still holds the lock.
const TAIL: usize = 44;
/// The minimum space between two elements.
const GAP: usize = 6;
/// The height of the text below the steps.
const FOOT: usize = 62;
/// The width of a bar with the space to its text.
const BAR: usize = 26;
/// The width of a bar.
const BAR_WIDTH: usize = 12;
/// The approximate width of a letter, rounded up because fonts differ.
const LETTER: usize = 8;
/// The minimum width of a column.
const LEAST: usize = 190;

/// Draws a counterexample of the lock `name`.
pub fn interleaving(name: &str, shown: &Counterexample) -> String {
    let history = &shown.execution.history;
    let rows = rows(history, None);
    let plan = Plan::of(history, &rows);
    let title = format!("{name}: {} is violated", shown.property);
    let foot = plan.bottom() + 26;
    // The texts at the top and at the bottom must fit too.
    let words = [title.len() + 8, shown.sentence.len(), schedule(shown).len()];
    let words = words.into_iter().max().unwrap_or(0) * LETTER + 2 * MARGIN;
    let (width, height) = (plan.right().max(words) + MARGIN, plan.bottom() + FOOT);
    let picture = html! {
        svg class="ow" xmlns="http://www.w3.org/2000/svg" role="img" aria-labelledby="ow-title ow-text"
            width=(width) height=(height) viewBox={ "0 0 " (width) " " (height) } {
            title id="ow-title" { (clean(&title)) }
            desc id="ow-text" { (clean(&shown.sentence)) }
            style { (STYLE) }
            rect.ground width=(width) height=(height) {}
            text.title x=(MARGIN) y="34" { (clean(&title)) }
            text.bad x=(MARGIN) y="58" { (clean(&shown.sentence)) }
            (plan.overlaps())
            (plan.heads(history))
            (plan.bars())
            (plan.steps(&rows, shown.decisive))
            @if let Some(positions) = shown.decisive {
                (plan.arrow(&rows, positions))
                text.mark x=(MARGIN) y=(foot) { "decides: " (clean(&decides(history, positions))) }
            }
            text.soft x=(MARGIN) y=(foot + 22) { (schedule(shown)) }
        }
    };
    format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n{}\n",
        picture.into_string()
    )
}

fn schedule(shown: &Counterexample) -> String {
    format!("schedule: {}", shown.execution.schedule)
}

/// Text that XML allows: control characters are forbidden there, even escaped.
fn clean(text: &str) -> String {
    text.replace(|letter: char| letter.is_control(), "\u{fffd}")
}

/// A hold, from one height to another.
#[derive(Clone, Copy, Debug)]
struct Hold {
    process: ProcessId,
    from: usize,
    to: usize,
    /// Whether it lasts until the end of the picture.
    open: bool,
}

/// The positions of all elements.
#[derive(Debug)]
struct Plan {
    /// The left edge of each process's column, and the right edge of the last one.
    edges: Vec<usize>,
    /// The upper edge of each step, and the lower edge of the last one.
    tops: Vec<usize>,
    holds: Vec<Hold>,
    /// The height after the last step.
    tail: usize,
}

impl Plan {
    fn of(history: &History, rows: &[Row]) -> Self {
        let mut edges = vec![MARGIN + NUMBERS];
        for process in ProcessId::first(history.processes) {
            let own = rows.iter().filter(|row| row.process == process);
            let widest = own.map(width).max().unwrap_or(0);
            let left = edges.last().copied().unwrap_or(MARGIN);
            edges.push(left + LEAST.max(widest * LETTER + BAR + 30));
        }
        let mut tops = vec![TOP];
        for row in rows {
            let top = tops.last().copied().unwrap_or(TOP);
            tops.push(top + STEP + if row.mark.is_some() { NOTE } else { 0 });
        }
        let attempts = history.attempts();
        let open = |attempt: &Attempt| attempt.hold_begins().is_some() && attempt.hold_ends().is_none();
        let mut plan = Self {
            edges,
            tops,
            holds: Vec::new(),
            tail: if attempts.iter().any(open) { TAIL } else { GAP },
        };
        plan.holds = attempts.iter().filter_map(|attempt| plan.hold(attempt, rows)).collect();
        plan
    }

    /// A hold begins below the call that wins, and ends above the call that releases.
    fn hold(&self, attempt: &Attempt, rows: &[Row]) -> Option<Hold> {
        let from = attempt.hold_begins()?;
        let first = rows.iter().position(|row| row.position >= from)?;
        let from = self.tops[first] + STEP - 4;
        let ends = attempt.hold_ends();
        let last = ends.and_then(|to| rows.iter().position(|row| row.position >= to));
        let to = last.map_or(self.bottom() - GAP, |last| self.tops[last] + 2);
        Some(Hold {
            process: attempt.process,
            from,
            to: to.max(from),
            open: ends.is_none(),
        })
    }

    fn right(&self) -> usize {
        self.edges.last().copied().unwrap_or(0)
    }

    /// The lower edge of the steps.
    fn bottom(&self) -> usize {
        self.tops.last().copied().unwrap_or(TOP) + self.tail
    }

    fn left(&self, process: ProcessId) -> usize {
        self.edges[process.index()]
    }

    /// The spans in which two or more processes hold the lock.
    fn together(&self) -> Vec<[usize; 2]> {
        let mut heights: Vec<usize> = self.holds.iter().flat_map(|hold| [hold.from, hold.to]).collect();
        heights.sort_unstable();
        heights.dedup();
        let spans = heights.windows(2).map(|pair| [pair[0], pair[1]]);
        let held = |[from, to]: &[usize; 2]| {
            let now = self.holds.iter().filter(|hold| hold.from <= *from && *to <= hold.to);
            now.count() > 1
        };
        let mut found: Vec<[usize; 2]> = Vec::new();
        for span in spans.filter(held) {
            match found.last_mut() {
                Some(before) if before[1] == span[0] => before[1] = span[1],
                _ => found.push(span),
            }
        }
        found
    }

    fn overlaps(&self) -> Markup {
        html! {
            @for [from, to] in self.together() {
                rect.overlap x=(MARGIN) y=(from) width=(self.right() - MARGIN) height=(to - from) {}
            }
        }
    }

    fn heads(&self, history: &History) -> Markup {
        html! {
            text.soft x=(MARGIN) y=(TOP - 18) { "step" }
            @for process in ProcessId::first(history.processes) {
                text.head x=(self.left(process) + BAR) y=(TOP - 18) {
                    @if history.clock == Some(process) { "clock" } @else { "process " (process) }
                }
            }
            line.rule x1=(MARGIN) y1=(TOP - 6) x2=(self.right()) y2=(TOP - 6) {}
        }
    }

    fn bars(&self) -> Markup {
        let bar = |class: &str, hold: &Hold, from: usize, to: usize| {
            html! {
                rect class=(class) x=(self.left(hold.process)) y=(from) width=(BAR_WIDTH) height=(to - from) rx="3" {}
            }
        };
        let together = self.together();
        html! {
            @for hold in &self.holds {
                (bar("hold", hold, hold.from, hold.to))
                @for [from, to] in together.iter().filter(|[from, to]| hold.from <= *from && *to <= hold.to) {
                    (bar("both", hold, *from, *to))
                }
                @if hold.open {
                    text.bad[!together.is_empty()] x=(self.left(hold.process) + BAR) y=(hold.to - 10) { "still holds the lock" }
                }
            }
        }
    }

    fn steps(&self, rows: &[Row], decisive: Option<[usize; 2]>) -> Markup {
        html! {
            @for (number, row) in rows.iter().enumerate() {
                @let (left, top) = (self.left(row.process) + BAR, self.tops[number]);
                text.soft x=(MARGIN) y=(top + 20) { (number) }
                @if decisive.is_some_and(|positions| positions.contains(&row.position)) {
                    rect.decisive x=(left - GAP) y=(top + 3) width=(frame_width(row)) height="24" rx="5" {}
                }
                text.call x=(left) y=(top + 20) { (clean(&row.text)) }
                @if let Some(mark) = &row.mark {
                    text class=(class(mark)) x=(left) y=(top + STEP + 10) { (clean(&mark.text())) }
                }
            }
        }
    }

    /// The arrow from the earlier of the two decisive calls to the later one.
    fn arrow(&self, rows: &[Row], positions: [usize; 2]) -> Markup {
        let found = positions.map(|position| rows.iter().position(|row| row.position == position));
        let [Some(earlier), Some(later)] = found else {
            return html! {};
        };
        let [from, to] = [earlier, later].map(|row| &rows[row]);
        // Between the inner edges of the two frames, so that the arrow crosses no text of neighbouring columns.
        let forward = from.process.index() < to.process.index();
        let (x1, x2, point) = if forward {
            (self.frame_end(from), self.left(to.process) + BAR - GAP, "l-9 -5 v10 z")
        } else {
            (self.left(from.process) + BAR - GAP, self.frame_end(to), "l9 -5 v10 z")
        };
        let [y1, y2] = [earlier, later].map(|row| self.tops[row] + STEP / 2);
        let middle = usize::midpoint(x1, x2);
        html! {
            path.arrow d={ "M" (x1) " " (y1) " C" (middle) " " (y1) " " (middle) " " (y2) " " (x2) " " (y2) } {}
            path."head-of-arrow" d={ "M" (x2) " " (y2) " " (point) } {}
        }
    }

    /// The right edge of the frame around a call.
    fn frame_end(&self, row: &Row) -> usize {
        self.left(row.process) + BAR + frame_width(row) - GAP
    }
}

/// The width of a step, in characters: of the call, or of the message of an attempt that failed.
fn width(row: &Row) -> usize {
    let message = match &row.mark {
        Some(mark @ Mark::Failed(_)) => mark.text().chars().count(),
        _ => 0,
    };
    row.text.chars().count().max(message)
}

/// The width of the frame around a call.
fn frame_width(row: &Row) -> usize {
    row.text.chars().count() * LETTER + 2 * GAP
}

fn class(mark: &Mark) -> &'static str {
    match mark {
        Mark::Holds => "bad",
        Mark::Busy | Mark::Failed(_) | Mark::Releases => "soft",
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::AtomicBool;

    use quick_xml::Reader;
    use quick_xml::events::Event;

    use super::*;
    use onewinner_check::{self, Backend, Plan};
    use onewinner_core::explore::{Limits, Strategy};
    use onewinner_core::primitive;
    use onewinner_core::property::Judging;
    use onewinner_core::scenario::{FaultSweep, Scenario, Subject};
    use onewinner_core::verdict::Verdict;

    fn shown(lock: &str, scenario: Scenario) -> Counterexample {
        let plan = Plan {
            subject: Subject::Primitive(primitive::by_name(lock).expect("a shipped lock")),
            scenario,
            fault_sweep: FaultSweep::Nothing,
            backend: Backend::Sim {
                strategy: Strategy::Dpor,
                limits: Limits::default(),
            },
            seed: 1,
            judged: Judging::All,
        };
        let judged = onewinner_check::check(
            &plan,
            &Arc::new(AtomicBool::new(false)),
            &(Arc::new(|_| {}) as onewinner_check::EventSink),
        );
        match judged.expect("the simulated file system is always there").verdict {
            Verdict::Violated(shown) => *shown,
            other => panic!("{lock}: {}", other.word()),
        }
    }

    /// The elements and texts of a well-formed picture.
    fn parts(svg: &str) -> (Vec<String>, Vec<String>) {
        let mut reader = Reader::from_str(svg);
        reader.config_mut().check_end_names = true;
        let (mut names, mut texts) = (Vec::new(), Vec::new());
        loop {
            match reader.read_event().expect("the picture is well-formed") {
                Event::Start(start) | Event::Empty(start) => {
                    let class = start.try_get_attribute("class").expect("sound attributes");
                    let class = class.map(|class| String::from_utf8_lossy(&class.value).into_owned());
                    let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
                    names.push(format!("{name}.{}", class.unwrap_or_default()));
                }
                Event::Text(text) => texts.push(text.decode().expect("UTF-8").into_owned()),
                Event::Eof => return (names, texts),
                _ => {}
            }
        }
    }

    fn count(names: &[String], wanted: &str) -> usize {
        names.iter().filter(|name| *name == wanted).count()
    }

    #[test]
    fn both_holds_overlap_and_the_two_decisive_calls_are_framed() {
        let svg = interleaving("stat-then-write", &shown("stat-then-write", Scenario::contend(2)));
        let (names, texts) = parts(&svg);
        let counts = ["rect.hold", "rect.both", "rect.overlap", "rect.decisive", "path.arrow"];
        assert_eq!(counts.map(|name| count(&names, name)), [2, 2, 1, 2, 1], "{svg}");
        assert_eq!(texts.iter().filter(|text| *text == "still holds the lock").count(), 2);
        assert!(
            texts
                .iter()
                .any(|text| text.starts_with("decides: P0's stat before P1's open"))
        );
    }

    #[test]
    fn a_hold_that_ends_has_a_bar_that_ends() {
        let svg = interleaving("flock-half-fix", &shown("flock-half-fix", Scenario::cycle(2, 2)));
        let (names, texts) = parts(&svg);
        assert_eq!(count(&names, "rect.overlap"), 1, "{svg}");
        assert!(count(&names, "rect.hold") > count(&names, "rect.both"), "{svg}");
        assert!(!texts.iter().any(|text| text == "still holds the lock"));
    }

    #[test]
    fn a_name_cannot_leave_its_place_in_the_picture() {
        let name = "a</text><script>&\"'\u{1}\u{1b}[31m";
        let svg = interleaving(name, &shown("stat-then-write", Scenario::contend(2)));
        let (names, _) = parts(&svg);
        assert!(!names.iter().any(|name| name.starts_with("script")), "{svg}");
        assert!(svg.contains("a&lt;/text&gt;&lt;script&gt;&amp;"), "{svg}");
        assert!(
            svg.chars().all(|letter| letter == '\n' || !letter.is_control()),
            "{svg:?}"
        );
    }

    #[test]
    fn each_colour_is_set_for_both_themes() {
        let (light, dark) = STYLE
            .split_once("@media (prefers-color-scheme:dark){")
            .expect("two themes");
        let (dark, rest) = dark.split_once("}}").expect("the dark theme ends");
        let set = |text: &str, name: &str| text.contains(&format!("{name}:#"));
        let used: Vec<&str> = rest
            .split("var(")
            .skip(1)
            .filter_map(|text| text.split(')').next())
            .collect();
        assert!(used.len() > 5);
        for name in used {
            assert!(set(light, name) && set(dark, name), "{name}");
        }
    }
}
