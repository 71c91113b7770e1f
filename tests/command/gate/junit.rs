//! `--junit`: the usual structure, and counts that agree with the elements.
//!
//! The schema is `junit.xsd`, held against the report by xmllint where it is installed; the same is checked here by hand,
//! always.

use std::collections::BTreeMap;
use std::process::Command;

use quick_xml::Reader;
use quick_xml::events::{BytesStart, Event};

use super::{BROKEN, Place, SOUND};
use crate::harness::{Capability, Test, ignore, tests, workspace};

/// An element with what it may have: attributes, the first of which it must have, and elements in it.
struct Shape {
    name: &'static str,
    attributes: &'static [&'static str],
    required: usize,
    inside: &'static [&'static str],
}

const fn shape(
    name: &'static str,
    attributes: &'static [&'static str],
    required: usize,
    inside: &'static [&'static str],
) -> Shape {
    Shape {
        name,
        attributes,
        required,
        inside,
    }
}

/// As in Jenkins' junit-10.xsd; the gate writes a part of it.
const SHAPES: &[Shape] = &[
    shape("", &[], 0, &["testsuites"]),
    shape(
        "testsuites",
        &["name", "tests", "failures", "errors", "time"],
        5,
        &["testsuite"],
    ),
    shape(
        "testsuite",
        &["name", "tests", "failures", "errors", "skipped", "time"],
        4,
        &["testcase"],
    ),
    shape("testcase", &["name", "classname", "time"], 2, &["failure", "error"]),
    shape("failure", &["message", "type"], 2, &[]),
    shape("error", &["message", "type"], 2, &[]),
];

/// An element, and how many faults stand in it.
#[derive(Default)]
struct Open {
    name: String,
    attributes: BTreeMap<String, String>,
    cases: u64,
    counts: BTreeMap<&'static str, u64>,
}

impl Open {
    fn of(start: &BytesStart<'_>) -> Result<Self, String> {
        let name = String::from_utf8_lossy(start.name().as_ref()).into_owned();
        let mut attributes = BTreeMap::new();
        for attribute in start.attributes() {
            let attribute = attribute.map_err(|error| error.to_string())?;
            let key = String::from_utf8_lossy(attribute.key.as_ref()).into_owned();
            let value = String::from_utf8_lossy(&attribute.value).into_owned();
            attributes.insert(key, value);
        }
        Ok(Self {
            name,
            attributes,
            ..Self::default()
        })
    }

    fn shape(&self) -> Result<&'static Shape, String> {
        let found = SHAPES.iter().find(|shape| shape.name == self.name);
        found.ok_or_else(|| format!("<{}> is no element of a report", self.name))
    }

    /// Whether it may stand in `outer`, with these attributes.
    fn check(&self, outer: &Self) -> Result<(), String> {
        let (own, outer) = (self.shape()?, outer.shape()?);
        if !outer.inside.contains(&own.name) {
            return Err(format!("<{}> stands in <{}>", own.name, outer.name));
        }
        for required in &own.attributes[..own.required] {
            if !self.attributes.contains_key(*required) {
                return Err(format!("<{}> has no {required}", own.name));
            }
        }
        for (key, value) in &self.attributes {
            if !own.attributes.contains(&key.as_str()) {
                return Err(format!("<{}> has an attribute {key}", own.name));
            }
            let number = matches!(&**key, "tests" | "failures" | "errors" | "skipped" | "time");
            if number && value.parse::<f64>().is_err() {
                return Err(format!("{key} is {value:?}"));
            }
        }
        Ok(())
    }

    /// If its counts are those of its elements.
    fn close(&self) -> Result<(), String> {
        let counted = [
            ("tests", self.cases),
            ("failures", self.counts.get("failure").copied().unwrap_or(0)),
            ("errors", self.counts.get("error").copied().unwrap_or(0)),
        ];
        for (key, counted) in counted {
            if let Some(stated) = self.attributes.get(key)
                && *stated != counted.to_string()
            {
                return Err(format!("<{}> states {stated} {key}, but has {counted}", self.name));
            }
        }
        Ok(())
    }

    fn take(&mut self, inner: &Self) {
        self.cases += inner.cases + u64::from(inner.name == "testcase");
        for fault in ["failure", "error"] {
            let inside = inner.counts.get(fault).copied().unwrap_or(0);
            *self.counts.entry(fault).or_default() += inside + u64::from(inner.name == fault);
        }
    }
}

