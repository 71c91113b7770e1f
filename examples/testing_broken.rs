//! A lock that is broken on purpose, and how onewinner shows it: `cargo test --example testing_broken`.
//!
//! The lock checks whether a file exists, then writes it. If two processes check before either writes, both get the lock.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The lock is held as long as the file exists.
struct CheckThenWrite {
    path: PathBuf,
}

impl CheckThenWrite {
    /// Tries once; `None` if another process holds the lock.
    fn try_acquire(path: &Path) -> io::Result<Option<Self>> {
        if path.try_exists()? {
            return Ok(None);
        }
        fs::write(path, "locked\n")?;
        Ok(Some(Self { path: path.to_owned() }))
    }
}

impl Drop for CheckThenWrite {
    fn drop(&mut self) {
        let _removed = fs::remove_file(&self.path);
    }
}

fn main() -> io::Result<()> {
    let directory = tempfile::tempdir()?;
    let _held = CheckThenWrite::try_acquire(&directory.path().join("lock"))?;
    println!("acquired; to check the lock, run `cargo test --example testing_broken`");
    Ok(())
}

#[cfg(test)]
mod tests {
    use onewinner::testing::Attempt;

    use super::*;

    /// Converts a result in which `Ok(None)` means busy.
    fn attempt(path: &Path) -> Attempt<CheckThenWrite> {
        match CheckThenWrite::try_acquire(path) {
            Ok(Some(held)) => Attempt::Acquired(held),
            Ok(None) => Attempt::Busy,
            Err(error) => Attempt::Failed(error.to_string()),
        }
    }

    #[test]
    fn check_then_write_lets_several_in_and_the_report_shows_how() {
        let report = onewinner::explore(attempt).quick().run().or_skip();
        report.expect_several_winners();
        if report.outcomes().is_empty() {
            return; // It was skipped, because tracing is forbidden here.
        }
        for word in [
            "violated: at-most-one-winner: 2 of 2 hold the lock at once: P0 and P1",
            "decides   ◄ P0's statx before P1's open; the other way round it holds",
            "replayed  reproduced 10/10",
        ] {
            assert!(report.text().contains(word), "{word}:\n{}", report.text());
        }
    }
}
