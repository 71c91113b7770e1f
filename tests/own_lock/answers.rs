//! What a function may answer, and how it may give back.

use std::cell::Cell;
use std::fs::File;
use std::io::{self, ErrorKind, Write};
use std::path::Path;
use std::time::Duration;

use onewinner::testing::{Outcome, maybe};

use crate::{Name, UNHURRIED, look_first};

/// A file that stays.
fn kept(path: &Path) -> io::Result<File> {
    File::options().create(true).truncate(false).write(true).open(path)
}

fn try_lock(path: &Path) -> io::Result<File> {
    let file = kept(path)?;
    file.try_lock()?;
    Ok(file)
}

#[test]
fn a_lock_that_is_a_name_lets_one_in() {
    let report = onewinner::explore(Name::try_acquire)
        .processes(3)
        .rounds(2)
        .time(UNHURRIED)
        .run()
        .or_skip();
    report.expect_holds();
}

#[test]
fn looking_first_lets_several_in() {
    onewinner::explore(look_first)
        .time(UNHURRIED)
        .run()
        .or_skip()
        .expect_several_winners();
}

#[test]
fn kills_errors_and_a_stale_lock_are_met_by_a_function_too() {
    let explored = onewinner::explore(try_lock);
    explored
        .processes(2)
        .kills(1)
        .stale(Duration::from_secs(60))
        .time(UNHURRIED)
        .run()
        .or_skip()
        .expect_holds();
    let report = onewinner::explore(Name::try_acquire)
        .processes(2)
        .errors()
        .time(UNHURRIED)
        .run()
        .or_skip();
    report.expect_holds();
    let scenarios = ["contend 2, an error in one call", "cycle 2×1, an error in one call"];
    let is_named = |scenario: &&str| report.outcomes().is_empty() || report.text().contains(scenario);
    assert!(scenarios.iter().all(is_named), "{}", report.text());
}

#[test]
fn a_lock_that_stays_when_its_holder_is_killed_is_reported() {
    let report = onewinner::explore(Name::try_acquire)
        .processes(2)
        .kills(1)
        .time(UNHURRIED)
        .run()
        .or_skip();
    report.expect_holds();
    assert!(
        report.outcomes().is_empty() || report.text().contains("class manual"),
        "{}",
        report.text()
    );
}

#[test]
fn an_error_is_not_busy_and_a_panic_is_neither() {
    let failing = |path: &Path| File::create_new(path).map_err(|_| io::Error::from(ErrorKind::PermissionDenied));
    let panicking = |path: &Path| File::create_new(path).expect("nobody else has it");
    let (failing, panicking) = (&failing, &panicking);
    let quick = |report: onewinner::testing::Report, word: &str| {
        let report = report.or_skip();
        report.expect_violation("losers-result");
        assert!(
            report.outcomes().is_empty() || report.text().contains(word),
            "{word}: {}",
            report.text()
        );
    };
    quick(
        onewinner::explore(failing).quick().time(UNHURRIED).run(),
        "permission denied",
    );
    quick(
        onewinner::explore(|path| Some(panicking(path)))
            .quick()
            .time(UNHURRIED)
            .run(),
        "a panic: nobody else has it",
    );
}

#[test]
fn a_release_that_fails_is_reported() {
    let gives_up = |_: File| Err::<(), _>("it is stuck");
    let attempt = |path: &Path| File::create_new(path);
    let report = onewinner::explore(attempt)
        .release(gives_up)
        .processes(2)
        .time(UNHURRIED)
        .run()
        .or_skip();
    report.expect_violation("losers-result");
    assert!(
        report.outcomes().is_empty() || report.text().contains("it is stuck"),
        "{}",
        report.text()
    );
}

#[test]
fn a_function_may_answer_yes_or_no_and_nothing_is_never_a_guard() {
    let yes_or_no = |path: &Path| File::create_new(path).is_ok();
    let report = onewinner::explore(yes_or_no)
        .release(|()| ())
        .processes(2)
        .quick()
        .time(UNHURRIED)
        .run()
        .or_skip();
    // It never removes the file, so after a release the next attempt is busy.
    report.expect_violation("release-frees");
    let nested = |path: &Path| match Name::try_acquire(path) {
        Err(error) if error.kind() == ErrorKind::AlreadyExists => Ok(None),
        other => other.map(Some),
    };
    onewinner::explore(|path| maybe(nested(path)))
        .quick()
        .time(UNHURRIED)
        .run()
        .or_skip()
        .expect_holds();
}