/// What is wrong with a report, if anything is.
fn check(report: &str) -> Result<(), String> {
    let mut reader = Reader::from_str(report);
    let mut open = vec![Open::default()];
    loop {
        match reader.read_event().map_err(|error| error.to_string())? {
            Event::Start(start) => {
                let inner = Open::of(&start)?;
                inner.check(open.last().ok_or("nothing is open")?)?;
                open.push(inner);
            }
            Event::Empty(start) => {
                let inner = Open::of(&start)?;
                let outer = open.last_mut().ok_or("nothing is open")?;
                inner.check(outer)?;
                inner.close()?;
                outer.take(&inner);
            }
            Event::End(_) => {
                let inner = open.pop().ok_or("nothing is open")?;
                inner.close()?;
                open.last_mut().ok_or("nothing is open")?.take(&inner);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    match &open[..] {
        [root] if root.name.is_empty() => Ok(()),
        _ => Err("the report does not end".to_owned()),
    }
}

/// A report with each kind of row.
fn report() -> String {
    let place = Place::with(&[
        ("broken", BROKEN),
        ("cut", &format!("{SOUND}\nprocesses = 4\nbudget = {{ executions = 2 }}")),
        ("sound", SOUND),
        ("wrong", &BROKEN.replace("several-winners", "exactly-one-winner")),
    ]);
    place.gate("--baseline ground.toml --update-baseline").exits(1, &[]);
    let ground = place
        .read("ground.toml")
        .replacen("classes = ", "classes = 9", 1)
        .replace("[spec.sound.", "[spec.gone.");
    place.write("ground.toml", &ground);
    place.gate("--baseline ground.toml --junit report.xml").exits(1, &[]);
    place.read("report.xml")
}

fn the_report_has_the_usual_structure_and_each_departure_is_seen() {
    let report = report();
    check(&report).unwrap_or_else(|error| panic!("{error}\n{report}"));
    for text in [
        "<testsuite name=\"cut\" tests=\"1\"",
        "<error message=\"? the search was cut at 2 executions",
        "type=\"inconclusive\"",
        "type=\"lost-ground\"",
        "type=\"not-as-claimed\"",
        "specs/wrong.md:5: ",
        "classname=\"onewinner.baseline\"",
    ] {
        assert!(report.contains(text), "{text}\n{report}");
    }
    for (from, to, message) in [
        ("<testsuite name=\"cut\"", "<testsuite", "<testsuite> has no name"),
        ("tests=\"1\"", "tests=\"2\"", "states 2 tests, but has 1"),
        ("errors=\"1\"", "errors=\"0\"", "states 0 errors, but has 1"),
        (" type=\"inconclusive\"", "", "<error> has no type"),
        ("</testsuites>", "", "ill-formed"),
        ("classname=", "class=", "<testcase> has no classname"),
        ("<testsuites ", "<testsuites skipped=\"0\" ", "has an attribute skipped"),
    ] {
        assert!(report.contains(from), "{from}");
        let error = check(&report.replacen(from, to, 1)).unwrap_err();
        let unended = message == "ill-formed" && error.contains("does not end");
        assert!(error.contains(message) || unended, "{from}: {error}");
    }
}

fn the_report_is_valid_by_the_schema() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let file = directory.path().join("report.xml");
    let xsd = workspace().join("tests/command/gate/junit.xsd");
    let lint = |text: &str| {
        std::fs::write(&file, text).expect("the directory is ours");
        Command::new("xmllint")
            .arg("--noout")
            .arg("--schema")
            .arg(&xsd)
            .arg(&file)
            .output()
    };
    let report = report();
    match lint(&report) {
        Err(error) => ignore(Capability::Program("xmllint"), error),
        Ok(valid) => {
            assert!(valid.status.success(), "{}", String::from_utf8_lossy(&valid.stderr));
            let wrong = lint(&report.replacen("classname=", "class=", 1)).expect("it ran before");
            assert!(!wrong.status.success());
        }
    }
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        the_report_has_the_usual_structure_and_each_departure_is_seen,
        the_report_is_valid_by_the_schema,
    ]
}
