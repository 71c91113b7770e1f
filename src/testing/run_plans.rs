//! Runs the plans of an exploration, and saves the first counterexample.

use std::io::Write;
use std::ops::ControlFlow;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use super::report::{Outcome, Report};
use onewinner_check::counterexample::Saved;
use onewinner_check::text::verdict as terminal;
use onewinner_check::{Allowance, CheckError, Plan, check_all, ignore_events};
use onewinner_core::scenario::Subject;
use onewinner_core::verdict::{Judged, Verdict};

/// The width of the text in columns: that of a log.
const WIDTH: usize = 120;

/// Runs plans of one exploration, and saves the first counterexample.
pub(super) fn run_plans(plans: &[Plan], allowance: Allowance, save: Option<&Path>, place: usize) -> Report {
    let (mut outcomes, mut before, mut text, mut saved) = (Vec::new(), Vec::new(), Vec::new(), None);
    let mut each = |_, plan: &Plan, result: Result<Judged, CheckError>| {
        let written = match result {
            Ok(judged) => {
                outcomes.push(Outcome::of(&judged));
                let written = terminal::judged(&mut text, &judged, WIDTH, &before.iter().collect::<Vec<_>>());
                if saved.is_none() {
                    saved = self::save(plan, &judged, save, place, &mut text);
                }
                before.push(judged);
                written
            }
            Err(error) => {
                outcomes.push(Outcome::unknown(&error.to_string(), 0));
                writeln!(text, "{}: {error}", plan.configuration())
            }
        };
        written.expect("writing to memory does not fail");
        ControlFlow::Continue(())
    };
    let uninterrupted = Arc::new(AtomicBool::new(false));
    check_all(plans, allowance, &uninterrupted, &ignore_events(), &mut each);
    let text = String::from_utf8_lossy(&text);
    Report::explored(outcomes, without_styles(&text), saved)
}

/// Saves the counterexample, and adds its path to the text. A race has no schedule to save.
fn save(plan: &Plan, judged: &Judged, asked: Option<&Path>, place: usize, text: &mut Vec<u8>) -> Option<PathBuf> {
    let Verdict::Violated(shown) = &judged.verdict else {
        return None;
    };
    if shown.execution.schedule.is_empty() {
        return None;
    }
    let number = if place == 0 {
        String::new()
    } else {
        format!("-{}", place + 1)
    };
    let named = format!("onewinner-{}{number}-{}.json", plan.subject.slug(), shown.property);
    let path = asked.map_or_else(|| default_directory().join(named), Path::to_owned);
    let written = match Saved::new(plan, shown).write(&path) {
        Ok(()) => {
            let replay = match plan.subject {
                Subject::Program(_) => format!("  replay    onewinner replay {}\n", path.display()),
                // The command `onewinner` does not know the locks of a test.
                Subject::Primitive(_) => String::new(),
            };
            writeln!(text, "  saved     {}\n{replay}", path.display()).map(|()| Some(path))
        }
        Err(error) => writeln!(text, "  not saved: {error}\n").map(|()| None),
    };
    written.expect("writing to memory does not fail")
}

/// The directory `target/tmp` of cargo, or the temporary directory if there is none.
fn default_directory() -> PathBuf {
    let of_cargo = || {
        let binary = std::env::current_exe().ok()?;
        let target = binary.ancestors().find(|each| each.join("CACHEDIR.TAG").is_file())?;
        let directory = target.join("tmp");
        std::fs::create_dir_all(&directory).ok()?;
        Some(directory)
    };
    of_cargo().unwrap_or_else(std::env::temp_dir)
}

/// Removes styles from a text: escape sequences that end in `m`.
fn without_styles(text: &str) -> String {
    let mut parts = text.split("\x1b[");
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        let is_parameter = |letter: char| letter.is_ascii_digit() || letter == ';';
        let rest = part.trim_start_matches(is_parameter);
        plain += rest.strip_prefix('m').unwrap_or(part);
    }
    plain
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn styles_are_removed_and_text_stays() {
        assert_eq!(
            without_styles("\x1b[1m\x1b[38;5;2mholds\x1b[0m: 2m [1m"),
            "holds: 2m [1m"
        );
        assert_eq!(without_styles("plain"), "plain");
    }
}
