//! What an acquisition costs, measured of locks that are made for it. A measurement forks, and
//! forks only from a single thread.

mod locks;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use onewinner_command::cost::compare::{Found, compare};
use onewinner_command::cost::{self, Amount, BenchTarget, Measure, Options, Row, Unmeasured};
use onewinner_core::primitive::{CreateNew, LockPrimitive};

use crate::harness::{Capability, Test, ignore, tests};
use locks::{GetsIn, Hangs, NeverFree, Slow};

/// The worker limit of tests in which no worker hangs.
const WORKER_LIMIT: Duration = Duration::from_secs(60);
/// The worker limit of tests in which a worker hangs.
const SHORT_LIMIT: Duration = Duration::from_secs(2);

/// The tests of this area.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        every_measure_of_a_sound_lock_gives_a_number,
        a_result_equals_itself_and_a_slower_lock_costs_more,
        a_failed_measure_says_why_and_the_others_are_measured,
        an_interrupt_and_the_time_limit_keep_what_was_measured,
        a_call_that_hangs_is_reported_and_the_next_measure_begins,
        two_mounts_of_one_store_share_a_lock_and_two_stores_are_refused,
        a_directory_that_vanishes_has_one_reason_and_the_others_are_measured,
    ]
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

/// Measures in a new directory, and checks that nothing is left in it. The interrupt comes before this block.
fn measured_until(mut options: Options, interrupted_at: Option<u32>) -> Vec<Row> {
    let place = tempfile::tempdir().expect("a temporary directory");
    options.places = vec![BenchTarget::given(vec![place.path().to_owned()])];
    let (interrupted, mut reports) = (AtomicBool::new(interrupted_at == Some(0)), 0);
    let measured = cost::measure(&options, &interrupted, &mut |_, _| {
        reports += 1;
        interrupted.fetch_or(interrupted_at.is_some_and(|at| reports > at), Ordering::Relaxed);
    });
    let measured = measured.expect("the directory is there");
    assert_eq!(measured.left, [""; 0]);
    assert_eq!(
        std::fs::read_dir(place.path()).expect("it is there").count(),
        0,
        "files are left"
    );
    let mut rows = measured.rows;
    for row in &mut rows {
        // So that two runs can be compared.
        row.directory = "/somewhere".into();
    }
    rows
}

