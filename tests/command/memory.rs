//! A search keeps no more than what it has yet to try: its memory does not grow with the executions that it has run.
//!
//! `cargo bench --bench memory` runs a million.

#[path = "../bodies/peak.rs"]
mod peak;

use crate::harness::{Capability, Test, ignore, tests};
use peak::peak;

/// Executions after which all is there that stays.
const FEW: u64 = 1_000;
const MANY: u64 = 15_000;
/// What a million executions may take.
const MOST_KIB: u64 = 200 * 1024;

fn peak_kib(search: &str, executions: u64) -> Result<u64, String> {
    let line = format!(
        "explore create-new --backend sim -n 4 --scenario cycle --rounds 3 --search {search} --max-executions {executions} --time 3600 --seed 1 --json"
    );
    let (peak_kib, ended) = peak(env!("CARGO_BIN_EXE_onewinner"), &line, MOST_KIB)?;
    assert!(ended && peak_kib > 0, "{line}: {peak_kib} KiB");
    Ok(peak_kib)
}

fn a_million_executions_would_stay_below_the_limit() {
    for search in ["dpor", "exhaustive", "random", "pct"] {
        let (few, many) = match (peak_kib(search, FEW), peak_kib(search, MANY)) {
            (Ok(few), Ok(many)) => (few, many),
            (Err(why), _) | (_, Err(why)) => ignore(Capability::Ptrace, why),
        };
        let million = many + many.saturating_sub(few) * 1_000_000 / (MANY - FEW);
        eprintln!("{search}: {few} KiB after {FEW} executions, {many} after {MANY}, so {million} after a million");
        assert!(
            million < MOST_KIB,
            "{search}: {few} KiB after {FEW}, {many} after {MANY}"
        );
    }
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![a_million_executions_would_stay_below_the_limit,]
}
