//! The specs against the registry: each names a lock that there is, and claims what that lock declares.
//!
//! The gate checks what a spec claims. This suite checks only that the spec agrees with the code.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use crate::harness::{Test, tests, workspace};
use onewinner_command::claim::{Expected, Spec};
use onewinner_core::primitive::{self, Expectation, LockPrimitive};
use onewinner_core::scenario::{Subject, Work};

/// A spec, held against the registry.
fn check(path: &Path, text: &str) -> Result<Spec, String> {
    let spec = Spec::parse(path, text).map_err(|error| error.to_string())?;
    let Subject::Primitive(lock) = spec.subject else {
        return Err("the specs of this package are of its locks".to_owned());
    };
    let claims = |wanted: fn(Expected) -> bool| spec.claims.iter().any(|claim| wanted(claim.expected));
    let agrees = match lock.expectation() {
        Expectation::ExactlyOneWinner => {
            claims(|claim| matches!(claim, Expected::ExactlyOneWinner))
                && !claims(|claim| matches!(claim, Expected::SeveralWinners))
        }
        Expectation::SeveralWinners => claims(Expected::is_broken),
    };
    if !agrees {
        return Err(format!("{} declares {:?}", lock.name(), lock.expectation()));
    }
    if protocol(text)? == lock.protocol() {
        Ok(spec)
    } else {
        Err(format!("the protocol is `{}`", lock.protocol()))
    }
}

/// What stands on the one line ``Protocol: `…` ``.
fn protocol(body: &str) -> Result<&str, &'static str> {
    let lines = body
        .lines()
        .filter_map(|line| line.strip_prefix("Protocol: `")?.strip_suffix('`'));
    match lines.collect::<Vec<_>>()[..] {
        [protocol] => Ok(protocol),
        _ => Err("expected one line with the protocol"),
    }
}

/// Each spec of the package with its text.
fn specs() -> Vec<(PathBuf, String)> {
    let folder = workspace().join("specs");
    let entries = std::fs::read_dir(folder).expect("a folder of the package");
    let paths = entries.map(|entry| entry.expect("readable").path());
    // README.md is the table of contents.
    let specs = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "md") && !path.ends_with("README.md"));
    specs
        .map(|path| {
            let text = std::fs::read_to_string(&path).expect("UTF-8");
            (path, text)
        })
        .collect()
}

fn each_spec_claims_what_the_code_declares_and_is_called_after_its_subject() {
    for (path, text) in specs() {
        let spec = check(&path, &text).unwrap_or_else(|error| panic!("{error}"));
        let synced = spec.claims.iter().all(|claim| claim.scenario.work == Work::HubSync);
        let subject = if synced { "hub-sync" } else { spec.subject.name() };
        assert_eq!(spec.name, subject);
    }
}

fn each_primitive_has_a_spec_of_its_own() {
    let specs: Vec<_> = specs().into_iter().map(|(path, _)| path).collect();
    for primitive in primitive::ALL {
        let name = format!("{}.md", primitive.name());
        assert!(
            specs.iter().any(|path| path.ends_with(&name)),
            "specs/{name} is missing"
        );
    }
}

fn a_spec_that_strays_from_the_code_is_refused_with_the_reason() {
    let sound = format!(
        "+++\nschema = 1\nlock = \"create-new\"\n[[claim]]\nexpect = \"exactly-one-winner\"\n+++\n\nProtocol: `{}`\n",
        primitive::CreateNew.protocol()
    );
    let broken = format!(
        "+++\nschema = 1\nlock = \"stat-then-write\"\n[[claim]]\nexpect = \"several-winners\"\n+++\n\nProtocol: `{}`\n",
        primitive::StatThenWrite.protocol()
    );
    let path = Path::new("specs/a.md");
    for (text, from, to, reason) in [
        (
            &sound,
            "exactly-one-winner",
            "several-winners",
            "declares ExactlyOneWinner",
        ),
        (&sound, "exactly-one-winner", "keeps place", "declares ExactlyOneWinner"),
        (
            &broken,
            "several-winners",
            "exactly-one-winner",
            "declares SeveralWinners",
        ),
        (
            &sound,
            "lock = \"create-new\"",
            "driver = \"sh x {lock}\"",
            "of its locks",
        ),
        (&sound, "Protocol: `", "Protocol: `stat(L); ", "the protocol is"),
        (&sound, "Protocol: ", "", "one line with the protocol"),
        (
            &sound,
            "schema = 1",
            "schema = 2",
            "specs/a.md:2: schema 2 is not supported",
        ),
    ] {
        check(path, text).unwrap();
        assert!(text.contains(from), "{from}");
        let error = check(path, &text.replace(from, to)).unwrap_err();
        assert!(error.contains(reason), "{to}: {error}");
    }
}

fn the_table_of_properties_is_that_of_the_code() {
    let path = workspace().join("book/src/reference/properties.md");
    let text = std::fs::read_to_string(path).expect("a page of the book");
    let (_, text) = text
        .split_once("\n|---|---|\n")
        .expect("the page begins with the table");
    let (table, _) = text.split_once("\n\n").expect("the table ends");
    let rows: BTreeSet<(String, String)> = table
        .lines()
        .map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect();
            let [name, statement] = cells[..] else {
                panic!("a row has a name and a statement: {line}")
            };
            (name.trim_matches('`').to_owned(), statement.to_owned())
        })
        .collect();
    let code = onewinner_core::property::ALL
        .iter()
        .map(|each| (each.name().to_owned(), each.statement().to_owned()));
    assert_eq!(rows, code.collect());
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        each_spec_claims_what_the_code_declares_and_is_called_after_its_subject,
        each_primitive_has_a_spec_of_its_own,
        a_spec_that_strays_from_the_code_is_refused_with_the_reason,
        the_table_of_properties_is_that_of_the_code,
    ]
}
