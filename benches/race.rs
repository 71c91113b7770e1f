//! The overhead of the race: rounds of live workers against a bare loop over the same barriers with bare system calls. Prints
//! the ratio of the times, measured in pairs, and how often alignment and delays catch a broken lock.
//!
//! `cargo bench --bench race [DIRECTORY]`; `/dev/shm` shows the race itself rather than the file system.

use std::ffi::CString;
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::fcntl::{OFlag, open};
use nix::sys::stat::Mode as Bits;
use nix::unistd::{close, unlink};
use onewinner_core::history::Outcome;
use onewinner_core::primitive::{CreateNew, LockPrimitive, StatThenWrite};
use onewinner_core::scenario::Scenario;
use onewinner_linux::phaser::Phaser;
use onewinner_linux::race::{Alignment, Mode, RaceOptions, Report, race};
use onewinner_linux::sys::Shared;
use onewinner_linux::sys::process::Worker;

const PROCESSES: usize = 16;
const ROUNDS: u64 = 3_000;
const PAIRS: usize = 11;
/// The interval at which the race's coordinator checks its workers.
const POLL: Duration = Duration::from_millis(5);

fn main() {
    let directory = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    let directory = PathBuf::from(directory.unwrap_or_else(|| "/dev/shm".to_owned()));
    compare(&directory);
    for processes in [2, 16] {
        for (alignment, mode) in [
            (Alignment::Natural, Mode::LiveWorkers),
            (Alignment::Delayed, Mode::LiveWorkers),
            (Alignment::Aligned, Mode::LiveWorkers),
            (Alignment::Natural, Mode::Threads),
            (Alignment::Natural, Mode::Fresh),
        ] {
            show(&directory, processes, alignment, mode);
        }
    }
}

/// Alternates between both, so that other work affects both.
fn compare(directory: &Path) {
    let mut ratios: Vec<f64> = (0..PAIRS)
        .map(|_| {
            let bare = bare_loop(directory);
            let raced = run(
                &CreateNew,
                directory,
                PROCESSES,
                ROUNDS,
                Alignment::Natural,
                Mode::LiveWorkers,
            )
            .elapsed;
            raced.as_secs_f64() / bare.as_secs_f64()
        })
        .collect();
    ratios.sort_by(f64::total_cmp);
    println!(
        "race / bare loop, {PROCESSES} processes, {ROUNDS} rounds, {PAIRS} pairs: median {:.2}, from {:.2} to {:.2}",
        ratios[PAIRS / 2],
        ratios[0],
        ratios[PAIRS - 1]
    );
}

fn run(
    primitive: &'static dyn LockPrimitive,
    directory: &Path,
    processes: usize,
    rounds: u64,
    alignment: Alignment,
    mode: Mode,
) -> Report {
    let options = RaceOptions {
        rounds,
        alignment,
        mode,
        directories: vec![directory.to_owned()],
        time_limit: Some(Duration::from_secs(5)),
        ..RaceOptions::new(Scenario::contend(processes))
    };
    race(primitive, &options, &AtomicBool::new(false), &mut |_| {}).expect("a race")
}

/// Prints how often a broken lock is caught, and how fast.
fn show(directory: &Path, processes: usize, alignment: Alignment, mode: Mode) {
    let report = run(&StatThenWrite, directory, processes, 10_000, alignment, mode);
    let winners = |seen: &onewinner_linux::race::Seen| Outcome::of(&seen.history).winners;
    let broken: u64 = report
        .seen
        .iter()
        .filter(|seen| winners(seen) > 1)
        .map(|seen| seen.rounds)
        .sum();
    let most = report.seen.iter().map(winners).max().unwrap_or(0);
    #[expect(clippy::cast_precision_loss, reason = "few rounds")]
    let (rate, speed) = (
        100.0 * broken as f64 / report.rounds as f64,
        report.rounds as f64 / report.elapsed.as_secs_f64(),
    );
    println!(
        "stat-then-write, {processes:2} processes, {alignment:?}, {mode:?}: several winners in {rate:.2} % of {} rounds, \
         at most {most}; {speed:.0} rounds per second",
        report.rounds
    );
}

/// The same two barriers in each round and the system calls of `create-new`, and nothing else.
fn bare_loop(directory: &Path) -> Duration {
    let place = tempfile::tempdir_in(directory).expect("a directory");
    let parties = u32::try_from(PROCESSES).expect("few");
    let (start, answered) = (
        Phaser::new(parties).expect("memory"),
        Phaser::new(parties).expect("memory"),
    );
    let winners = Shared::<AtomicU64>::zeroed(1).expect("memory");
    let began = Instant::now();
    let mut workers: Vec<Worker> = (0..PROCESSES)
        .map(|_| Worker::fork(|| bare_worker(place.path(), &start, &answered, &winners[0])).expect("a worker"))
        .collect();
    while workers.iter_mut().any(|worker| worker.ended().is_none()) {
        std::thread::sleep(POLL);
    }
    let elapsed = began.elapsed();
    assert_eq!(winners[0].load(Ordering::Relaxed), ROUNDS);
    elapsed
}

fn bare_worker(place: &Path, start: &Phaser, answered: &Phaser, winners: &AtomicU64) -> u8 {
    for round in 0..ROUNDS {
        let lock = CString::new(format!("{}/lock-{round}", place.display())).expect("no NUL");
        start.arrive_and_wait(|| {});
        let flags = OFlag::O_WRONLY | OFlag::O_CREAT | OFlag::O_EXCL | OFlag::O_CLOEXEC;
        let created = open(lock.as_c_str(), flags, Bits::from_bits_truncate(0o644));
        let won = match created {
            Ok(descriptor) => close(descriptor).is_ok(),
            Err(errno) => errno != Errno::EEXIST,
        };
        answered.arrive_and_wait(|| {});
        if won {
            winners.fetch_add(1, Ordering::Relaxed);
            unlink(lock.as_c_str()).expect("it is there");
        }
    }
    0
}
