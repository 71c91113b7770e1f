//! Tests that do what a user may do wrong. Each is ignored: a fact runs it, and looks at how it fails.

use crate::{Name, UNHURRIED, look_first};

#[test]
#[ignore = "a fixture"]
fn expects_that_a_broken_lock_holds() {
    onewinner::explore(look_first)
        .quick()
        .time(UNHURRIED)
        .run()
        .expect_holds();
}

#[test]
#[ignore = "a fixture"]
fn expects_that_a_sound_lock_is_broken() {
    onewinner::explore(Name::try_acquire)
        .quick()
        .time(UNHURRIED)
        .run()
        .expect_several_winners();
}

#[test]
#[ignore = "a fixture"]
fn expects_much_of_a_search_that_is_cut() {
    onewinner::explore(Name::try_acquire)
        .processes(3)
        .executions(2)
        .time(UNHURRIED)
        .run()
        .expect_holds();
}

#[test]
#[ignore = "a fixture"]
fn expects_another_violation() {
    onewinner::explore(look_first)
        .quick()
        .time(UNHURRIED)
        .run()
        .expect_violation("only-own");
}

#[test]
#[ignore = "a fixture"]
fn expects_what_there_is_not() {
    onewinner::explore(Name::try_acquire)
        .quick()
        .time(UNHURRIED)
        .run()
        .expect_violation("liveness");
}

#[test]
#[ignore = "a fixture"]
fn explores_from_a_thread_of_its_own() {
    let explores = || {
        onewinner::explore(Name::try_acquire)
            .quick()
            .time(UNHURRIED)
            .run()
            .expect_holds();
    };
    let explored = std::thread::Builder::new().name("another".to_owned()).spawn(explores);
    assert!(explored.expect("a thread").join().is_ok());
}

#[test]
#[ignore = "a fixture"]
fn does_not_come_to_its_exploration_again() {
    let entered_again = std::env::args().any(|argument| argument.starts_with("onewinner-worker="));
    assert!(!entered_again, "what the test needs is there once only");
    onewinner::explore(Name::try_acquire)
        .quick()
        .time(UNHURRIED)
        .run()
        .expect_holds();
}

#[test]
#[ignore = "a fixture"]
fn does_not_come_to_its_exploration_as_a_contender() {
    let contends = std::env::args().any(|argument| argument.starts_with("onewinner-contender="));
    if !contends {
        onewinner::explore(Name::try_acquire)
            .quick()
            .time(UNHURRIED)
            .run()
            .expect_holds();
    }
}

#[test]
#[ignore = "a fixture"]
fn is_skipped_where_nobody_may_trace() {
    onewinner::explore(Name::try_acquire)
        .quick()
        .time(UNHURRIED)
        .run()
        .or_skip()
        .expect_holds();
}

#[test]
#[ignore = "a fixture"]
fn fails_where_nobody_may_trace() {
    onewinner::explore(Name::try_acquire)
        .quick()
        .time(UNHURRIED)
        .run()
        .expect_holds();
}
