//! The exit code is the answer: 0 as claimed, 1 not as claimed, 3 inconclusive.

use serde_json::Value;

use super::command::{onewinner, onewinner_in};
use crate::harness::{Test, tests};

fn results(text: &str) -> Value {
    serde_json::from_str::<Value>(text).expect("JSON")["results"].clone()
}

fn model_shows_that_one_two_or_three_win() {
    onewinner("model stat-then-write -n 3").exits(1).says(&[
        "  violated: at-most-one-winner: ",
        "1 winner, 2 busy   acceptable",
        "2 winners, 1 busy  forbidden",
        "3 winners, 0 busy  forbidden",
        "every schedule, 15,067 executions",
        "reproduced 10/10",
        "not as claimed: exactly one winner",
    ]);
}

fn model_of_create_new_is_complete() {
    onewinner("model create-new -n 4").exits(0).says(&[
        "  holds: no schedule violates a property",
        "every schedule, 7,605 executions",
        "7,605  1 winner, 3 busy  acceptable",
        "as claimed: exactly one winner",
    ]);
}

fn a_cut_search_does_not_pass() {
    for command in [
        "model create-new -n 4",
        "explore create-new --backend sim -n 6 --search exhaustive",
        "explore create-new --backend sim -n 6 --search random",
    ] {
        onewinner(&format!("{command} --max-executions 100")).exits(3).says(&[
            "  inconclusive: the search was cut at 100 executions; raise the limit",
            "does not count as a pass",
        ]);
    }
    onewinner("explore create-new --backend sim -n 12 --search exhaustive --time 0.1")
        .exits(3)
        .says(&["cut at 0.1 seconds"]);
}

fn aligned_every_round_has_as_many_winners_as_processes() {
    aligned(300);
}

fn aligned_every_one_of_2000_rounds_has_16_winners() {
    aligned(2_000);
}

fn aligned(rounds: u64) {
    let ran = onewinner(&format!("race stat-then-write -n 16 --rounds {rounds} --align --json")).exits(1);
    let result = &results(&ran.stdout)[0];
    assert_eq!(result["verdict"], "violated");
    assert_eq!(result["coverage"]["executions"], rounds);
    let outcomes = result["coverage"]["outcomes"].as_array().expect("a list");
    assert_eq!(outcomes.len(), 1, "{outcomes:?}");
    assert_eq!(
        (&outcomes[0]["winners"], &outcomes[0]["count"]),
        (&16.into(), &rounds.into())
    );
    assert_eq!(result["coverage"]["race"]["control"]["violations"], 0);
}

fn a_race_that_passes_states_its_bound() {
    raced_soundly(300, "rate below 0.99 % at 95 %");
}

fn a_race_of_5000_rounds_states_its_bound() {
    raced_soundly(5_000, "rate below 0.0599 % at 95 %");
}

fn raced_soundly(rounds: u64, bound: &str) {
    onewinner(&format!("race create-new -n 16 --rounds {rounds}"))
        .exits(0)
        .says(&[
            "  holds: no round violated a property",
            "1 winner, 15 busy  acceptable",
            bound,
            "  control   stat-then-write",
        ]);
}

fn threads_and_fresh_processes_race_alike() {
    for mode in ["--threads", "--fresh", "--delays never"] {
        onewinner(&format!("race create-new -n 8 --rounds 50 {mode}"))
            .exits(0)
            .says(&["50  1 winner, 7 busy  acceptable"]);
    }
    for mode in ["--threads", "--fresh"] {
        onewinner(&format!("race stat-then-write -n 8 --rounds 20 --align {mode}"))
            .exits(1)
            .says(&["20  8 winners, 0 busy  forbidden"]);
    }
}

fn a_hub_sync_under_a_broken_lock_writes_entries_twice() {
    onewinner("race stat-then-write -n 8 --rounds 20 --align --workload hub-sync").exits(1);
    onewinner("race create-new -n 8 --rounds 20 --align --workload hub-sync").exits(0);
    onewinner("model create-new --workload hub-sync --preemptions 2").exits(0);
}

fn expecting_several_winners_inverts_the_exit_code() {
    let directory = super::command::directory();
    for (arguments, exit) in [
        ("model stat-then-write", 0),
        ("model create-new", 1),
        ("race stat-then-write --align --rounds 20", 0),
        ("explore stat-then-write --backend sim -n 2", 0),
        ("explore create-new --backend sim -n 2", 1),
        // A race without a violation proves neither claim.
        ("race create-new --rounds 20", 3),
    ] {
        onewinner_in(directory.path(), &format!("{arguments} --expect several-winners"))
            .exits(exit)
            .says(&["several winners"]);
    }
}

fn several_configurations_need_one_that_lets_several_in() {
    let directory = super::command::directory();
    onewinner_in(
        directory.path(),
        "explore stat-then-write --backend sim --max-executions 2000 --expect several-winners",
    )
    .exits(0);
}

fn the_same_seed_gives_the_same_search() {
    let run = || onewinner("explore create-new --backend sim -n 4 --search random --max-executions 50 --seed 7").stdout;
    assert_eq!(run(), run());
}

