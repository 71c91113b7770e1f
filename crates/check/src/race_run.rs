//! A race, judged: the rounds that were seen, and a control beside them.
//!
//! A pass means little where nothing would have been caught, and a violation means little where everything is: so a pass
//! comes with the rate at which a broken lock is caught under the same conditions, and a violation with a sound lock's.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::results::Tally;
use super::{CheckError, Event, EventSink, Plan, conclude};
use onewinner_core::backend::BackendKind;
use onewinner_core::fs::Errno;
use onewinner_core::history::{End, Execution};
use onewinner_core::primitive::{CreateNew, LockPrimitive, StatThenWrite};
use onewinner_core::property::Judging;
use onewinner_core::schedule::Schedule;
use onewinner_core::statistics::rate_bounds;
use onewinner_core::verdict::{Control, Extent, Judged, RaceCoverage, Verdict};
use onewinner_linux::race::{Alignment, RaceOptions, Report, Stop, race};

/// The most rounds of a control: enough to see whether the harness has teeth.
const MOST_CONTROL_ROUNDS: u64 = 1_000;

/// Races the lock of the plan, then the control.
pub(super) fn raced(
    plan: &Plan,
    options: &RaceOptions,
    interrupted: &Arc<AtomicBool>,
    tell: &EventSink,
) -> Result<Judged, CheckError> {
    let options = RaceOptions {
        scenario: plan.scenario.clone(),
        seed: plan.seed,
        ..options.clone()
    };
    let primitive = plan.primitive()?;
    let (report, tally) = run(primitive, plan.judged, &options, interrupted, tell)?;
    let mut beside = Beside::default();
    if matches!(report.stop, Stop::AllRounds | Stop::TimeLimit) {
        beside = Beside::race(primitive, tally.violating > 0, &options, interrupted, tell)?;
    }
    let extent = Extent::Sampled {
        violations: tally.violating,
        rate: rate_bounds(tally.violating, report.rounds.max(1)),
    };
    let mut judged = conclude(plan, tally, extent, doubt(&report));
    if let Some(reason) = beside
        .control
        .as_ref()
        .and_then(|control| distrust(control, options.alignment))
    {
        judged.verdict = Verdict::Inconclusive { reason };
    }
    judged
        .coverage
        .blind_spots
        .extend(report.notes.iter().map(ToString::to_string));
    if beside
        .control
        .as_ref()
        .is_some_and(|control| !control.sound && control.violations == 0)
    {
        let toothless = "the broken control was not caught either, so that this pass says little: race aligned too";
        judged.coverage.blind_spots.push(toothless.to_owned());
    }
    judged.coverage.race = Some(RaceCoverage {
        conditions: conditions(&options),
        seconds: report.elapsed.as_secs_f64(),
        without_winner: report.without_winner,
        attempt_errors: by_name(&report.attempt_errors),
        release_errors: by_name(&report.release_errors),
        control: beside.control,
        natural: beside.natural,
    });
    Ok(judged)
}

fn run(
    primitive: &'static dyn LockPrimitive,
    judged: Judging,
    options: &RaceOptions,
    interrupted: &AtomicBool,
    tell: &EventSink,
) -> Result<(Report, Tally), CheckError> {
    let mut progress = |rounds| {
        tell(Event::Progress {
            executions: rounds,
            share: Some(rounds as f64 / options.rounds as f64),
            depth: None,
        });
    };
    let mut report = race(primitive, options, interrupted, &mut progress)?;
    let mut tally = Tally::default();
    for seen in std::mem::take(&mut report.seen) {
        let execution = Execution {
            schedule: Schedule::default(),
            history: seen.history,
            end: End::Completed,
        };
        tally.take(&options.scenario, judged, execution, seen.rounds);
    }
    Ok((report, tally))
}

/// What is raced beside the lock, for comparison.
#[derive(Default)]
struct Beside {
    /// The lock that should give the other answer, under the same conditions.
    control: Option<Control>,
    /// The same lock without alignment: what chance alone would have shown.
    natural: Option<Control>,
}

