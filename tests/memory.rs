//! A search keeps no more than what it has yet to try: its memory does not grow with the executions that it has run.
//!
//! `cargo bench --bench memory` runs a million.

#![cfg(target_os = "linux")]

#[path = "bodies/peak.rs"]
mod peak;

use std::process::{Command, Stdio};

use peak::peak;

/// Executions after which all is there that stays.
const FEW: u64 = 1_000;
const MANY: u64 = 15_000;
/// What a million executions may take.
const MOST_KIB: u64 = 200 * 1024;

fn peak_kib(search: &str, executions: u64) -> u64 {
    let line = format!(
        "explore create-new --backend sim -n 4 --scenario cycle --rounds 3 --search {search} --max-executions {executions} --seed 1 --json"
    );
    let mut command = Command::new(env!("CARGO_BIN_EXE_onewinner"));
    command.args(line.split(' ')).stdin(Stdio::null()).stdout(Stdio::null());
    let (peak_kib, ended) = peak(command.spawn().expect("the command starts"), MOST_KIB);
    assert!(ended && peak_kib > 0, "{line}: {peak_kib} KiB");
    peak_kib
}

#[test]
fn a_million_executions_would_stay_below_the_limit() {
    for search in ["dpor", "exhaustive", "random", "pct"] {
        let (few, many) = (peak_kib(search, FEW), peak_kib(search, MANY));
        let million = many + many.saturating_sub(few) * 1_000_000 / (MANY - FEW);
        eprintln!("{search}: {few} KiB after {FEW} executions, {many} after {MANY}, so {million} after a million");
        assert!(
            million < MOST_KIB,
            "{search}: {few} KiB after {FEW}, {many} after {MANY}"
        );
    }
}
