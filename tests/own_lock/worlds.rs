//! Implementors of `LockPrimitive` that are not shipped, on every backend.

use std::path::Path;

use onewinner::testing::Outcome;
use onewinner_core::fs::Fs;
use onewinner_core::primitive::{AcquireError, CallError, CreateNew, Expectation, Held, LockPrimitive, StatThenWrite};

use crate::UNHURRIED;

/// Another lock by another name.
struct Named(&'static str, &'static dyn LockPrimitive);

impl LockPrimitive for Named {
    fn name(&self) -> &'static str {
        self.0
    }

    fn protocol(&self) -> &'static str {
        self.1.protocol()
    }

    fn expectation(&self) -> Expectation {
        self.1.expectation()
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        self.1.try_acquire(fs, lock)
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, held: Held) -> Result<(), CallError> {
        self.1.release(fs, lock, held)
    }
}

static SOUND: Named = Named("mine", &CreateNew);
static BROKEN: Named = Named("mine-too", &StatThenWrite);
/// It calls itself what it is not.
static IMPOSTOR: Named = Named("create-new", &StatThenWrite);

#[test]
fn a_sound_lock_holds_in_each_world() {
    let explored = onewinner::explore_primitive(&SOUND).processes(3).sim().loom().traced();
    let report = explored.race(50).race_aligned(50).time(UNHURRIED).run().or_skip();
    report.expect_holds();
    if report.outcomes().is_empty() {
        return;
    }
    assert_eq!(report.outcomes(), vec![Outcome::Holds; 7]);
    for world in [
        "mine · sim · contend 3",
        "mine · sim · cycle 3×1",
        "mine · loom · contend 3",
        "mine · traced · contend 3",
        "mine · traced · cycle 3×1",
        "mine · race · contend 3",
        "aligned call by call",
    ] {
        assert!(report.text().contains(world), "{world}:\n{}", report.text());
    }
}

#[test]
fn a_broken_lock_is_caught_in_each_world() {
    let explored = || onewinner::explore_primitive(&BROKEN).processes(3);
    explored().sim().time(UNHURRIED).run().expect_several_winners();
    explored().loom().time(UNHURRIED).run().expect_several_winners();
    explored()
        .traced()
        .time(UNHURRIED)
        .run()
        .or_skip()
        .expect_several_winners();
    explored()
        .race_aligned(50)
        .time(UNHURRIED)
        .run()
        .expect_several_winners();
}

#[test]
fn what_runs_is_the_lock_that_was_handed_over_and_not_one_of_that_name() {
    onewinner::explore_primitive(&IMPOSTOR)
        .processes(2)
        .time(UNHURRIED)
        .run()
        .or_skip()
        .expect_several_winners();
    onewinner::explore_primitive(&SOUND)
        .processes(2)
        .time(UNHURRIED)
        .run()
        .or_skip()
        .expect_holds();
}

#[test]
fn the_preset_of_a_lock_runs_kills_stale_locks_and_errors() {
    let report = onewinner::explore_primitive(&SOUND).time(UNHURRIED).run().or_skip();
    report.expect_holds();
    let one_for_each = report.outcomes().is_empty() || report.outcomes().len() == 7;
    assert!(one_for_each, "{}", report.text());
}
