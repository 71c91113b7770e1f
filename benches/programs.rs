//! Executions per second of real programs that the binary explores, and the time that starting them alone would take.
//!
//! `cargo bench --bench programs [SOURCE]`: those of `tests/command/explored/drivers/` whose name contains it.

#[path = "../tests/command/explored/programs.rs"]
mod programs;

use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

use serde_json::Value;

/// The search until the time is over: random, and of a lock that holds, so that nothing else takes time.
const SCENARIO: &str = "-n 2 --scenario cycle --search random";
/// The number of programs that one execution starts.
const STARTED: f64 = 2.0;
/// The most that one language may take, in seconds.
const TIME_S: u64 = 10;
/// The number of timed starts.
const STARTS: u32 = 10;

/// A source of a seed, and the executions per second to aim at on one CPU, with fresh processes.
const SEEDS: &[(&str, f64)] = &[
    ("seed.c", 200.0),
    ("seed.rs", 200.0),
    ("seed.go", 105.0),
    ("seed.sh", 75.0),
    ("seed.pl", 14.0),
    ("seed.py", 3.0),
    ("seed.js", 3.0),
    ("Seed.java", 3.0),
];

fn main() {
    let wanted = std::env::args().skip(1).find(|argument| !argument.starts_with('-'));
    for (source, aim) in SEEDS {
        if wanted.as_ref().is_none_or(|wanted| source.contains(wanted.as_str()))
            && let Err(why) = measure(source, *aim)
        {
            println!("{source}: skipped: {why}");
        }
    }
}

fn measure(source: &str, aim: f64) -> Result<(), String> {
    let line = programs::line(source, "create-new {lock}")?;
    let start = start(&line);
    let place = tempfile::tempdir().map_err(|error| error.to_string())?;
    let began = Instant::now();
    let output = Command::new(env!("CARGO_BIN_EXE_onewinner"))
        .args([
            "explore",
            "--driver",
            &line,
            "--expect",
            "several-winners",
            "--json",
            "--seed",
            "1",
        ])
        .args(SCENARIO.split(' '))
        .args(["--time", &TIME_S.to_string()])
        .current_dir(place.path())
        .stdin(Stdio::null())
        .output()
        .map_err(|error| error.to_string())?;
    let seconds = began.elapsed().as_secs_f64();
    let document: Value = serde_json::from_slice(&output.stdout)
        .map_err(|_| String::from_utf8_lossy(&output.stderr).trim().to_owned())?;
    let coverage = &document["results"][0]["coverage"];
    let executions = coverage["executions"].as_f64().ok_or("no execution was counted")?;
    let rate = executions / seconds;
    let verdict = if rate >= aim { "reached" } else { "missed" };
    println!(
        "{source}: {rate:.0} executions per second ({executions} in {seconds:.1} s), at least {aim} are wanted: {verdict}; {STARTED} starts \
         without a tracer take {:.0} % of an execution",
        100.0 * STARTED * start.as_secs_f64() * rate
    );
    if let Some(shares) = coverage.get("shares") {
        println!("  {shares}");
    }
    Ok(())
}

/// Times one start to the end of the program, whose input ends immediately.
fn start(line: &str) -> Duration {
    let place = tempfile::tempdir().expect("a directory");
    let lock = place.path().join("lock").display().to_string();
    let words = shlex::split(line).expect("a command line of ours");
    let began = Instant::now();
    for _ in 0..STARTS {
        let arguments = words[1..].iter().map(|word| word.replace("{lock}", &lock));
        let mut command = Command::new(&words[0]);
        let quiet = command.args(arguments).stdin(Stdio::null()).stdout(Stdio::null());
        assert!(quiet.status().expect("it starts").success(), "{line}");
    }
    began.elapsed() / STARTS
}
