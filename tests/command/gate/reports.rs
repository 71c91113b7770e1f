//! What the gate reports to GitHub where that runs it, and that it reports nothing elsewhere.

use super::{BROKEN, Place, SOUND, run};
use crate::harness::{Test, tests};

fn specs() -> Place {
    Place::with(&[
        ("cut", &format!("{SOUND}\nprocesses = 4\nbudget = {{ executions = 2 }}")),
        ("sound", SOUND),
        ("wrong", &BROKEN.replace("several-winners", "exactly-one-winner")),
    ])
}

fn github_gets_annotations_at_the_lines_of_the_claims_and_a_summary_of_the_job() {
    let place = specs();
    place.write("summary.md", "before\n");
    let mut command = place.command("--json");
    command.env("GITHUB_ACTIONS", "true");
    command.env("GITHUB_STEP_SUMMARY", place.path().join("summary.md"));
    let ran = run(command);
    assert_eq!(ran.code, Some(1));
    serde_json::from_str::<serde_json::Value>(&ran.stdout).expect("one document, and nothing beside it");
    let lines: Vec<&str> = ran.stderr.lines().collect();
    assert_eq!(lines.len(), 2, "{}", ran.stderr);
    assert!(
        lines[0].starts_with(
            "::warning file=specs/cut.md,line=5,title=cut%3A inconclusive::exactly-one-winner · contend 4"
        )
    );
    assert!(
        lines[1].starts_with("::error file=specs/wrong.md,line=5,title=wrong%3A not as claimed::exactly-one-winner")
    );
    let summary = place.read("summary.md");
    for text in [
        "before\n## onewinner gate: not as claimed\n",
        "3 claims of 3 specs, by 3 pieces of evidence",
        "| spec | claim | evidence | result |",
        "| sound | exactly-one-winner · contend 3 | sim | ✓ exactly one, all 3 classes |",
        "| wrong | exactly-one-winner · contend 3 | sim | ✗ violated: at-most-one-winner",
    ] {
        assert!(summary.contains(text), "{text}\n{summary}");
    }
}

fn outside_github_nothing_is_reported() {
    let place = specs();
    let ran = place.gate("").exits(1, &[]);
    assert_eq!(ran.stderr, "");
    let mut command = place.command("");
    command.env("GITHUB_ACTIONS", "false").env("GITHUB_STEP_SUMMARY", "");
    assert_eq!(run(command).stderr, "");
}

fn a_summary_that_cannot_be_written_is_a_wrong_use() {
    let place = Place::with(&[("sound", SOUND)]);
    let mut command = place.command("");
    command.env("GITHUB_STEP_SUMMARY", place.path().join("no/such/place"));
    let ran = run(command);
    assert_eq!(ran.code, Some(2));
    assert!(ran.stderr.contains("failed to write"), "{}", ran.stderr);
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        github_gets_annotations_at_the_lines_of_the_claims_and_a_summary_of_the_job,
        outside_github_nothing_is_reported,
        a_summary_that_cannot_be_written_is_a_wrong_use,
    ]
}
