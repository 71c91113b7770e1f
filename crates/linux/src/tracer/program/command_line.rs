//! The command line of a program, as words.
//!
//! Starts nothing, and knows nothing of what the program prints.

use std::path::Path;

use onewinner_core::scenario::{Program, ProgramKind};

/// The placeholder for the path of the lock.
const LOCK: &str = "{lock}";
/// The placeholder for the command that holds the lock.
const HOLD: &str = "{hold}";

/// Why a command line starts nothing.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineError {
    /// A quote is not closed, or a backslash ends the line.
    #[error(
        "failed to split `{0}` into words: a quote is not closed, or it ends in a backslash; quote it as for a shell"
    )]
    Quotes(String),
    /// There is no word.
    #[error("failed to start the program: its command line is empty; give a command")]
    Empty,
    /// A driver does not get the path of the lock, so contenders would not share one.
    #[error(
        "failed to start `{0}`: it does not contain {{lock}}, so the program does not get the path of the lock; put {{lock}} \
         where the program takes the path, or, if its lock has a fixed path, give `explore --lock-at PATH`"
    )]
    NoLock(String),
    /// A placeholder is missing.
    #[error("failed to start `{line}`: it does not name {missing}; put it where the command expects it")]
    Missing {
        /// The command line.
        line: String,
        /// What is missing.
        missing: &'static str,
    },
}

/// The words of a program's command line, for a lock at `lock`; `hold` is the command that replaces `{hold}`.
///
/// The path is inserted *after* the line was split, so no character of it is special. A word that is `{hold}` alone becomes
/// the words of that command; within a word it becomes one text, quoted for a shell (`sh -c '… {hold}'`).
///
/// # Errors
///
/// When the line cannot be split, or lacks a placeholder.
pub fn words(program: &Program, lock: &Path, hold: &[&str]) -> Result<Vec<String>, LineError> {
    let line = &program.line;
    let words = shlex::split(line).ok_or_else(|| LineError::Quotes(line.clone()))?;
    if words.is_empty() {
        return Err(LineError::Empty);
    }
    let needed: &[&'static str] = match program.kind {
        ProgramKind::Driver if program.lock_at.is_some() || words.iter().any(|word| word.contains(LOCK)) => &[],
        ProgramKind::Driver => return Err(LineError::NoLock(line.clone())),
        ProgramKind::Wrap => &[LOCK, HOLD],
        ProgramKind::Test => &[LOCK],
    };
    for missing in needed {
        if !words.iter().any(|word| word.contains(missing)) {
            let line = line.clone();
            return Err(LineError::Missing { line, missing });
        }
    }
    let lock = lock.to_string_lossy();
    // Only a word with a zero byte cannot be quoted, and no path has one.
    let quoted = shlex::try_join(hold.iter().copied()).map_err(|_| LineError::Quotes(line.clone()))?;
    let mut placed = Vec::new();
    for word in words {
        if program.kind == ProgramKind::Wrap && word == HOLD {
            placed.extend(hold.iter().map(|word| (*word).to_owned()));
        } else if program.kind == ProgramKind::Wrap {
            placed.push(word.replace(HOLD, &quoted).replace(LOCK, &lock));
        } else {
            placed.push(word.replace(LOCK, &lock));
        }
    }
    Ok(placed)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn program(kind: ProgramKind, line: &str) -> Program {
        Program::new(kind, line)
    }

    #[track_caller]
    fn split(kind: ProgramKind, line: &str, expected: &[&str]) {
        let hold = ["/bin/one winner", "hold"];
        assert_eq!(
            words(&program(kind, line), Path::new("/a b/lock"), &hold).unwrap(),
            expected
        );
    }

    #[test]
    fn the_line_is_split_before_the_lock_is_put_in() {
        use ProgramKind::{Driver, Wrap};
        split(
            Driver,
            "python3 'my driver.py' {lock}",
            &["python3", "my driver.py", "/a b/lock"],
        );
        split(
            Driver,
            "driver --lock={lock} {hold}",
            &["driver", "--lock=/a b/lock", "{hold}"],
        );
        split(
            Wrap,
            "flock -n {lock} {hold}",
            &["flock", "-n", "/a b/lock", "/bin/one winner", "hold"],
        );
        split(
            Wrap,
            "flock {lock} -c 'exec {hold}'",
            &["flock", "/a b/lock", "-c", "exec '/bin/one winner' hold"],
        );
    }

    #[test]
    fn a_driver_with_a_lock_in_a_place_of_its_own_needs_no_placeholder() {
        let mut fixed = program(ProgramKind::Driver, "driver");
        fixed.lock_at = Some("/run/lock".into());
        assert_eq!(words(&fixed, Path::new("/lock"), &[]).unwrap(), ["driver"]);
    }

    #[test]
    fn a_line_that_starts_nothing_is_refused_with_the_reason() {
        for (kind, line, part) in [
            (ProgramKind::Driver, "driver 'lock", "a quote is not closed"),
            (ProgramKind::Driver, "  ", "is empty"),
            (
                ProgramKind::Driver,
                "driver lock",
                "put {lock} where the program takes the path",
            ),
            (ProgramKind::Wrap, "flock {hold}", "does not name {lock}"),
            (ProgramKind::Wrap, "flock -n {lock} true", "does not name {hold}"),
        ] {
            let error = words(&program(kind, line), Path::new("/lock"), &["hold"]).unwrap_err();
            assert!(error.to_string().contains(part), "{line}: {error}");
        }
    }
}
