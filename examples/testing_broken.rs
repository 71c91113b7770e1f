//! A lock that is broken on purpose, and how onewinner shows it: `cargo test --example testing_broken`.
//!
//! It looks whether there is a file, and then writes it: two that look before either writes both find nothing.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// Held as long as the file is there, or so one thinks.
struct LookedFirst {
    path: PathBuf,
}

impl LookedFirst {
    /// None, if somebody else has it.
    fn try_acquire(path: &Path) -> io::Result<Option<Self>> {
        if path.try_exists()? {
            return Ok(None);
        }
        fs::write(path, "locked\n")?;
        Ok(Some(Self { path: path.to_owned() }))
    }
}

impl Drop for LookedFirst {
    fn drop(&mut self) {
        let _removed = fs::remove_file(&self.path);
    }
}

fn main() -> io::Result<()> {
    let directory = tempfile::tempdir()?;
    let _held = LookedFirst::try_acquire(&directory.path().join("lock"))?;
    println!("it is held, by one at least; `cargo test --example testing_broken` explores it");
    Ok(())
}

#[cfg(test)]
mod tests {
    use onewinner::testing::Attempt;

    use super::*;

    /// The answer of a lock that tells busy in another way than most.
    fn attempt(path: &Path) -> Attempt<LookedFirst> {
        match LookedFirst::try_acquire(path) {
            Ok(Some(held)) => Attempt::Acquired(held),
            Ok(None) => Attempt::Busy,
            Err(error) => Attempt::Failed(error.to_string()),
        }
    }

    #[test]
    fn looking_first_lets_several_in_and_the_interleaving_is_told() {
        let report = onewinner::explore(attempt).quick().run().or_skip();
        report.expect_several_winners();
        if report.outcomes().is_empty() {
            return; // It was skipped, which is said.
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
