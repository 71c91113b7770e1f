//! Runs a race, and a control run under the same conditions.
//!
//! A pass says little if a race here catches nothing, and a violation says little if every lock fails here. So the control of
//! a pass is a broken lock, and the control of a violation is a sound one.

use std::collections::BTreeMap;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::error::CheckError;
use super::event::{Event, EventSink};
use super::plan::Plan;
use super::plan_results::PlanResults;
use super::results::Results;
use onewinner_core::backend::BackendKind;
use onewinner_core::fs::Errno;
use onewinner_core::history::{End, Execution};
use onewinner_core::primitive::{CreateNew, LockPrimitive, StatThenWrite};
use onewinner_core::property::Judging;
use onewinner_core::schedule::Schedule;
use onewinner_core::statistics::rate_bounds;
use onewinner_core::verdict::{Control, Extent, RaceCoverage};
use onewinner_linux::race::{Alignment, RaceOptions, Report, Stop, race};

/// The most rounds of a control: enough to see whether a race here catches anything.
const MOST_COMPARISON_ROUNDS: u64 = 1_000;

/// Races the lock of the plan, then the control.
pub(crate) fn run(
    plan: &Plan,
    options: &RaceOptions,
    interrupted: &Arc<AtomicBool>,
    events: &EventSink,
) -> Result<PlanResults, CheckError> {
    let options = RaceOptions {
        scenario: plan.scenario.clone(),
        seed: plan.seed,
        ..options.clone()
    };
    let primitive = plan.primitive()?;
    let (report, results) = race_lock(primitive, plan.judged, &options, interrupted, events)?;
    let comparisons = match report.stop {
        Stop::AllRounds | Stop::TimeLimit => {
            Comparisons::race(primitive, results.violating > 0, &options, interrupted, events)?
        }
        _ => Comparisons::default(),
    };
    let control = comparisons.control.as_ref();
    let mut blind_spots: Vec<String> = report.notes.iter().map(ToString::to_string).collect();
    if control.is_some_and(|control| !control.sound && control.violations == 0) {
        let weak = "the broken control was not caught either, so this pass says little; race with --align too";
        blind_spots.push(weak.to_owned());
    }
    let extent = Extent::Sampled {
        violations: results.violating,
        rate: rate_bounds(results.violating, report.rounds.max(1)),
    };
    let unreliable = control.and_then(|control| why_unreliable(control, options.alignment));
    let race = RaceCoverage {
        conditions: conditions(&options),
        seconds: report.elapsed.as_secs_f64(),
        without_winner: report.without_winner,
        attempt_errors: by_name(&report.attempt_errors),
        release_errors: by_name(&report.release_errors),
        control: comparisons.control,
        natural: comparisons.natural,
    };
    Ok(PlanResults {
        why_no_pass: why_no_pass(&report),
        why_unreliable: unreliable,
        blind_spots,
        race: Some(race),
        ..PlanResults::new(results, extent)
    })
}

fn race_lock(
    primitive: &'static dyn LockPrimitive,
    judged: Judging,
    options: &RaceOptions,
    interrupted: &AtomicBool,
    events: &EventSink,
) -> Result<(Report, Results), CheckError> {
    let mut progress = |rounds| {
        events(Event::Progress {
            executions: rounds,
            share: Some(rounds as f64 / options.rounds as f64),
            depth: None,
        });
    };
    let mut report = race(primitive, options, interrupted, &mut progress)?;
    let mut results = Results::default();
    for seen in std::mem::take(&mut report.seen) {
        let execution = Execution {
            schedule: Schedule::default(),
            history: seen.history,
            end: End::Completed,
        };
        results.add(&options.scenario, judged, execution, seen.rounds);
    }
    Ok((report, results))
}

/// Races for comparison with the race of the lock.
#[derive(Default)]
struct Comparisons {
    /// A lock that should give the opposite result, under the same conditions.
    control: Option<Control>,
    /// The same lock without alignment, to show what alignment adds.
    natural: Option<Control>,
}