fn list_and_doctor_judge_nothing() {
    onewinner("list")
        .exits(0)
        .says(&["stat-then-write", "create-new", "O_EXCL"]);
    onewinner("doctor").exits(0).says(&["kernel", "writable"]);
}

fn the_result_does_not_depend_on_parallel_searches() {
    for lock in ["stat-then-write", "create-new"] {
        let run = |jobs: usize| {
            let directory = super::command::directory();
            let arguments = format!("explore {lock} --backend sim --seed 1 --jobs {jobs} --save found.json --json");
            let ran = onewinner_in(directory.path(), &arguments);
            (ran.code, ran.stdout)
        };
        let alone = run(1);
        assert_eq!(run(2), alone, "{lock}");
        assert_eq!(run(7), alone, "{lock}");
    }
}

fn an_error_in_each_call_is_one_verdict() {
    let directory = super::command::directory();
    // Two calls, five errors.
    onewinner_in(directory.path(), "explore create-new --backend sim --errors")
        .exits(0)
        .says(&[
            "contend 2, an error in one call",
            "  outcomes  10  1 winner, 0 busy, 1 failed",
            "cycle 2×1, an error in one call",
        ]);
    onewinner_in(
        directory.path(),
        "explore stat-then-write --backend sim --errors --save leak.json",
    )
    .exits(1)
    .says(&["  violated: no-leak: ", "(injected)", "  violated: mutual-exclusion: "]);
    onewinner_in(directory.path(), "replay leak.json").exits(1);
}

fn a_process_or_two_are_killed_at_each_of_their_steps() {
    let directory = super::command::directory();
    for (kills, words) in [
        (0, "cycle 3×1\n"),
        (1, "cycle 3×1, one killed\n"),
        (2, "cycle 3×1, one or two killed\n"),
    ] {
        let command = format!("explore create-new --backend sim --kills {kills}");
        let ran = onewinner_in(directory.path(), &command).exits(0).says(&[words]);
        assert_eq!(
            ran.stdout.contains("class manual, as declared"),
            kills > 0,
            "{}",
            ran.stdout
        );
    }
}

fn a_stale_lock_has_the_given_age_and_takeovers_are_counted() {
    onewinner("explore create-new --backend sim --stale 2m")
        .exits(0)
        .says(&[
            "cycle 3×1, stale for 120 s",
            "  stale     the stale lock was never taken over",
        ]);
}

fn a_deep_search_extends_the_default_and_a_quick_one_reduces_it() {
    let configurations = |depth: &str| {
        let ran = onewinner(&format!("explore create-new --backend sim {depth} --json")).exits(0);
        let rows = results(&ran.stdout);
        let rows = rows.as_array().expect("a list").iter();
        let words = |row: &Value| format!("{}, {}", row["coverage"]["scenario"], row["coverage"]["vary"]);
        rows.map(words).collect::<Vec<_>>()
    };
    let (quick, usual, deep) = (configurations("--quick"), configurations(""), configurations("--deep"));
    assert!(quick.len() < usual.len() && usual.len() < deep.len());
    assert!(usual.iter().all(|row| deep.contains(row)), "{usual:?} {deep:?}");
}

fn the_counterexample_has_two_processes_if_two_are_enough() {
    let directory = super::command::directory();
    onewinner_in(
        directory.path(),
        "explore stat-then-write --backend sim --save found.json",
    )
    .exits(1)
    .says(&[
        "stat-then-write · sim · contend 3",
        "  shown     2 processes suffice: contend 2",
        "  decides   ◄ P0's stat before P1's open; the other way round it holds",
        "reproduced 10/10",
        "stat-then-write · sim · contend 2, an error in one call",
    ]);
    onewinner_in(directory.path(), "replay found.json")
        .exits(1)
        .says(&["contend 2", "  decides   ◄ P0's stat before P1's open"]);
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        model_shows_that_one_two_or_three_win,
        model_of_create_new_is_complete,
        a_cut_search_does_not_pass,
        aligned_every_round_has_as_many_winners_as_processes,
        aligned_every_one_of_2000_rounds_has_16_winners: "the issue's own numbers; ten seconds on a busy machine",
        a_race_that_passes_states_its_bound,
        a_race_of_5000_rounds_states_its_bound: "the issue's own numbers; half a minute on a busy machine",
        threads_and_fresh_processes_race_alike,
        a_hub_sync_under_a_broken_lock_writes_entries_twice,
        expecting_several_winners_inverts_the_exit_code,
        several_configurations_need_one_that_lets_several_in,
        the_same_seed_gives_the_same_search,
        list_and_doctor_judge_nothing,
        the_result_does_not_depend_on_parallel_searches,
        an_error_in_each_call_is_one_verdict,
        a_process_or_two_are_killed_at_each_of_their_steps,
        a_stale_lock_has_the_given_age_and_takeovers_are_counted,
        a_deep_search_extends_the_default_and_a_quick_one_reduces_it,
        the_counterexample_has_two_processes_if_two_are_enough,
    ]
}
