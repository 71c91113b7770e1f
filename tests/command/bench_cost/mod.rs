//! What an acquisition costs, measured of locks that are made for it. A measurement forks, and
//! forks only from a single thread.

mod locks;

use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use nix::mount::{MsFlags, mount};
use nix::sched::{CloneFlags, unshare};
use onewinner_command::cost::compare::{Found, compare};
use onewinner_command::cost::{self, Amount, Measure, Options, Place, Row, Unmeasured};
use onewinner_core::primitive::{CreateNew, LockPrimitive};

use crate::harness::{Capability, Test, ignore, tests};
use locks::{GetsIn, Hangs, NeverFree, Slow};

/// When workers of these tests count as hung.
const WORKER_LIMIT: Duration = Duration::from_secs(60);
/// When one counts as hung that does.
const SHORT_LIMIT: Duration = Duration::from_secs(2);

/// The tests of this area.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        every_measure_of_a_sound_lock_gives_a_number,
        a_result_is_the_same_as_itself_and_a_slower_lock_is_dearer,
        what_cannot_be_measured_says_why_and_the_rest_is_measured,
        an_interrupt_and_the_end_of_the_time_leave_what_was_measured,
        a_call_that_hangs_is_told_and_what_comes_after_it_is_begun,
        two_ways_to_one_store_are_one_lock_and_two_stores_are_refused,
        a_directory_that_goes_while_it_is_measured_has_one_reason_and_the_others_are_measured,
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

/// Measures in a directory of its own, in which nothing is left. The interrupt comes before this block.
fn measured_until(mut options: Options, interrupted_at: Option<u32>) -> Vec<Row> {
    let place = tempfile::tempdir().expect("a temporary directory");
    options.places = vec![Place::given(vec![place.path().to_owned()])];
    let (interrupted, mut told) = (AtomicBool::new(interrupted_at == Some(0)), 0);
    let measured = cost::measure(&options, &interrupted, &mut |_, _| {
        told += 1;
        interrupted.fetch_or(interrupted_at.is_some_and(|at| told > at), Ordering::Relaxed);
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

fn a_result_is_the_same_as_itself_and_a_slower_lock_is_dearer() {
    let measures = [Measure::Yardstick, Measure::Uncontended, Measure::Losing];
    let run = |lock| measured(options(&[lock], &measures, 12));
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

fn a_call_that_hangs_is_told_and_what_comes_after_it_is_begun() {
    let mut short = options(&[&Hangs, &CreateNew], &[Measure::Uncontended], 1);
    short.amount.worker_limit = SHORT_LIMIT;
    let hung = Unmeasured::Hung(SHORT_LIMIT + Duration::from_millis(10)).to_string();
    let rows = measured(short);
    assert_eq!(rows[0].missing.as_deref(), Some(&*hung));
    // On a machine that stalls it is not over in so short a time either.
    let other = rows[1].missing.as_deref();
    assert!(
        other.is_none() && rows[1].median.is_some() || other == Some(&*hung),
        "{:?}",
        rows[1]
    );
}

fn an_interrupt_and_the_end_of_the_time_leave_what_was_measured() {
    let many = || options(&[&CreateNew], &[Measure::Uncontended, Measure::Files(10)], 1_000);
    let rows = measured_until(many(), Some(0));
    assert_eq!(rows[0].missing.as_deref(), Some(&*Unmeasured::Interrupted.to_string()));
    let rows = measured_until(many(), Some(3));
    assert!(rows[0].missing.is_none() && rows[0].median.is_some(), "{:?}", rows[0]);
    // Of a machine that stalls just then, the fourth block is over before anybody looks.
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

/// Mounts a directory in another place too, where nobody else sees it.
fn shown_there_too(directory: &Path, there: &Path) -> nix::Result<()> {
    let mount = |source: Option<&Path>, target: &Path, flags| mount(source, target, None::<&str>, flags, None::<&str>);
    unshare(CloneFlags::CLONE_NEWNS)?;
    mount(None, Path::new("/"), MsFlags::MS_PRIVATE | MsFlags::MS_REC)?;
    mount(Some(directory), there, MsFlags::MS_BIND)
}

fn two_ways_to_one_store_are_one_lock_and_two_stores_are_refused() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let (one, other) = (place.path().join("one"), place.path().join("other"));
    std::fs::create_dir(&one).expect("ours");
    std::fs::create_dir(&other).expect("ours");
    // The holder works by way of the first, who loses by way of the other.
    if let Err(reason) = shown_there_too(&one, &other) {
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
        Place::given(vec![one.clone(), other]),
        Place::given(vec![one.clone(), strangers.path().to_owned()]),
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
    options.places = vec![Place::given(vec![one.clone(), place.path().join("absent")])];
    let error = cost::measure(&options, &AtomicBool::new(false), &mut |_, _| {}).expect_err("one is absent");
    assert!(error.to_string().contains("absent"), "{error}");
    assert_eq!(std::fs::read_dir(one).expect("ours").count(), 0, "files are left");
    nix::mount::umount(&place.path().join("other")).expect("nobody is there any more");
}

fn a_directory_that_goes_while_it_is_measured_has_one_reason_and_the_others_are_measured() {
    let place = tempfile::tempdir().expect("a temporary directory");
    let (gone, kept) = (place.path().join("gone"), place.path().join("kept"));
    std::fs::create_dir(&gone).expect("ours");
    std::fs::create_dir(&kept).expect("ours");
    let mut options = options(&[&CreateNew], &[Measure::Uncontended, Measure::Files(5)], 4);
    options.places = vec![Place::given(vec![gone.clone()]), Place::given(vec![kept])];
    let mut told = 0;
    let measured = cost::measure(&options, &AtomicBool::new(false), &mut |_, _| {
        told += 1;
        if told == 4 {
            std::fs::remove_dir_all(&gone).expect("ours");
        }
    });
    let measured = measured.expect("both are there at first");
    assert_eq!(measured.left, [""; 0], "what is gone is not left");
    for row in &measured.rows {
        match row.directory == gone {
            true => {
                let why = row.missing.as_deref().unwrap_or_default();
                assert!(why.contains("cannot be reached any more"), "{row:?}");
                assert_eq!(row.median, None);
            }
            false => assert!(row.missing.is_none() && row.median.is_some(), "{row:?}"),
        }
    }
}
