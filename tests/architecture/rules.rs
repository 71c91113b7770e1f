//! The rules, each a function from a file to what is wrong with it. Knows the table only as an argument.

use crate::names::{Mentions, Name};
use crate::source::Source;
use crate::words::Words;

/// The most lines that a file may have.
const LONGEST_FILE: usize = 500;
/// How many folders below `src` a file may stand.
const DEEPEST_FOLDER: usize = 2;
/// Where `unsafe` may stand.
const UNSAFE: &[&str] = &["src/sys/"];
/// Where the kernel's own interfaces may be called.
const KERNEL: &[&str] = &["src/sys/", "src/real_fs.rs"];
/// Who talks to the terminal.
const TERMINAL: &[&str] = &["src/cli/", "src/main.rs"];
/// Who ends the process: the command, and a test that was entered again as something else.
const ENDS: &[&str] = &["src/cli/", "src/main.rs", "src/testing/"];

/// One line of the table.
#[derive(Clone, Copy)]
pub(crate) struct Module {
    name: &'static str,
    imports: Imports,
}

/// What a module may import of its own crate.
#[derive(Clone, Copy)]
enum Imports {
    /// Every module above it.
    Above,
    /// These, as far as they stand above it. Of other crates too, these alone.
    Only(&'static [&'static str]),
}

impl Module {
    /// It may import every module above it.
    pub(crate) const fn above(name: &'static str) -> Self {
        Self {
            name,
            imports: Imports::Above,
        }
    }

