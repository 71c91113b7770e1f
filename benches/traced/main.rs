//! What exploring real processes costs beyond the stops themselves: two contenders of `create-new` under the engine, against a
//! bare tracer that makes the same stops and nothing else. Prints the ratio of the times, measured in pairs, and how soon
//! sixteen contenders are decided.
//!
//! `cargo bench --bench traced [DIRECTORY]`; `/dev/shm`, if none is given.

#[cfg(target_arch = "x86_64")]
mod bare;
#[path = "../../tests/bodies/bare.rs"]
mod calls;

use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::{Duration, Instant};

#[cfg(target_arch = "x86_64")]
use nix::sys::{
    resource::{UsageWho, getrusage},
    time::TimeValLike,
};
use onewinner_core::explore::{Covered, Limits, Searched, Strategy};
use onewinner_core::primitive;
use onewinner_core::scenario::{Scenario, Subject};
use onewinner_linux::tracer::{Run, TracerError, WORKER, explore, serve};

/// Executions on each side of a pair.
const EXECUTIONS: u64 = 1_000;
const PAIRS: usize = 9;

/// The most that the engine may take, as a multiple of the bare tracer.
const TARGET: f64 = 3.0;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments == [WORKER] {
        return serve();
    }
    let directory = arguments.iter().find(|argument| !argument.starts_with('-'));
    let directory = PathBuf::from(directory.map_or("/dev/shm", String::as_str));
    match measure(&directory) {
        Ok(()) => ExitCode::SUCCESS,
        Err(TracerError::Unavailable(why)) => {
            println!("skipped: {why}");
            ExitCode::SUCCESS
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn measure(directory: &Path) -> Result<(), TracerError> {
    compare(directory)?;
    for (lock, scenario) in [
        ("create-new", Scenario::contend(16)),
        ("create-new", Scenario::cycle(3, 1)),
        ("stat-then-write", Scenario::contend(3)),
    ] {
        let (searched, elapsed) = engine(directory, lock, &scenario, &Strategy::Dpor, 100_000)?;
        assert_eq!(searched.covered, Covered::Everything, "{lock}, {scenario}");
        println!(
            "{lock}, {scenario}: every class, {} executions, {} steps, {elapsed:.2?}",
            searched.executions, searched.steps
        );
    }
    Ok(())
}

/// The engine on one scenario.
fn engine(
    directory: &Path,
    lock: &str,
    scenario: &Scenario,
    strategy: &Strategy,
    executions: u64,
) -> Result<(Searched, Duration), TracerError> {
    let subject = Subject::Primitive(primitive::by_name(lock).expect("shipped"));
    let limits = Limits {
        executions,
        ..Limits::default()
    };
    let run = Run {
        subject: &subject,
        scenario,
        strategy,
        limits,
        directories: &[directory.to_owned()],
    };
    let began = Instant::now();
    let explored = explore(&run, &mut |execution| {
        drop(execution);
        ControlFlow::Continue(())
    })?;
    Ok((explored.searched, began.elapsed()))
}

#[cfg(not(target_arch = "x86_64"))]
fn compare(_: &Path) -> Result<(), TracerError> {
    println!("skipped: the bare tracer is written for x86-64");
    Ok(())
}

/// A B A B …: what the machine does besides falls on both.
#[cfg(target_arch = "x86_64")]
fn compare(directory: &Path) -> Result<(), TracerError> {
    let scenario = Scenario::contend(2);
    let mut ratios = Vec::new();
    let (mut worked, mut engines, mut bares, mut stops) = (Vec::new(), Vec::new(), Vec::new(), 0);
    for seed in 0..PAIRS as u64 {
        let strategy = Strategy::Random { seed };
        let began = cpu();
        let bare = bare::run(directory, EXECUTIONS);
        let between = cpu();
        let (searched, elapsed) = engine(directory, "create-new", &scenario, &strategy, EXECUTIONS)?;
        let ours = (searched.executions, searched.steps);
        assert_eq!(ours, (EXECUTIONS, bare.steps), "both make the same steps");
        ratios.push(elapsed.as_secs_f64() / bare.elapsed.as_secs_f64());
        worked.push((cpu() - between).as_secs_f64() / (between - began).as_secs_f64());
        engines.push(rate(elapsed));
        bares.push(rate(bare.elapsed));
        stops += bare.stops;
    }
    for measured in [&mut ratios, &mut worked, &mut engines, &mut bares] {
        measured.sort_by(f64::total_cmp);
    }
    let [median, engine, bare] = [&ratios, &engines, &bares].map(|measured| measured[PAIRS / 2]);
    println!(
        "create-new, {scenario}, engine / bare tracer, {PAIRS} pairs of {EXECUTIONS} executions: median {median:.2}, from {:.2} \
         to {:.2}; at most {TARGET} is wanted: {}",
        ratios[0],
        ratios[PAIRS - 1],
        if median <= TARGET { "reached" } else { "missed" },
    );
    println!(
        "the same in time on a CPU, which other work on the machine does not lengthen: median {:.2}, from {:.2} to {:.2}",
        worked[PAIRS / 2],
        worked[0],
        worked[PAIRS - 1]
    );
    let each = stops as f64 / (EXECUTIONS * PAIRS as u64) as f64;
    println!("executions per second, medians: {engine:.0}, bare {bare:.0}; {each:.1} stops each");
    Ok(())
}

/// What this process and those that it waited for have worked. Contenders are not counted, on neither side: nobody waits for them.
#[cfg(target_arch = "x86_64")]
fn cpu() -> Duration {
    let of = |who| {
        let usage = getrusage(who).expect("our own");
        let times = [usage.user_time(), usage.system_time()];
        times
            .into_iter()
            .map(|time| Duration::from_micros(time.num_microseconds().unsigned_abs()))
            .sum::<Duration>()
    };
    of(UsageWho::RUSAGE_SELF) + of(UsageWho::RUSAGE_CHILDREN)
}

#[cfg(target_arch = "x86_64")]
fn rate(elapsed: Duration) -> f64 {
    EXECUTIONS as f64 / elapsed.as_secs_f64()
}