fn measured(options: Options) -> Vec<Row> {
    measured_until(options, None)
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
    let rows = measured(options(&[&CreateNew], &measures, 2));
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

fn a_result_equals_itself_and_a_slower_lock_costs_more() {
    let measures = [Measure::Yardstick, Measure::Uncontended, Measure::Losing];
    let run = |lock| measured(options(&[lock], &measures, 12));
    // A second result would depend on the noise of the machine. The unit tests compare constructed results.
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

fn a_failed_measure_says_why_and_the_others_are_measured() {
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
    ] {
        let rows = measured(options(&[lock, &CreateNew], &[measure], 2));
        assert_eq!(rows[0].missing.as_deref(), Some(&*why), "{measure}");
        assert_eq!((rows[0].median, rows[1].missing.as_deref()), (None, None), "{measure}");
        assert!(rows[1].median.is_some(), "{measure}");
    }
}

fn a_call_that_hangs_is_reported_and_the_next_measure_begins() {
    let mut short = options(&[&Hangs, &CreateNew], &[Measure::Uncontended], 1);
    short.amount.worker_limit = SHORT_LIMIT;
    let hung = Unmeasured::Hung(SHORT_LIMIT + Duration::from_millis(10)).to_string();
    let rows = measured(short);
    assert_eq!(rows[0].missing.as_deref(), Some(&*hung));
    // On a machine that stalls, other blocks may exceed so short a limit too.
    let other = rows[1].missing.as_deref();
    assert!(
        other.is_none() && rows[1].median.is_some() || other == Some(&*hung),
        "{:?}",
        rows[1]
    );
}

fn an_interrupt_and_the_time_limit_keep_what_was_measured() {
    let many = || options(&[&CreateNew], &[Measure::Uncontended, Measure::Files(10)], 1_000);
    let rows = measured_until(many(), Some(0));
    assert_eq!(rows[0].missing.as_deref(), Some(&*Unmeasured::Interrupted.to_string()));
    let rows = measured_until(many(), Some(3));
    assert!(rows[0].missing.is_none() && rows[0].median.is_some(), "{:?}", rows[0]);
    // If the machine stalls just then, the fourth block ends before the time is checked.
    assert!((3..=4).contains(&rows[0].blocks.len()), "{:?}", rows[0]);
    assert_eq!(rows[1].missing.as_deref(), Some(&*Unmeasured::Interrupted.to_string()));
    let mut over = many();
    over.time_limit = Duration::ZERO;
    let rows = measured(over);
    assert_eq!(rows.len(), 2);
    for row in rows {
        assert_eq!(row.missing.as_deref(), Some(&*Unmeasured::Time.to_string()));
    }
}

/// Mounts a directory in a second place, in a private namespace.
fn bind_mount(directory: &Path, there: &Path) -> nix::Result<()> {
    let mount = |source: Option<&Path>, target: &Path, flags| mount(source, target, None::<&str>, flags, None::<&str>);
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(None, Path::new("/"), MsFlags::MS_PRIVATE | MsFlags::MS_REC)?;
    mount(Some(directory), there, MsFlags::MS_BIND)
}

fn two_mounts_of_one_store_share_a_lock_and_two_stores_are_refused() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let (one, other) = (place.path().join("one"), place.path().join("other"));
    std::fs::create_dir(&one).expect("ours");
    std::fs::create_dir(&other).expect("ours");
    // The holder uses the first mount, the loser the second.
    if let Err(reason) = bind_mount(&one, &other) {
        ignore(Capability::Namespaces, reason);
    }
    let strangers = tempfile::tempdir().expect("a temporary directory");
    let mut options = options(
        &[&CreateNew],
        &[
            Measure::Losing,
            Measure::HandOver,
            Measure::Live,
            Measure::Contenders(2),
        ],
        1,
    );
    options.places = vec![
        BenchTarget::given(vec![one.clone(), other]),
        BenchTarget::given(vec![one.clone(), strangers.path().to_owned()]),
    ];
    let measured = cost::measure(&options, &AtomicBool::new(false), &mut |_, _| {}).expect("both are there");
    let (pairs, strange): (Vec<&Row>, Vec<&Row>) = measured
        .rows
        .iter()
        .partition(|row| row.directory.to_string_lossy().ends_with("other"));
    assert_eq!((pairs.len(), strange.len()), (4, 4));
    assert!(pairs.iter().all(|row| row.median.is_some()), "{pairs:?}");
    for row in strange {
        let why = row.missing.as_deref().unwrap_or_default();
        assert!(why.contains("name two mounts of one store"), "{row:?}");
    }
    options.places = vec![BenchTarget::given(vec![one.clone(), place.path().join("absent")])];
    let error = cost::measure(&options, &AtomicBool::new(false), &mut |_, _| {}).expect_err("one is absent");
    assert!(error.to_string().contains("absent"), "{error}");
    assert_eq!(std::fs::read_dir(one).expect("ours").count(), 0, "files are left");
    nix::mount::umount(&place.path().join("other")).expect("nobody is there any more");
}

fn a_directory_that_vanishes_has_one_reason_and_the_others_are_measured() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let (gone, kept) = (place.path().join("gone"), place.path().join("kept"));
    std::fs::create_dir(&gone).expect("ours");
    std::fs::create_dir(&kept).expect("ours");
    let mut options = options(&[&CreateNew], &[Measure::Uncontended, Measure::Files(5)], 4);
    options.places = vec![BenchTarget::given(vec![gone.clone()]), BenchTarget::given(vec![kept])];
    let mut reports = 0;
    let measured = cost::measure(&options, &AtomicBool::new(false), &mut |_, _| {
        reports += 1;
        if reports == 4 {
            std::fs::remove_dir_all(&gone).expect("ours");
        }
    });
    let measured = measured.expect("both are there at first");
    assert_eq!(measured.left, [""; 0], "what is gone is not left");
    for row in &measured.rows {
        if row.directory == gone {
            let why = row.missing.as_deref().unwrap_or_default();
            assert!(why.contains("cannot be reached any more"), "{row:?}");
            assert_eq!(row.median, None);
        } else {
            assert!(row.missing.is_none() && row.median.is_some(), "{row:?}");
        }
    }
}
