//! The words that a reader stumbles over stay out of the code, its comments and names, the messages, and the documentation.
//!
//! Only the worst are listed: those with a plain word in their place that is always better.

use std::fmt;
use std::fs;
use std::path::{Path, PathBuf};

/// Words that must not follow each other in a text, and what to write instead.
const WORST: &[(&str, &str)] = &[
    ("whoever", "name who: the process, the user, the caller"),
    ("so manieth", "the n-th"),
    ("so many", "the number of …"),
    ("told", "reported, printed, returned"),
    ("tells", "reports, prints, returns"),
    ("by way of", "through"),
    ("to be had", "available"),
    ("of one's own", "your own"),
    ("lots", "randomness"),
    ("to the proof", "checks"),
    ("its teeth", "what it no longer catches"),
    ("no teeth", "what it does not catch"),
    ("sitting", "run"),
    ("hears", "reads, receives"),
    ("slay", "kill"),
    ("is no misuse", "blame"),
    ("is no pass", "does not count as a pass"),
    ("is no error", "is not an error"),
    ("deliberately knows", "does not depend on"),
    ("it stands", "it is"),
    ("stands there", "exists"),
];

/// Keys of file formats, which keep their names: where, and the phrase.
const KEYS: &[(&str, &str)] = &[
    ("crates/command/src/claim/row.rs", "told"),
    ("schemas/gate.schema.json", "told"),
];

/// Folders and files that people read.
const READ: &[&str] = &[
    "README.md",
    "CONTRIBUTING.md",
    "CHANGELOG.md",
    "action.yml",
    "benches",
    "book/build/src",
    "book/src",
    "crates",
    "examples",
    "fuzz/fuzz_targets",
    "schemas",
    "specs",
    "src",
    "tests",
];

/// The endings of files that hold text.
const TEXT: &[&str] = &[
    "c", "go", "js", "json", "md", "pl", "py", "rs", "sh", "stderr", "stdout", "svg", "toml", "txt", "yml",
];

/// A listed phrase in a line.
#[derive(Debug, PartialEq, Eq)]
struct Found {
    path: PathBuf,
    line: usize,
    phrase: &'static str,
    plain: &'static str,
}

impl fmt::Display for Found {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self {
            path,
            line,
            phrase,
            plain,
        } = self;
        write!(out, "{}:{line}: {phrase:?}: {plain}", path.display())
    }
}

/// The words of a line in lower case; the parts of `snake_case` and `CamelCase` names are words.
fn words(line: &str) -> Vec<String> {
    let mut words = vec![String::new()];
    let mut before = ' ';
    for character in line.chars() {
        let begins = !character.is_alphabetic() && character != '\'';
        if begins || (character.is_uppercase() && before.is_lowercase()) {
            words.push(String::new());
        }
        if !begins {
            words
                .last_mut()
                .expect("there is a word")
                .extend(character.to_lowercase());
        }
        before = character;
    }
    words.retain(|word| !word.is_empty());
    words
}

/// The listed phrases of a text. A phrase may run over the end of a line; it counts where it ends.
fn found(path: &Path, text: &str) -> Vec<Found> {
    let numbered = text.lines().enumerate();
    let words: Vec<(usize, String)> = numbered
        .flat_map(|(line, text)| words(text).into_iter().map(move |word| (line + 1, word)))
        .collect();
    let mut found = Vec::new();
    for (phrase, plain) in WORST {
        let wanted: Vec<&str> = phrase.split(' ').collect();
        let matches = words.windows(wanted.len()).filter(|window| {
            let those = window.iter().map(|(_, word)| word.as_str());
            those.eq(wanted.iter().copied())
        });
        found.extend(matches.map(|window| Found {
            path: path.to_owned(),
            line: window.last().expect("a phrase has a word").0,
            phrase,
            plain,
        }));
    }
    found
}

/// The files that people read, below a path; this one is left out.
fn files(path: &Path, files: &mut Vec<PathBuf>) {
    if path.is_dir() {
        if path.ends_with("target") {
            return;
        }
        let entries = fs::read_dir(path).expect("a folder of the project can be read");
        for entry in entries {
            self::files(&entry.expect("an entry can be read").path(), files);
        }
        return;
    }
    let is_text = path
        .extension()
        .is_some_and(|ending| TEXT.iter().any(|text| ending == *text));
    if is_text && !path.ends_with(file!()) {
        files.push(path.to_owned());
    }
}

#[test]
fn no_text_has_words_that_a_reader_stumbles_over() {
    let root = PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let mut paths = Vec::new();
    for name in READ {
        files(&root.join(name), &mut paths);
    }
    assert!(paths.len() > 300, "only {} files were found", paths.len());
    let mut all = Vec::new();
    for path in paths {
        let text = fs::read_to_string(&path).unwrap_or_else(|error| panic!("failed to read {path:?}: {error}"));
        all.extend(found(path.strip_prefix(&root).expect("it is below"), &text));
    }
    let is_key = |found: &Found, key: &(&str, &str)| found.path == Path::new(key.0) && found.phrase == key.1;
    for key in KEYS {
        assert!(
            all.iter().any(|found| is_key(found, key)),
            "{key:?} is gone: take it off the list"
        );
    }
    all.retain(|found| !KEYS.iter().any(|key| is_key(found, key)));
    let lines: Vec<String> = all.iter().map(Found::to_string).collect();
    assert!(all.is_empty(), "{} places:\n{}", all.len(), lines.join("\n"));
}

#[test]
fn a_phrase_is_found_in_prose_in_names_and_over_the_end_of_a_line() {
    let phrases = |text| -> Vec<(usize, &str)> {
        let found = found(Path::new("text"), text);
        found.iter().map(|found| (found.line, found.phrase)).collect()
    };
    assert_eq!(phrases("Whoever holds it, releases."), [(1, "whoever")]);
    assert_eq!(phrases("fn is_no_misuse() {}"), [(1, "is no misuse")]);
    assert_eq!(phrases("enum E { IsTold }"), [(1, "told")]);
    assert_eq!(phrases("A plot of slots."), []);
}
