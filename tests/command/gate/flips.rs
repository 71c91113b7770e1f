//! The gate has teeth: a claim that is turned round fails it, and the spec is named.

use std::fs;
use std::path::PathBuf;

use super::{BROKEN, Place, SOUND};
use crate::harness::{Test, tests, workspace};

/// The opposite of what is expected.
fn flipped(expect: &str) -> String {
    match expect.split_once(' ') {
        None if expect == "exactly-one-winner" => "several-winners".to_owned(),
        None => "exactly-one-winner".to_owned(),
        Some(("violates", property)) => format!("keeps {property}"),
        Some((_, property)) => format!("violates {property}"),
    }
}

/// The text with each of its claims turned round, one after another.
fn each_flipped(text: &str) -> Vec<String> {
    let (_, front) = text.split_once("+++\n").expect("a spec");
    let (front, _) = front.split_once("\n+++").expect("a spec");
    let expects = front
        .lines()
        .filter_map(|line| line.strip_prefix("expect = \"")?.split('"').next());
    let places: Vec<(usize, &str)> = expects
        .map(|expect| (expect.as_ptr().addr() - text.as_ptr().addr(), expect))
        .collect();
    let flip =
        |(at, expect): (usize, &str)| format!("{}{}{}", &text[..at], flipped(expect), &text[at + expect.len()..]);
    places.into_iter().map(flip).collect()
}

fn a_claim_that_is_turned_round_fails_the_gate() {
    let broken = BROKEN.replace("several-winners", "violates at-most-one-winner");
    let kept = SOUND.replace("exactly-one-winner", "keeps at-most-one-winner");
    for (name, front) in [
        ("sound", SOUND),
        ("broken", BROKEN),
        ("named", &broken),
        ("kept", &kept),
    ] {
        let place = Place::with(&[(name, front)]);
        let text = place.read(&format!("specs/{name}.md"));
        place.gate("").exits(0, &["as claimed"]);
        let flips = each_flipped(&text);
        assert_eq!(flips.len(), 1);
        for flip in flips {
            place.write(&format!("specs/{name}.md"), &flip);
            place.gate("").exits(1, &[&format!("not as claimed: {name}\n")]);
        }
    }
}

fn specs() -> Vec<PathBuf> {
    let folder = workspace().join("specs");
    let entries = fs::read_dir(folder).expect("a folder of the package");
    let paths = entries.map(|entry| entry.expect("readable").path());
    paths
        .filter(|path| path.extension().is_some_and(|ending| ending == "md") && !path.ends_with("README.md"))
        .collect()
}

/// Minutes: each claim of each spec of the package.
fn each_claim_of_this_package_fails_the_gate_when_it_is_turned_round() {
    let mut survivors = Vec::new();
    for path in specs() {
        let text = fs::read_to_string(&path).expect("UTF-8");
        let name = path
            .file_name()
            .expect("a file has a name")
            .to_string_lossy()
            .into_owned();
        for (number, flip) in each_flipped(&text).into_iter().enumerate() {
            let place = Place::with(&[]);
            place.write(&format!("specs/{name}"), &flip);
            let ran = place.gate("");
            let named = format!("not as claimed: {}\n", name.trim_end_matches(".md"));
            if ran.code != Some(1) || !ran.stdout.contains(&named) {
                survivors.push(format!(
                    "{name}, claim {}: {:?}\n{}{}",
                    number + 1,
                    ran.code,
                    ran.stdout,
                    ran.stderr
                ));
            }
        }
    }
    assert!(survivors.is_empty(), "{}", survivors.join("\n"));
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_claim_that_is_turned_round_fails_the_gate,
        each_claim_of_this_package_fails_the_gate_when_it_is_turned_round: "takes minutes: cargo test --test command gate:: -- --ignored",
    ]
}
