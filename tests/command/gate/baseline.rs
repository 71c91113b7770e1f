//! The baseline: recorded once, and failed for each kind of coverage that is lost.

use super::{BROKEN, Place, SOUND};
use crate::harness::{Test, tests};

const RECORD: &str = "--baseline ground.toml --update-baseline";
const COMPARE: &str = "--baseline ground.toml";

/// Several backends.
fn worlds() -> String {
    format!("{SOUND}\nevidence = [\"loom\", \"sim\", \"race\"]\nbudget = {{ rounds = 20 }}")
}

fn a_baseline_is_recorded_and_kept_and_has_equal_bytes_for_equal_ground() {
    let place = Place::with(&[("sound", &worlds()), ("broken", BROKEN)]);
    place.gate(RECORD).exits(0, &[]);
    let first = place.read("ground.toml");
    for text in [
        "schema = 1",
        "depth = \"usual\"",
        "[spec.broken.",
        "[spec.sound.",
        "classes = 3",
        "rounds = 20",
    ] {
        assert!(first.contains(text), "{text}:\n{first}");
    }
    assert!(first.contains("1 winner, 2 busy") && !first.contains("seed"), "{first}");
    place.gate(COMPARE).exits(0, &["as claimed"]);
    place.gate(RECORD).exits(0, &[]);
    assert_eq!(place.read("ground.toml"), first);
}

fn each_kind_of_lost_ground_fails_the_gate() {
    let place = Place::with(&[("sound", &worlds())]);
    place.gate(RECORD).exits(0, &[]);
    let ground = place.read("ground.toml");
    for (from, to, message) in [
        ("classes = 3", "classes = 4", "3 classes instead of 4"),
        ("rounds = 20", "rounds = 21", "20 rounds instead of 21"),
        (
            "\"1 winner, 2 busy\"",
            "\"1 winner, 2 busy\", \"0 winners, 3 busy\"",
            "the outcome \"0 winners, 3 busy\" is missing",
        ),
        ("[spec.sound.", "[spec.gone.", "the spec gone is missing"),
        (".sim]", ".traced]", "is no longer checked by traced"),
        ("contend 3", "contend 4", "contend 4` is no longer checked by"),
    ] {
        assert!(ground.contains(from), "{from}:\n{ground}");
        place.write("ground.toml", &ground.replace(from, to));
        place.gate(COMPARE).exits(1, &["not as claimed:", message]);
    }
}

fn a_search_that_is_no_longer_complete_is_lost_ground() {
    let place = Place::with(&[("broken", BROKEN)]);
    place.gate(RECORD).exits(0, &[]);
    place.write(
        "specs/broken.md",
        &place
            .read("specs/broken.md")
            .replace("+++\n\n", "budget = { executions = 20 }\n+++\n\n"),
    );
    place
        .gate(COMPARE)
        .exits(1, &["less than the baseline: the search is no longer complete"]);
    // Recorded anew, it is the ground.
    place.gate(RECORD).exits(0, &[]);
    place.gate(COMPARE).exits(0, &[]);
}

fn more_ground_or_other_specs_are_no_loss() {
    let place = Place::with(&[("sound", SOUND)]);
    place.gate(RECORD).exits(0, &[]);
    let ground = place.read("ground.toml");
    place.write("ground.toml", &ground.replace("classes = 3", "classes = 2"));
    place.gate(COMPARE).exits(0, &[]);
    let place = Place::with(&[("sound", SOUND), ("broken", BROKEN)]);
    place.write("ground.toml", &ground);
    place.gate(COMPARE).exits(0, &[]);
    // Of one file that is named alone, others are not missed.
    place.gate(RECORD).exits(0, &[]);
    place.gate(&format!("specs/sound.md {COMPARE}")).exits(0, &[]);
    place.gate(&format!("specs/sound.md {RECORD}")).exits(0, &[]);
    assert!(place.read("ground.toml").contains("[spec.broken."));
    for part in ["1/2", "2/2"] {
        place
            .gate(&format!("{COMPARE} --partition {part}"))
            .exits(0, &["1 spec"]);
    }
}

fn what_is_not_as_claimed_does_not_become_the_ground() {
    let place = Place::with(&[("sound", SOUND)]);
    place.gate(RECORD).exits(0, &[]);
    let ground = place.read("ground.toml");
    place.write(
        "specs/sound.md",
        &place
            .read("specs/sound.md")
            .replace("+++\n\n", "budget = { executions = 1 }\n+++\n\n"),
    );
    place.gate(RECORD).exits(3, &[]);
    assert_eq!(place.read("ground.toml"), ground);
}

fn a_baseline_of_another_depth_or_version_is_refused() {
    let place = Place::with(&[("sound", SOUND)]);
    place.gate(RECORD).exits(0, &[]);
    place
        .gate(&format!("{COMPARE} --quick"))
        .refuses("recorded without --quick");
    let ground = place.read("ground.toml");
    for (from, to, message) in [
        ("schema = 1", "schema = 2", "schema 2 is not supported"),
        ("complete = true", "complete = true\ncosts = 1", "unknown field `costs`"),
        (
            "depth = \"usual\"",
            "depth = \"vast\"",
            "ground.toml:3: unknown variant",
        ),
    ] {
        assert!(ground.contains(from), "{ground}");
        place.write("ground.toml", &ground.replace(from, to));
        place.gate(COMPARE).refuses(message);
    }
}

fn a_run_that_time_cuts_loses_no_ground() {
    let place = Place::with(&[("sound", SOUND)]);
    place.gate(RECORD).exits(0, &[]);
    place
        .gate(&format!("{COMPARE} --time 0.000001"))
        .exits(3, &["inconclusive"]);
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_baseline_is_recorded_and_kept_and_has_equal_bytes_for_equal_ground,
        each_kind_of_lost_ground_fails_the_gate,
        a_search_that_is_no_longer_complete_is_lost_ground,
        more_ground_or_other_specs_are_no_loss,
        what_is_not_as_claimed_does_not_become_the_ground,
        a_baseline_of_another_depth_or_version_is_refused,
        a_run_that_time_cuts_loses_no_ground,
    ]
}
