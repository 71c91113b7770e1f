//! The test is entered again, for the one of its explorations that is going on.

use std::fs;
use std::path::Path;

use crate::{Name, UNHURRIED, look_first};

#[test]
fn explorations_of_one_line_are_distinguished() {
    for broken in [false, true, false] {
        let attempt = |path: &Path| {
            if broken {
                look_first(path)
            } else {
                Name::try_acquire(path).ok()
            }
        };
        let report = onewinner::explore(attempt).quick().time(UNHURRIED).run().or_skip();
        if broken {
            report.expect_several_winners();
        } else {
            report.expect_holds();
        }
    }
}

#[test]
fn nothing_is_left_where_it_ran_and_the_counterexample_is_where_it_was_wanted() {
    // Not a fresh one for each: every process of this test comes here.
    let ground = Path::new(env!("CARGO_TARGET_TMPDIR")).join("own-lock-ground");
    fs::create_dir_all(&ground).expect("the target directory is ours");
    let file = ground.with_extension("json");
    let explored = onewinner::explore(look_first)
        .quick()
        .time(UNHURRIED)
        .directory(&ground)
        .save(&file);
    let report = explored.run().or_skip();
    report.expect_several_winners();
    assert_eq!(fs::read_dir(&ground).expect("it is there").count(), 0);
    if !report.outcomes().is_empty() {
        assert_eq!(report.saved(), Some(&*file));
        assert!(
            fs::read_to_string(&file)
                .expect("it was saved")
                .contains("onewinner-counterexample")
        );
    }
}