impl Comparisons {
    fn race(
        primitive: &'static dyn LockPrimitive,
        violated: bool,
        options: &RaceOptions,
        interrupted: &AtomicBool,
        events: &EventSink,
    ) -> Result<Self, CheckError> {
        let options = RaceOptions {
            rounds: options.rounds.min(MOST_COMPARISON_ROUNDS),
            ..options.clone()
        };
        let mut comparisons = Self::default();
        let other: &'static dyn LockPrimitive = if violated { &CreateNew } else { &StatThenWrite };
        if other.name() != primitive.name() {
            comparisons.control = Some(race_control(other, violated, &options, interrupted, events)?);
        }
        if options.alignment == Alignment::Aligned {
            let natural = RaceOptions {
                alignment: Alignment::Natural,
                ..options
            };
            comparisons.natural = Some(race_control(primitive, !violated, &natural, interrupted, events)?);
        }
        Ok(comparisons)
    }
}

fn race_control(
    primitive: &'static dyn LockPrimitive,
    sound: bool,
    options: &RaceOptions,
    interrupted: &AtomicBool,
    events: &EventSink,
) -> Result<Control, CheckError> {
    events(Event::Began {
        backend: BackendKind::Race,
        lock: format!("{} (control)", primitive.name()),
        scenario: options.scenario.to_string(),
    });
    // A violation of any property shows that the control was caught.
    let (report, results) = race_lock(primitive, Judging::All, options, interrupted, events)?;
    Ok(Control {
        lock: primitive.name(),
        sound,
        rounds: report.rounds,
        violations: results.violating,
        rate: rate_bounds(results.violating, report.rounds.max(1)),
    })
}

/// Why rounds without a violation do not count as a pass.
pub(crate) fn why_no_pass(report: &Report) -> Option<String> {
    match &report.stop {
        Stop::AllRounds | Stop::TimeLimit if report.rounds == 0 => {
            Some("no round was completed; raise --time".to_owned())
        }
        Stop::AllRounds | Stop::TimeLimit if report.unclassified > 0 => {
            let count = report.unclassified;
            Some(format!(
                "{count} rounds had too many different histories to keep; race fewer processes or fewer rounds"
            ))
        }
        Stop::AllRounds | Stop::TimeLimit => why_starved(report),
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
                "{} did not finish an operation within the limit and had to be killed",
                names.join(", ")
            ))
        }
    }
}

/// Why a race on a machine without disk space, descriptors or memory shows nothing.
fn why_starved(report: &Report) -> Option<String> {
    let (errno, count) = report.attempt_errors.iter().find(|(errno, _)| errno.is_scarcity())?;
    let remedy = match *errno {
        Errno::ENOSPC | Errno::EDQUOT => "make room",
        _ => "free resources",
    };
    Some(format!(
        "{count} attempts failed with {} ({errno}); {remedy}, or race in another directory",
        errno.text()
    ))
}

/// Why the control makes the verdict meaningless.
fn why_unreliable(control: &Control, alignment: Alignment) -> Option<String> {
    if control.sound && control.violations > 0 {
        return Some(format!(
            "the sound lock {} fails too under the same conditions, in {} of {} rounds: the directories are not shared, or \
             their file system does not create exclusively",
            control.lock, control.violations, control.rounds
        ));
    }
    // Chance may miss a broken lock. An aligned race misses it only if alignment does not work.
    if !control.sound && control.violations == 0 && alignment == Alignment::Aligned {
        return Some(format!(
            "the broken lock {} was not caught in {} aligned rounds: a race cannot find this bug here",
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

pub(crate) fn by_name(errors: &BTreeMap<Errno, u64>) -> BTreeMap<String, u64> {
    errors
        .iter()
        .map(|(errno, count)| (errno.to_string(), *count))
        .collect()
}
