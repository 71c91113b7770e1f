//! The script of `action.yml`, run as a runner does: what is given reaches the gate, and blanks alone separate.

use std::fs;
use std::process::Command;

use super::{BROKEN, Place, Ran, SOUND, run};
use crate::harness::{Capability, Test, ignore, tests, workspace};

/// The last script of the action.
fn script() -> String {
    let path = workspace().join("action.yml");
    let text = fs::read_to_string(path).expect("a file of the package");
    let (_, script) = text.rsplit_once("run: |\n").expect("a script");
    let lines = script.lines().map(|line| line.strip_prefix("        ").unwrap_or(line));
    lines.map(|line| format!("{line}\n")).collect()
}

/// Runs it with these inputs in place of the defaults.
fn action(place: &Place, inputs: &[(&str, &str)]) -> Ran {
    let mut command = Command::new("bash");
    command
        .args(["--noprofile", "--norc", "-eo", "pipefail", "-c", &script()])
        .current_dir(place.path())
        .env("TMPDIR", place.path())
        .env_remove("GITHUB_ACTIONS")
        .env_remove("GITHUB_STEP_SUMMARY")
        .env("ONEWINNER", env!("CARGO_BIN_EXE_onewinner"))
        .env("SPECS", "specs");
    for input in ["BASELINE", "PARTITION", "JUNIT", "ARGS"] {
        command.env(input, "");
    }
    command.envs(inputs.iter().copied());
    run(command)
}

fn the_action_hands_its_inputs_to_the_gate() {
    if Command::new("bash").arg("--version").output().is_err() {
        ignore(Capability::Program("bash"), "it is not on the PATH");
    }
    let place = Place::with(&[("sound", SOUND), ("broken", BROKEN)]);
    action(&place, &[]).exits(0, &["2 claims of 2 specs"]);
    action(
        &place,
        &[("SPECS", "specs/sound.md  specs/broken.md"), ("PARTITION", "1/2")],
    )
    .exits(0, &["1 claim of 1 spec"]);
    action(
        &place,
        &[("BASELINE", "my ground.toml"), ("ARGS", "--update-baseline --quick")],
    )
    .exits(0, &[]);
    assert!(place.read("my ground.toml").contains("depth = \"quick\""));
    action(&place, &[("JUNIT", "report.xml")]).exits(0, &[]);
    assert!(place.read("report.xml").contains("<testsuites"));
    // What looks like a script is an argument.
    action(&place, &[("ARGS", "$(touch here) ; touch here")]).refuses("touch");
    assert!(!place.path().join("here").exists());
    place.write(
        "specs/sound.md",
        &place
            .read("specs/sound.md")
            .replace("exactly-one-winner", "several-winners"),
    );
    action(&place, &[]).exits(1, &["not as claimed: sound"]);
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![the_action_hands_its_inputs_to_the_gate,]
}
