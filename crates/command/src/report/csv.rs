//! What an acquisition costs, as CSV: a head and a line for each row, for spreadsheets and data frames.

use std::io::Write;

use csv::{Error, Writer};

use crate::cost::{Row, Unit};

/// The head of the columns.
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

/// The head and the rows. Shares of contenders stand in one field, with blanks between them.
///
/// # Panics
///
/// Never: what is written to memory is written, and fields are text.
pub fn text(rows: &[Row]) -> String {
    let mut out = Vec::new();
    write(&mut out, rows).expect("a table in memory is written");
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
