//! `onewinner replay --svg`: the picture of the README is made again and compared; a picture is written whole or not at all.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use crate::harness::{Capability, Test, ignore, tests, workspace};
use tempfile::TempDir;

/// The picture that README.md and the book show.
const PICTURE: &str = "book/src/images/stat-then-write.svg";
/// Where `explore` saves the counterexample of that picture.
const SAVED: &str = "onewinner-stat-then-write-at-most-one-winner.json";

fn onewinner(directory: &Path, arguments: &[&str]) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onewinner"));
    command.args(arguments).current_dir(directory).env("TMPDIR", directory);
    command.output().expect("onewinner starts")
}

/// A directory with a counterexample, from `backend`; `None` if nothing can be traced here.
fn explored(backend: &str) -> TempDir {
    let directory = TempDir::new().expect("a temporary directory");
    let arguments = [
        "explore",
        "stat-then-write",
        "-n",
        "2",
        "--seed",
        "1",
        "--backend",
        backend,
    ];
    let output = onewinner(directory.path(), &arguments);
    let printed = String::from_utf8_lossy(&output.stdout);
    if printed.contains("failed to trace a process") {
        ignore(Capability::Ptrace, printed);
    }
    assert_eq!(output.status.code(), Some(1), "{printed}");
    directory
}

fn entries(directory: &Path) -> usize {
    fs::read_dir(directory).expect("it is there").count()
}

fn the_picture_in_the_repository_is_the_one_that_a_real_run_makes() {
    let directory = explored("traced");
    let output = onewinner(directory.path(), &["replay", SAVED, "--svg", "made.svg"]);
    assert_eq!(output.status.code(), Some(1), "{output:?}");
    let made = fs::read_to_string(directory.path().join("made.svg")).expect("the picture was written");
    let kept = workspace().join(PICTURE);
    let kept = fs::read_to_string(kept).expect("a file of the package");
    assert!(
        kept == made,
        "{PICTURE} differs from what is made now; run `onewinner explore stat-then-write -n 2`, \
         then `onewinner replay {SAVED} --svg {PICTURE}`, and look at it:\n{made}"
    );
}

fn a_run_that_differs_from_the_file_makes_no_picture_and_keeps_the_old_one() {
    let directory = explored("sim");
    let saved = directory.path().join(SAVED);
    let text = fs::read_to_string(&saved).expect("explore saved it");
    assert!(text.contains("ENOENT"), "{text}");
    fs::write(&saved, text.replacen("ENOENT", "EACCES", 1)).expect("it is ours");
    fs::write(directory.path().join("old.svg"), "old").expect("it is ours");
    let before = entries(directory.path());
    for (picture, exit) in [("new.svg", 3), ("old.svg", 3)] {
        let output = onewinner(directory.path(), &["replay", SAVED, "--svg", picture]);
        assert_eq!(output.status.code(), Some(exit), "{output:?}");
    }
    assert_eq!(
        fs::read_to_string(directory.path().join("old.svg")).expect("it is there"),
        "old"
    );
    assert_eq!(entries(directory.path()), before);
}

fn a_place_that_cannot_hold_a_picture_is_refused_in_one_line() {
    let directory = explored("sim");
    let before = entries(directory.path());
    for place in ["absent/a.svg", "."] {
        let output = onewinner(directory.path(), &["replay", SAVED, "--svg", place]);
        let error = String::from_utf8_lossy(&output.stderr);
        assert_eq!(
            (output.status.code(), &*output.stdout),
            (Some(2), &b""[..]),
            "{place}: {error}"
        );
        assert!(
            error.lines().count() == 1 && error.contains("name a file in an existing folder"),
            "{error}"
        );
    }
    assert_eq!(entries(directory.path()), before);
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        the_picture_in_the_repository_is_the_one_that_a_real_run_makes,
        a_run_that_differs_from_the_file_makes_no_picture_and_keeps_the_old_one,
        a_place_that_cannot_hold_a_picture_is_refused_in_one_line,
    ]
}