#[test]
fn a_thread_that_cannot_start_in_a_contender_is_not_blamed_on_the_lock() {
    let starts = |path: &Path| {
        let path = path.to_owned();
        let thread = std::thread::spawn(move || Name::try_acquire(&path));
        thread.join().expect("it does not panic")
    };
    let report = onewinner::explore(starts).quick().time(UNHURRIED).run().or_skip();
    let is_unknown = |outcome: &Outcome| matches!(outcome, Outcome::Inconclusive { .. });
    assert!(report.outcomes().iter().all(is_unknown), "{}", report.text());
    let named = report.text().contains("the contender started a thread");
    assert!(report.outcomes().is_empty() || named, "{}", report.text());
}

#[test]
fn what_a_function_prints_is_nobodys_answer() {
    let attempt = |path: &Path| {
        println!("busy");
        let mut out = io::stdout();
        out.write_all(b"acquired\nreleased\nonewinner").expect("somebody reads");
        out.flush().expect("somebody reads");
        Name::try_acquire(path)
    };
    onewinner::explore(attempt)
        .quick()
        .time(UNHURRIED)
        .run()
        .or_skip()
        .expect_holds();
}

/// Processes that race.
const RACED: usize = 4;

/// How many files there are whose name is that of the lock with an extension.
fn beside(lock: &Path) -> usize {
    let entries = lock.parent().and_then(|directory| directory.read_dir().ok());
    let paths = entries.into_iter().flatten().flatten().map(|entry| entry.path());
    let is_beside = |path: &std::path::PathBuf| path.extension().is_some() && path.file_stem() == lock.file_name();
    paths.filter(is_beside).count()
}

#[test]
fn functions_race_too() {
    let race = || onewinner::explore(Name::try_acquire).processes(RACED).race(200);
    let report = race().time(UNHURRIED).run();
    report.expect_holds();
    assert!(
        report.outcomes().is_empty() || report.text().contains("race · contend 4"),
        "{}",
        report.text()
    );
    let both = race().traced().time(UNHURRIED).run().or_skip();
    both.expect_holds();
    // All look before any of them writes.
    let slow = |path: &Path| {
        let free = !path.exists();
        File::create(path.with_extension(std::process::id().to_string())).ok()?;
        while beside(path) < RACED {
            std::thread::sleep(Duration::from_millis(1));
        }
        (free && std::fs::write(path, "me").is_ok()).then_some(())
    };
    onewinner::explore(slow)
        .processes(RACED)
        .race(20)
        .time(UNHURRIED)
        .run()
        .expect_several_winners();
    let stuck = |_: Name| Err::<(), _>("it is stuck");
    let report = onewinner::explore(Name::try_acquire)
        .release(stuck)
        .processes(2)
        .rounds(1)
        .race(5)
        .time(UNHURRIED)
        .run();
    report.expect_violation("losers-result");
}

#[test]
fn a_process_lives_through_its_rounds() {
    // The first attempt of each process is right, and the second is not.
    let attempts = Cell::new(0);
    let attempt = |path: &Path| {
        attempts.set(attempts.get() + 1);
        match attempts.get() {
            1 => Name::try_acquire(path).ok(),
            _ => look_first(path),
        }
    };
    let report = onewinner::explore(attempt)
        .processes(2)
        .rounds(2)
        .time(UNHURRIED)
        .run()
        .or_skip();
    report.expect_violation("mutual-exclusion");
    assert_eq!(attempts.get(), 0, "the test itself attempts nothing");
}

#[test]
fn a_lock_may_wait_and_may_start_threads_with_stacks_of_their_own() {
    let attempt = |path: &Path| {
        let path = path.to_owned();
        let thread = std::thread::Builder::new().stack_size(64 * 1024);
        let thread = thread
            .spawn(move || Name::try_acquire(&path))
            .expect("its stack is small");
        thread.join().expect("it does not panic")
    };
    onewinner::explore(attempt)
        .quick()
        .time(UNHURRIED)
        .run()
        .or_skip()
        .expect_holds();
    let waits = |path: &Path| {
        let file = kept(path)?;
        file.lock()?;
        Ok::<_, io::Error>(file)
    };
    let report = onewinner::explore(waits)
        .processes(2)
        .rounds(2)
        .time(UNHURRIED)
        .run()
        .or_skip();
    report.expect_holds();
    assert!(
        report.outcomes().is_empty() || report.text().contains("4 winners, 0 busy"),
        "{}",
        report.text()
    );
}