    /// It may import these alone, as far as they stand above it.
    pub(crate) const fn only(name: &'static str, only: &'static [&'static str]) -> Self {
        Self {
            name,
            imports: Imports::Only(only),
        }
    }

    /// Why a short list does not allow the name, if the module has one.
    fn refuses(&self, name: &[String], shown: &str) -> Option<String> {
        let Imports::Only(only) = self.imports else { return None };
        let allowed = only.iter().any(|entry| covers(entry, name));
        let from = self.name;
        (!allowed).then(|| format!("`{from}` imports `{shown}`, and may import {} only", only.join(", ")))
    }
}

/// What is wrong with the files, a line each.
pub(crate) fn faults(sources: &[Source], table: &[Module]) -> Vec<String> {
    let mut faults = Vec::new();
    let mut parsed = Vec::new();
    for source in sources {
        match (Mentions::of(source), Words::of_text(&source.text)) {
            (Ok(mentions), Ok(words)) => parsed.push((source, mentions, words)),
            (Err(error), _) | (_, Err(error)) => faults.push(format!("{}: {error}", source.path)),
        }
    }
    let test_modules: Vec<_> = parsed.iter().flat_map(|(_, found, _)| &found.test_modules).collect();
    for (source, mentions, words) in &parsed {
        let mut wrong = shape(source, table);
        wrong.extend(lints(source, words));
        let module = source.module();
        if !test_modules.iter().any(|test| module.starts_with(test)) {
            wrong.extend(places(source, mentions));
            if !source.is_root() {
                let inside = mentions.names.iter().filter_map(inside);
                wrong.extend(inside.filter_map(|name| import(&module[0], name, table)));
                let other = mentions.names.iter().filter_map(of_another_crate);
                wrong.extend(other.filter_map(|name| import_of_another_crate(&module[0], &name, table)));
            }
        }
        faults.extend(wrong.iter().map(|wrong| format!("{}: {wrong}", source.path)));
    }
    faults
}

fn inside(name: &Name) -> Option<&[String]> {
    match name {
        Name::Inside(path) => Some(path),
        Name::Outside(_) => None,
    }
}

/// A name of another crate of the workspace, as if its module were in this one.
fn of_another_crate(name: &Name) -> Option<Vec<String>> {
    let Name::Outside(path) = name else { return None };
    let (first, rest) = path.split_first()?;
    match first.as_str() {
        "onewinner_core" | "onewinner_linux" | "onewinner_command" => Some(rest.to_owned()),
        "onewinner_check" => Some([&["check".to_owned()], rest].concat()),
        _ => None,
    }
}

/// Whether a module with a short list may use a name of another crate; what the others may use is in the manifests.
fn import_of_another_crate(from: &str, name: &[String], table: &[Module]) -> Option<String> {
    let from = table.iter().find(|module| module.name == from)?;
    from.refuses(name, &name.join("::")).filter(|_| !name.is_empty())
}

fn shape(source: &Source, table: &[Module]) -> Vec<String> {
    let mut wrong = Vec::new();
    if !source.text.starts_with("//!") {
        wrong.push("it does not open with `//!`".to_owned());
    }
    let lines = source.text.lines().count();
    if lines > LONGEST_FILE {
        wrong.push(format!("{lines} lines are more than {LONGEST_FILE}"));
    }
    if source.path.matches('/').count() > DEEPEST_FOLDER + 1 {
        wrong.push(format!("it is more than {DEEPEST_FOLDER} folders below src"));
    }
    if let Some(top) = source.module().first()
        && !table.iter().any(|module| module.name == top)
    {
        wrong.push(format!("the module `{top}` is not in the table"));
    }
    wrong
}

fn lints(source: &Source, words: &Words) -> Vec<String> {
    let mut wrong = Vec::new();
    let says = |attribute: &[String], word: &str| attribute.iter().any(|each| each == word);
    for attribute in &words.attributes {
        let (allow, expect) = (says(attribute, "allow"), says(attribute, "expect"));
        if allow {
            wrong.push("`#[allow]` instead of `#[expect]` with a reason".to_owned());
        }
        if expect && !says(attribute, "reason") {
            wrong.push("`#[expect]` without a reason".to_owned());
        }
        if (allow || expect || says(attribute, "warn")) && says(attribute, "unsafe_code") && !source.is_in(UNSAFE) {
            wrong.push("the lint `unsafe_code` is softened outside src/sys".to_owned());
        }
    }
    if words.paths.iter().flatten().any(|word| word == "unsafe") && !source.is_in(UNSAFE) {
        wrong.push("`unsafe` outside src/sys".to_owned());
    }
    wrong
}

fn places(source: &Source, mentions: &Mentions) -> Vec<String> {
    let mut wrong = Vec::new();
    for name in &mentions.names {
        let Name::Outside(path) = name else { continue };
        let path: Vec<&str> = path.iter().map(String::as_str).collect();
        match path[..] {
            [kernel @ ("nix" | "libc"), ..] if !source.is_in(KERNEL) => {
                wrong.push(format!("`{kernel}` outside src/sys and src/real_fs.rs"));
            }
            ["std", "process", "exit"] if !source.is_in(ENDS) => {
                wrong.push("`std::process::exit` outside src/cli and src/testing".to_owned());
            }
            _ => {}
        }
    }
    for call in ["print", "println", "eprint", "eprintln", "dbg"] {
        if mentions.macros.contains(call) && !source.is_in(TERMINAL) {
            wrong.push(format!("`{call}!` outside src/cli"));
        }
    }
    wrong.dedup();
    wrong
}

/// Whether a file of module `from` may use this name of the crate, and if not, why.
fn import(from: &str, name: &[String], table: &[Module]) -> Option<String> {
    let shown = format!("crate::{}", name.join("::"));
    let first = name.first()?;
    if first == from {
        return None;
    }
    if first == "*" {
        return Some("`crate::*` imports every module".to_owned());
    }
    let place = |wanted: &str| table.iter().position(|module| module.name == wanted);
    let Some(to) = place(first) else {
        return Some(format!("`{shown}` names no module of the table"));
    };
    // A module that is not in the table is a fault of its own.
    let from_place = place(from)?;
    if to > from_place {
        return Some(format!("`{from}` imports `{shown}`, which stands below it"));
    }
    if let [.., module, glob] = name
        && glob == "*"
        && !is_type(module)
    {
        return Some(format!("`{shown}` hides what is imported"));
    }
    table[from_place].refuses(name, &shown)
}

/// Whether an entry of a short list allows the name. A module on the way to it is allowed too: what is used of it is a
/// name of its own.
fn covers(entry: &str, name: &[String]) -> bool {
    let matches = |(wanted, found): (&str, &String)| wanted == found || wanted == "_" && is_type(found);
    entry.split("::").zip(name).all(matches)
}

fn is_type(segment: &str) -> bool {
    segment.starts_with(char::is_uppercase)
}
