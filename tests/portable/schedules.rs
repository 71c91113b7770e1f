//! Random schedules under proptest; what must hold of each is in `bodies/schedule.rs`.

#[path = "../bodies/schedule.rs"]
mod body;

use onewinner_core::primitive::StatThenWrite;
use proptest::collection::vec;
use proptest::prelude::*;
use proptest::test_runner::{TestError, TestRunner};

/// Two bytes for the scenario, and enough for every step of five processes.
fn schedules() -> impl Strategy<Value = Vec<u8>> {
    vec(any::<u8>(), 0..200)
}

proptest! {
    #[test]
    fn no_schedule_makes_a_lock_that_claims_one_winner_violate_a_property(bytes in schedules()) {
        body::check(&bytes);
    }
}

#[test]
fn the_same_body_sees_stat_then_write_red() {
    let mut runner = TestRunner::new(ProptestConfig {
        failure_persistence: None,
        ..ProptestConfig::default()
    });
    let ran = runner.run(&schedules(), |bytes| {
        prop_assert_eq!(body::violation(&StatThenWrite, &bytes), None);
        Ok(())
    });
    let Err(TestError::Fail(_, least)) = ran else {
        panic!("expected a violation, got {ran:?}");
    };
    let violation = body::violation(&StatThenWrite, &least).expect("it failed");
    let several = ["violates at-most-one-winner", "violates mutual-exclusion"];
    assert!(several.iter().any(|part| violation.contains(part)), "{violation}");
}
