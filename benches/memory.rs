//! Peak memory (`VmHWM`) and time of a million executions on the simulated file system, for each search, through the binary
//! with every property judged.
//!
//! `cargo bench --bench memory [EXECUTIONS]`

#[path = "../tests/bodies/peak.rs"]
mod peak;

use std::time::Instant;

use peak::peak;

/// The limit of a million executions.
const MOST_MIB: u64 = 200;
/// A search that takes longer is killed.
const ENOUGH_MIB: u64 = 4 * 1024;

fn main() {
    let given = std::env::args().skip(1).find_map(|argument| argument.parse().ok());
    let executions: u64 = given.unwrap_or(1_000_000);
    for search in ["dpor", "exhaustive", "random", "pct", "bounded --preemptions 6"] {
        let line = format!(
            "explore create-new --backend sim -n 4 --scenario cycle --rounds 3 --search {search} --max-executions {executions} --time 3600 \
             --seed 1 --json"
        );
        let began = Instant::now();
        let (peak_kib, ended) = match peak(env!("CARGO_BIN_EXE_onewinner"), &line, ENOUGH_MIB * 1024) {
            Ok(measured) => measured,
            Err(why) => return eprintln!("skipped: {why}"),
        };
        let seconds = began.elapsed().as_secs_f64();
        let mib = peak_kib.div_ceil(1024);
        let verdict = match (ended, mib <= MOST_MIB) {
            (true, true) => "reached",
            (true, false) => "missed",
            (false, _) => "missed, and ended early",
        };
        println!(
            "{search}: {executions} executions, {mib} MiB, {seconds:.1} s; at most {MOST_MIB} MiB is wanted: {verdict}"
        );
    }
}
