//! What an acquisition costs, measured of locks that are made for it. Without libtest, whose tests are threads: a measurement
//! forks, and forks only from a single thread.
//!
//! `tests/bench_cost.rs [NAME]` runs the facts whose name contains NAME.

#[path = "bench_cost/locks.rs"]
mod locks;

use std::panic::catch_unwind;
use std::process::ExitCode;
use std::sync::atomic::AtomicBool;
use std::time::{Duration, Instant};

use onewinner::cost::compare::{Found, compare};
use onewinner::cost::{self, Amount, Measure, Options, Place, Row, Unmeasured};
use onewinner::primitive::{CreateNew, LockPrimitive};

use locks::{GetsIn, Hangs, NeverFree, Slow};

/// How long the whole suite may take, in seconds.
const LONGEST_SECONDS: u32 = 300;
/// When workers of these tests count as hung.
const WORKER_LIMIT: Duration = Duration::from_secs(3);

/// A name and how to try it.
type Fact = (&'static str, fn());

const FACTS: &[Fact] = &[
    (
        "every_measure_of_a_sound_lock_gives_a_number",
        every_measure_of_a_sound_lock_gives_a_number,
    ),
    (
        "a_result_is_the_same_as_itself_and_a_slower_lock_is_dearer",
        a_result_is_the_same_as_itself_and_a_slower_lock_is_dearer,
    ),
    (
        "what_cannot_be_measured_says_why_and_the_rest_is_measured",
        what_cannot_be_measured_says_why_and_the_rest_is_measured,
    ),
    (
        "an_interrupt_and_the_end_of_the_time_leave_what_was_measured",
        an_interrupt_and_the_end_of_the_time_leave_what_was_measured,
    ),
];

fn main() -> ExitCode {
    // SIGALRM ends a suite that hangs; what it forked dies with it.
    nix::unistd::alarm::set(LONGEST_SECONDS);
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let mut failed = 0;
    for (name, fact) in FACTS {
        if wanted.as_ref().is_some_and(|wanted| !name.contains(wanted.as_str())) {
            continue;
        }
        let passed = catch_unwind(fact).is_ok();
        println!("{} {name}", if passed { "ok     " } else { "FAILED " });
        failed += u8::from(!passed);
    }
    ExitCode::from(failed)
}

fn options(locks: &[&'static dyn LockPrimitive], measures: &[Measure], blocks: u32) -> Options {
    Options {
        locks: locks.to_vec(),
        places: Vec::new(),
        measures: measures.to_vec(),
        amount: Amount {
            blocks,
            slice: Duration::from_millis(5),
            worker_limit: WORKER_LIMIT,
        },
        time_limit: Duration::from_secs(600),
    }
}

/// Measures in a directory of its own, in which nothing is left.
fn measured(mut options: Options, interrupted: bool) -> Vec<Row> {
    let place = tempfile::tempdir().expect("a temporary directory");
    options.directories = vec![place.path().to_owned()];
    let mut rows =
        cost::measure(&options, &AtomicBool::new(interrupted), &mut |_, _| {}).expect("the directory is there");
    assert_eq!(
        std::fs::read_dir(place.path()).expect("it is there").count(),
        0,
        "files are left"
    );
    for row in &mut rows {
        // So that two runs can be compared.
        row.directory = "/somewhere".into();
    }
    rows
}

fn every_measure_of_a_sound_lock_gives_a_number() {
    let measures = [
        Measure::Yardstick,
        Measure::Uncontended,
        Measure::Losing,
        Measure::HandOver,
        Measure::Live,
        Measure::Fresh,
        Measure::Contenders(1),
        Measure::Contenders(3),
        Measure::Files(50),
        Measure::Depth(7),
    ];
    let mut options = options(&[&CreateNew], &measures, 2);
    options.worker_limit = Duration::from_secs(30);
    let rows = measured(options, false);
    assert_eq!(rows.iter().map(|row| row.measure).collect::<Vec<_>>(), measures);
    for row in &rows {
        assert_eq!(row.missing, None, "{row:?}");
        assert!(
            row.median.expect("it was measured") > 0.0 && row.samples > 0 && row.blocks.len() == 2,
            "{row:?}"
        );
        assert_eq!(row.errors, 0, "{row:?}");
        if let (Some(p99), Some(median)) = (row.p99, row.median) {
            assert!(p99 >= median, "{row:?}");
        }
    }
    let three = rows
        .iter()
        .find(|row| row.measure == Measure::Contenders(3))
        .expect("it was measured");
    let fairness = three.fairness.as_ref().expect("it was measured");
    assert_eq!(fairness.shares.len(), 3);
    assert!((1.0 / 3.0..=1.0 + 1e-9).contains(&fairness.jain), "{fairness:?}");
}

fn a_result_is_the_same_as_itself_and_a_slower_lock_is_dearer() {
    let measures = [Measure::Yardstick, Measure::Uncontended, Measure::Losing];
    let run = |lock| measured(options(&[lock], &measures, 12), false);
    // Not two results: what a noisy machine makes of those is no fault of the code. The unit tests have made ones.
    let once = run(&CreateNew);
    let itself = compare(&once, &once);
    assert_eq!(itself.changes.len(), measures.len(), "{itself:?}");
    assert!(
        itself.changes.iter().all(|change| change.found == Found::NoDifference),
        "{itself:?}"
    );
    let slow = run(&Slow);
    let comparison = compare(&once, &slow);
    let change = |measure| {
        comparison
            .changes
            .iter()
            .find(|change| change.measure == measure)
            .expect("it was measured")
    };
    assert_eq!(change(Measure::Uncontended).found, Found::Dearer, "{comparison:?}");
    assert_eq!(comparison.alone, [""; 0]);
    let back = compare(&slow, &once);
    assert!(
        back.changes.iter().any(|change| change.found == Found::Cheaper),
        "{back:?}"
    );
}

fn what_cannot_be_measured_says_why_and_the_rest_is_measured() {
    let hung = Unmeasured::Hung(WORKER_LIMIT + Duration::from_millis(10)).to_string();
    for (lock, measure, why) in [
        (
            &NeverFree as &'static dyn LockPrimitive,
            Measure::Uncontended,
            Unmeasured::Busy.to_string(),
        ),
        (
            &NeverFree,
            Measure::Contenders(2),
            Unmeasured::NobodyWon(Duration::from_millis(10)).to_string(),
        ),
        (&GetsIn, Measure::Losing, Unmeasured::GotIn.to_string()),
        (&GetsIn, Measure::HandOver, Unmeasured::GotIn.to_string()),
        (&Hangs, Measure::Uncontended, hung),
    ] {
        let rows = measured(options(&[lock, &CreateNew], &[measure], 2), false);
        assert_eq!(rows[0].missing.as_deref(), Some(&*why), "{measure}");
        assert_eq!((rows[0].median, rows[1].missing.as_deref()), (None, None), "{measure}");
        assert!(rows[1].median.is_some(), "{measure}");
    }
}

fn an_interrupt_and_the_end_of_the_time_leave_what_was_measured() {
    let began = Instant::now();
    let rows = measured(options(&[&CreateNew], &[Measure::Uncontended], 1_000), true);
    assert_eq!(rows[0].missing.as_deref(), Some(&*Unmeasured::Interrupted.to_string()));
    let mut short = options(&[&CreateNew], &[Measure::Uncontended, Measure::Files(10)], 1_000);
    short.time_limit = Duration::from_millis(100);
    let rows = measured(short, false);
    assert!(
        rows[0].missing.is_none() && rows[0].blocks.len() < 1_000,
        "{:?}",
        rows[0]
    );
    assert_eq!(rows[1].missing.as_deref(), Some(&*Unmeasured::Time.to_string()));
    assert!(began.elapsed() < Duration::from_secs(30));
}
