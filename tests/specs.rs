//! The specs against the registry: each claim names a lock that there is, and claims what that lock declares.
//!
//! What a spec claims is put to the proof by the gate; here only its form and its agreement with the code.

use std::collections::BTreeSet;
use std::path::Path;

use onewinner::primitive::{self, Expectation, LockPrimitive};
use serde::Deserialize;

/// The line that stands around the front matter.
const FENCE: &str = "+++";
/// loom has no room for more threads (`loom::MAX_THREADS`).
const MOST_IN_LOOM: u8 = 5;

/// What a spec says in its front matter; a field that is not listed is a mistake.
#[derive(Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Claim {
    lock: String,
    workload: Option<Workload>,
    expect: Expectation,
    processes: u8,
    evidence: Vec<Evidence>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Workload {
    HubSync,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Deserialize)]
#[serde(rename_all = "kebab-case")]
enum Evidence {
    Loom,
    Sim,
    Traced,
    Race,
}

/// The claim of a spec, held against the registry.
fn check(text: &str) -> Result<Claim, String> {
    let rest = text.strip_prefix(FENCE).ok_or("no front matter")?;
    let (front, body) = rest.split_once("\n+++\n").ok_or("the front matter does not end")?;
    let claim: Claim = toml::from_str(front).map_err(|error| error.to_string())?;
    let lock = primitive::by_name(&claim.lock).ok_or_else(|| format!("no lock is called {}", claim.lock))?;
    if claim.expect != lock.expectation() {
        return Err(format!("{} declares {:?}", claim.lock, lock.expectation()));
    }
    if protocol(body)? != lock.protocol() {
        return Err(format!("the protocol is `{}`", lock.protocol()));
    }
    if claim.processes < 2 {
        return Err("one process contends with nobody".to_owned());
    }
    if claim.processes > MOST_IN_LOOM && claim.evidence.contains(&Evidence::Loom) {
        return Err(format!("loom takes at most {MOST_IN_LOOM} threads"));
    }
    if claim.evidence.is_empty() || claim.evidence.iter().collect::<BTreeSet<_>>().len() < claim.evidence.len() {
        return Err("each piece of evidence is named once, and at least one".to_owned());
    }
    Ok(claim)
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

fn specs() -> Vec<(String, String)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs");
    let entries = std::fs::read_dir(folder).expect("a folder of the package");
    let paths = entries.map(|entry| entry.expect("readable").path());
    // README.md is the table of contents.
    let specs = paths
        .filter(|path| path.extension().is_some_and(|extension| extension == "md") && !path.ends_with("README.md"));
    specs
        .map(|path| {
            let stem = path
                .file_stem()
                .expect("a file has a name")
                .to_string_lossy()
                .into_owned();
            (stem, std::fs::read_to_string(&path).expect("UTF-8"))
        })
        .collect()
}

#[test]
fn each_spec_claims_what_the_code_declares_and_is_called_after_its_subject() {
    for (name, text) in specs() {
        let claim = check(&text).unwrap_or_else(|error| panic!("specs/{name}.md: {error}"));
        let subject = match claim.workload {
            None => claim.lock,
            Some(Workload::HubSync) => "hub-sync".to_owned(),
        };
        assert_eq!(name, subject);
    }
}

#[test]
fn each_primitive_has_a_spec_of_its_own() {
    let specs: Vec<_> = specs().into_iter().map(|(name, _)| name).collect();
    for primitive in primitive::ALL {
        let name = primitive.name().to_owned();
        assert!(specs.contains(&name), "specs/{name}.md is missing");
    }
}

#[test]
fn a_spec_that_strays_is_refused_with_the_reason() {
    let protocol = primitive::CreateNew.protocol();
    let sound = format!(
        "+++\nlock = \"create-new\"\nexpect = \"exactly-one-winner\"\nprocesses = 3\n\
         evidence = [\"loom\", \"sim\"]\n+++\n\nProtocol: `{protocol}`\n"
    );
    check(&sound).unwrap();
    for (from, to, reason) in [
        ("+++\nlock", "lock", "no front matter"),
        ("]\n+++\n", "]\n", "does not end"),
        ("lock = \"create-new\"\n", "", "missing field `lock`"),
        ("create-new", "create-now", "no lock is called create-now"),
        ("exactly-one-winner", "several-winners", "declares ExactlyOneWinner"),
        ("exactly-one-winner", "one-winner", "unknown variant"),
        ("processes = 3", "processes = 1", "contends with nobody"),
        ("processes = 3", "processes = 6", "at most 5"),
        ("processes = 3", "processes = 3\nseed = 1", "unknown field `seed`"),
        ("processes = 3", "processes = 3\nworkload = \"hub\"", "unknown variant"),
        ("\"sim\"", "\"loom\"", "named once"),
        ("\"sim\"", "\"hearsay\"", "unknown variant"),
        ("Protocol: `", "Protocol: `stat(L); ", "the protocol is"),
        ("Protocol: ", "", "one line with the protocol"),
    ] {
        assert!(sound.contains(from), "{from}");
        let error = check(&sound.replace(from, to)).unwrap_err();
        assert!(error.contains(reason), "{to}: {error}");
    }
}

#[test]
fn the_table_of_properties_is_that_of_the_code() {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("specs/README.md");
    let text = std::fs::read_to_string(path).expect("a file of the package");
    let rows: BTreeSet<(String, String)> = text
        .lines()
        .filter_map(|line| line.strip_prefix("| M").or_else(|| line.strip_prefix("|  |")))
        .filter_map(|line| {
            let cells: Vec<&str> = line.split('|').map(str::trim).filter(|cell| !cell.is_empty()).collect();
            let [.., name, statement] = cells[..] else { return None };
            Some((name.trim_matches('`').to_owned(), statement.to_owned()))
        })
        .collect();
    let code = onewinner::property::ALL
        .iter()
        .map(|each| (each.name().to_owned(), each.statement().to_owned()));
    assert_eq!(rows, code.collect());
}