impl Beside {
    fn race(
        primitive: &'static dyn LockPrimitive,
        violated: bool,
        options: &RaceOptions,
        interrupted: &AtomicBool,
        tell: &EventSink,
    ) -> Result<Self, CheckError> {
        let options = RaceOptions {
            rounds: options.rounds.min(MOST_CONTROL_ROUNDS),
            ..options.clone()
        };
        let mut beside = Self::default();
        let other: &'static dyn LockPrimitive = if violated { &CreateNew } else { &StatThenWrite };
        if other.name() != primitive.name() {
            beside.control = Some(compared(other, violated, &options, interrupted, tell)?);
        }
        if options.alignment == Alignment::Aligned {
            let natural = RaceOptions {
                alignment: Alignment::Natural,
                ..options
            };
            beside.natural = Some(compared(primitive, !violated, &natural, interrupted, tell)?);
        }
        Ok(beside)
    }
}

fn compared(
    primitive: &'static dyn LockPrimitive,
    sound: bool,
    options: &RaceOptions,
    interrupted: &AtomicBool,
    tell: &EventSink,
) -> Result<Control, CheckError> {
    tell(Event::Began {
        backend: BackendKind::Race,
        lock: format!("{} (control)", primitive.name()),
        scenario: options.scenario.to_string(),
    });
    // Whether a control shows teeth is a matter of every property.
    let (report, tally) = run(primitive, Judging::All, options, interrupted, tell)?;
    Ok(Control {
        lock: primitive.name(),
        sound,
        rounds: report.rounds,
        violations: tally.violating,
        rate: rate_bounds(tally.violating, report.rounds.max(1)),
    })
}

/// Why the rounds that were seen do not carry a verdict.
pub(super) fn doubt(report: &Report) -> Option<String> {
    match &report.stop {
        Stop::AllRounds | Stop::TimeLimit if report.rounds == 0 => {
            Some("no round was run to its end; give more time".to_owned())
        }
        Stop::AllRounds | Stop::TimeLimit if report.unclassified > 0 => {
            let count = report.unclassified;
            Some(format!(
                "{count} rounds differed too much to be kept; race fewer processes or fewer rounds"
            ))
        }
        Stop::AllRounds | Stop::TimeLimit => starved(report),
        Stop::Interrupted => Some("interrupted".to_owned()),
        Stop::Lost(lost) => {
            let ends: Vec<_> = lost
                .iter()
                .map(|lost| {
                    let names: Vec<_> = lost.processes.iter().map(ToString::to_string).collect();
                    format!("{} ({})", names.join(", "), lost.ended)
                })
                .collect();
            Some(format!("workers died: {}", ends.join("; ")))
        }
        Stop::Hung(processes) => {
            let names: Vec<_> = processes.iter().map(ToString::to_string).collect();
            Some(format!(
                "{} did not come back from one operation within the limit, and had to be killed",
                names.join(", ")
            ))
        }
    }
}

/// Why nothing can be concluded from contenders that the machine refused what any lock needs.
fn starved(report: &Report) -> Option<String> {
    let (errno, count) = report.attempt_errors.iter().find(|(errno, _)| errno.is_scarcity())?;
    let what = errno.text();
    Some(format!(
        "{count} attempts met {what} ({errno}); make room, or race in another directory"
    ))
}

/// Why the control makes the verdict worthless.
fn distrust(control: &Control, alignment: Alignment) -> Option<String> {
    if control.sound && control.violations > 0 {
        return Some(format!(
            "{} fails too under the same conditions, in {} of {} rounds: the directories are not shared, or their file \
             system does not create exclusively",
            control.lock, control.violations, control.rounds
        ));
    }
    // Chance may miss a broken lock. An aligned race cannot, unless the harness is broken.
    if !control.sound && control.violations == 0 && alignment == Alignment::Aligned {
        return Some(format!(
            "{} was not caught in {} aligned rounds: the harness has no teeth",
            control.lock, control.rounds
        ));
    }
    None
}

fn conditions(options: &RaceOptions) -> Vec<String> {
    use onewinner_linux::race::Mode;
    let mode = match options.mode {
        Mode::LiveWorkers => "live processes",
        Mode::Fresh => "a fresh process for each round",
        Mode::Threads => "threads",
    };
    let alignment = match options.alignment {
        Alignment::Natural => "left to chance",
        Alignment::Delayed => "random delays",
        Alignment::Aligned => "aligned call by call",
    };
    vec![mode.to_owned(), alignment.to_owned()]
}

pub(super) fn by_name(errors: &BTreeMap<Errno, u64>) -> BTreeMap<String, u64> {
    errors
        .iter()
        .map(|(errno, count)| (errno.to_string(), *count))
        .collect()
}
