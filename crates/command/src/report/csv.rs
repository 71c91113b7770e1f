//! The results of `bench` as CSV: a header and one line per row.

use std::io::Write;

use csv::{Error, Writer};

use crate::cost::{Row, Unit};

/// The column names.
pub const COLUMNS: [&str; 13] = [
    "lock",
    "directory",
    "file_system",
    "measure",
    "at",
    "unit",
    "median",
    "p99",
    "samples",
    "jain",
    "shares",
    "errors",
    "missing",
];

/// Returns the header and the rows as CSV. The shares of contenders are one field, separated by blanks.
///
/// # Panics
///
/// Never: writing to memory does not fail, and all fields are UTF-8.
pub fn text(rows: &[Row]) -> String {
    let mut out = Vec::new();
    write(&mut out, rows).expect("writing to memory does not fail");
    String::from_utf8(out).expect("fields are text")
}

fn write(out: impl Write, rows: &[Row]) -> Result<(), Error> {
    let mut writer = Writer::from_writer(out);
    writer.write_record(COLUMNS)?;
    let number = |number: Option<f64>| number.map_or_else(String::new, |number| number.to_string());
    for row in rows {
        let fairness = row.fairness.as_ref();
        let shares = fairness.map_or_else(String::new, |fairness| {
            let shares: Vec<String> = fairness.shares.iter().map(|share| format!("{share:.4}")).collect();
            shares.join(" ")
        });
        writer.write_record([
            row.lock.clone(),
            row.directory.display().to_string(),
            row.file_system.clone(),
            row.measure.name().to_owned(),
            row.measure.at().map_or_else(String::new, |at| at.to_string()),
            match row.unit {
                Unit::Nanoseconds => "ns".to_owned(),
                Unit::PerSecond => "1/s".to_owned(),
            },
            number(row.median),
            number(row.p99),
            row.samples.to_string(),
            number(fairness.map(|fairness| fairness.jain)),
            shares,
            row.errors.to_string(),
            row.missing.clone().unwrap_or_default(),
        ])?;
    }
    writer.flush()?;
    Ok(())
}
