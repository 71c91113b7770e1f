//! `--jobs`: the report of a parallel search does not depend on the number of jobs.

use super::command::onewinner;
use crate::harness::{Test, tests};

fn a_long_search_reports_the_same_with_any_number_of_jobs() {
    for (limits, exit, executions) in [
        ("", 0, "\"executions\": 1263,"),
        ("--max-executions 1100", 3, "the search was cut"),
    ] {
        let run = |jobs: usize| {
            let what = "create-new --backend sim --scenario cycle -n 3 --rounds 2 --seed 1 --json";
            let ran = onewinner(&format!("explore {what} --jobs {jobs} {limits}")).exits(exit);
            ran.says(&[executions]).stdout
        };
        let alone = run(1);
        assert_eq!(run(2), alone, "{limits}");
        assert_eq!(run(3), alone, "{limits}");
    }
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![a_long_search_reports_the_same_with_any_number_of_jobs,]
}
