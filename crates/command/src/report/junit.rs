//! JUnit XML: a suite for each spec, a case for each piece of evidence.
//!
//! A claim that does not hold is a `failure`. An inconclusive one is an `error`: some CI systems count `skipped` as passed.

use std::io::{self, Write};
use std::time::Duration;

use quick_junit::{NonSuccessKind, Report, SerializeError, TestCase, TestCaseStatus, TestSuite};

use super::gate::{Summary, claimed, result};
use crate::claim::GateRow;
use onewinner_core::verdict::Exit;

/// Writes the document.
///
/// # Errors
///
/// If writing to `out` fails.
pub fn write(out: &mut dyn Write, rows: &[GateRow], summary: &Summary) -> io::Result<()> {
    let mut report = Report::new("onewinner gate");
    report.set_time(Duration::from_secs_f64(rows.iter().map(|row| row.seconds).sum()));
    let suites = rows.chunk_by(|one, other| one.spec == other.spec);
    report.add_test_suites(suites.map(suite));
    if !summary.dropped.is_empty() {
        report.add_test_suite(dropped(&summary.dropped));
    }
    let text = report.to_string().map_err(failed)?;
    // quick-junit writes `skipped` on `testsuites` too, which the schema of Jenkins (junit-10.xsd) does not allow.
    out.write_all(text.replacen(" skipped=\"0\"", "", 1).as_bytes())
}

fn failed(error: SerializeError) -> io::Error {
    io::Error::other(error)
}

fn suite(rows: &[GateRow]) -> TestSuite {
    let name = rows.first().map_or("", |row| row.spec.as_str());
    let mut suite = TestSuite::new(name);
    suite.set_time(Duration::from_secs_f64(rows.iter().map(|row| row.seconds).sum()));
    suite.add_test_cases(rows.iter().map(case));
    suite
}

fn case(row: &GateRow) -> TestCase {
    let status = match row.exit {
        Exit::AsClaimed => TestCaseStatus::success(),
        Exit::Inconclusive => fault(NonSuccessKind::Error, "inconclusive", row),
        _ if row.reason.is_none() => fault(NonSuccessKind::Failure, "lost-ground", row),
        _ => fault(NonSuccessKind::Failure, "not-as-claimed", row),
    };
    let mut case = TestCase::new(format!("{} · {}", claimed(row), row.evidence), status);
    case.set_classname(format!("onewinner.{}", row.spec));
    case.set_time(Duration::from_secs_f64(row.seconds));
    case
}

fn fault(kind: NonSuccessKind, word: &str, row: &GateRow) -> TestCaseStatus {
    let mut status = TestCaseStatus::non_success(kind);
    status.set_type(word);
    status.set_message(result(row));
    status.set_description(format!("{}:{}: {}", row.file.display(), row.line, result(row)));
    status
}

fn dropped(dropped: &[String]) -> TestSuite {
    let mut suite = TestSuite::new("baseline");
    for text in dropped {
        let mut status = TestCaseStatus::non_success(NonSuccessKind::Failure);
        status.set_type("lost-ground").set_message(text.as_str());
        let mut case = TestCase::new(text.as_str(), status);
        case.set_classname("onewinner.baseline");
        suite.add_test_case(case);
    }
    suite
}
