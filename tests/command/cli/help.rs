//! The help of each command fits a screen, puts every option into a group, and ends with examples.
//!
//! That clap accepts the examples is a unit test of the command line.

use super::command::onewinner;
use crate::harness::{Test, tests};

/// The most lines of a help text: what a terminal of 50 lines shows.
const LINES: usize = 50;
/// The columns at which clap wraps text in a pipe.
const COLUMNS: usize = 100;
/// The fewest examples of a command.
const EXAMPLES: usize = 2;

/// The arguments that print each help text: of onewinner itself, and of each of its commands.
fn helps() -> Vec<String> {
    let all = onewinner("--help").exits(0).stdout;
    let (_, commands) = all.split_once("Commands:\n").expect("a list of commands");
    let commands = commands.lines().take_while(|line| !line.is_empty());
    let names = commands.filter_map(|line| line.split_whitespace().next());
    let names = names
        .filter(|name| *name != "help")
        .map(|name| format!("{name} --help"));
    ["--help".to_owned()].into_iter().chain(names).collect()
}

/// What is wrong with a help text.
fn faults(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let lines = text.lines().count();
    if lines > LINES {
        faults.push(format!("{lines} lines"));
    }
    faults.extend(
        text.lines()
            .filter(|line| line.chars().count() > COLUMNS)
            .map(str::to_owned),
    );
    for group in ["Options:", "Arguments:"] {
        if text.lines().any(|line| line == group) {
            faults.push(format!("an option without a group, under `{group}`"));
        }
    }
    let examples = text.split_once("Examples:\n").map_or("", |(_, examples)| examples);
    let examples = examples
        .lines()
        .take_while(|line| line.starts_with("  onewinner"))
        .count();
    if examples < EXAMPLES {
        faults.push(format!("{examples} examples"));
    }
    faults
}

fn each_help_fits_a_screen_with_groups_and_examples() {
    let helps = helps();
    assert!(helps.len() > 10, "{helps:?}");
    for arguments in helps {
        let text = onewinner(&arguments).exits(0).stdout;
        assert_eq!(faults(&text), [""; 0], "onewinner {arguments}:\n{text}");
    }
}

fn a_help_that_is_long_or_has_no_groups_or_examples_is_found() {
    let good = "Usage: onewinner\n\nOutput:\n  --json\n\nExamples:\n  onewinner\n  onewinner --json\n";
    assert_eq!(faults(good), [""; 0]);
    assert_eq!(faults(&(good.to_owned() + &"\n".repeat(LINES))).len(), 1);
    assert_eq!(faults(&good.replace("Output", "Options")).len(), 1);
    assert_eq!(faults(&good.replace("  onewinner --json\n", "")), ["1 examples"]);
    assert_eq!(faults(&(good.to_owned() + &"x".repeat(COLUMNS + 1))).len(), 1);
}

fn examples_of_the_help_work() {
    for (arguments, exit, text) in [
        ("list", 0, "create-new"),
        ("explore create-new --quick", 0, "holds"),
        ("doctor", 0, "loom"),
        ("doctor --dir /dev/shm", 0, "/dev/shm"),
        ("model create-new -n 3", 0, "holds"),
        ("model stat-then-write -n 2 --rounds 2", 1, "violated"),
        ("race stat-then-write --rounds 200 --align", 1, "violated"),
    ] {
        let helps: String = helps().iter().map(|help| onewinner(help).exits(0).stdout).collect();
        assert!(helps.contains(&format!("\n  onewinner {arguments}")), "{arguments}");
        onewinner(arguments).traced().exits(exit).says(&[text]);
    }
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        each_help_fits_a_screen_with_groups_and_examples,
        a_help_that_is_long_or_has_no_groups_or_examples_is_found,
        examples_of_the_help_work,
    ]
}
