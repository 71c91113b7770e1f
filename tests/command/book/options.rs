//! The reference names each command and each option that `--help` names.

use crate::harness::{Test, tests, workspace};
use std::fs;
use std::process::Command;

fn help(arguments: &[&str]) -> String {
    let output = Command::new(env!("CARGO_BIN_EXE_onewinner"))
        .args(arguments)
        .arg("--help")
        .output();
    String::from_utf8(output.expect("onewinner starts").stdout).expect("UTF-8")
}

/// The names of the commands in a help text.
fn commands(help: &str) -> Vec<&str> {
    let (_, list) = help.split_once("Commands:\n").expect("there are commands");
    let lines = list.lines().take_while(|line| !line.is_empty());
    let names = lines.filter(|line| line.starts_with("  ") && !line.starts_with("   "));
    names
        .filter_map(|line| line.split_whitespace().next())
        .filter(|name| *name != "help")
        .collect()
}

/// The long options in a help text: each begins a line, alone or after its short name. Wrapped lines are indented further.
fn options(help: &str) -> Vec<&str> {
    let lines = help.lines().filter(|line| !line.starts_with("       "));
    let words = lines.filter_map(|line| {
        let mut words = line.split_whitespace();
        match words.next()? {
            word if word.starts_with("--") => Some(word),
            word if word.starts_with('-') && word.ends_with(',') => words.next(),
            _ => None,
        }
    });
    words.filter(|word| word.starts_with("--")).collect()
}

fn the_reference_names_each_command_and_each_option() {
    let reference = workspace().join("book/src");
    let read = |page: &str| fs::read_to_string(reference.join(page)).expect("a page of the book");
    // The options of the gate are on its own page, and some of `matrix` in its guide.
    let pages = ["reference/commands.md", "guide/ci.md", "guide/storage.md"]
        .map(read)
        .concat();
    let help_of_all = help(&[]);
    let names = commands(&help_of_all);
    assert!(names.len() >= 10, "{names:?}");
    let mut missing = Vec::new();
    for name in names {
        if !pages.contains(&format!("\n## {name}\n")) {
            missing.push(name.to_owned());
        }
        let help = help(&[name]);
        for option in options(&help) {
            // A name ends with the code, or goes on with its value.
            if ![format!("{option}`"), format!("{option} ")]
                .iter()
                .any(|word| pages.contains(word))
            {
                missing.push(format!("{name} {option}"));
            }
        }
    }
    assert!(missing.is_empty(), "the book does not name {missing:?}");
}

fn options_are_found_in_a_help_text() {
    let text = "Commands:\n  one   Do it\n        or not\n  help  Print\n\nOptions:\n  -n, --number <N>  How --many\n          --wrapped\n      --json\n  -h\n";
    assert_eq!(commands(text), ["one"]);
    assert_eq!(options(text), ["--number", "--json"]);
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        the_reference_names_each_command_and_each_option,
        options_are_found_in_a_help_text,
    ]
}
