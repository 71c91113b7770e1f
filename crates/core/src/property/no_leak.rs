//! M9: an attempt that fails leaves nothing behind, and the next attempt wins.
//!
//! The file of a kernel lock is not the lock: a failed attempt leaves it, because removing it breaks such locks. So the lock's
//! own name is judged only by the result of the next attempt.

use std::path::Path;

use super::case::Case;
use super::contract::{Finding, Property, PropertyClass, Violation};
use crate::history::{Attempt, AttemptResult, History, Snapshot};

pub(super) struct NoLeak;

impl Property for NoLeak {
    fn name(&self) -> &'static str {
        "no-leak"
    }

    fn class(&self) -> PropertyClass {
        PropertyClass::Tidiness
    }

    fn statement(&self) -> &'static str {
        "after a failed attempt, files and descriptors are as before, and the next attempt wins"
    }

    fn consequence(&self) -> &'static str {
        "what the failed attempt leaves must be removed by hand, or blocks later attempts"
    }

    fn judge(&self, case: &Case<'_>) -> Finding {
        let Some((failed, decided)) = failed(case) else {
            return Finding::NotApplicable;
        };
        let Some((before, after)) = around(case.history, failed, decided) else {
            return Finding::NotApplicable;
        };
        let mut next = case
            .attempts()
            .iter()
            .filter(|next| first_moment(next) >= after.position);
        let won = next.clone().any(Attempt::acquired);
        let lock = won.then_some(&*case.history.lock);
        if let Some(left) = left_behind(before, after, lock) {
            return Violation::found(format!("the failed attempt of {} {left}", failed.process), [decided]);
        }
        let unfinished = next.clone().any(|next| next.result == AttemptResult::Undecided);
        if won || unfinished || next.next().is_none() {
            return Finding::Holds;
        }
        let sentence = format!(
            "after the failed attempt of {} the next attempt does not win",
            failed.process
        );
        Violation::found(sentence, [decided])
    }
}

/// The first attempt of the process with the injected error, if it did not win, and where that was known.
fn failed<'a>(case: &'a Case<'_>) -> Option<(&'a Attempt, usize)> {
    let mut attempts = case.attempts().iter();
    let disturbed = attempts.find(|attempt| Some(attempt.process) == case.history.disturbed)?;
    let decided = disturbed.decided.filter(|_| !disturbed.acquired())?;
    Some((disturbed, decided))
}

/// The first event in which an attempt sees the lock.
fn first_moment(attempt: &Attempt) -> usize {
    attempt.calls.first().copied().unwrap_or(attempt.began)
}

/// The last snapshot before the attempt and the first one after it. `None` if another process made a call in between, which
/// may have caused a difference.
fn around<'a>(history: &'a History, failed: &Attempt, decided: usize) -> Option<(&'a Snapshot, &'a Snapshot)> {
    let first = failed.calls.first().copied().unwrap_or(decided);
    let before = history.snapshots.iter().rfind(|look| look.position <= first)?;
    let after = history.snapshots.iter().find(|look| look.position > decided)?;
    let between = before.position..after.position;
    let mut strangers = history.calls().filter(|(_, process, ..)| *process != failed.process);
    (!strangers.any(|(at, ..)| between.contains(&at))).then_some((before, after))
}

/// What differs between two snapshots, except a file at the name of a `free` lock.
fn left_behind(before: &Snapshot, after: &Snapshot, free: Option<&Path>) -> Option<String> {
    let mut new = after.files.iter().filter(|file| !before.files.contains(file));
    if let Some(file) = new.find(|file| Some(&*file.path) != free) {
        let path = file.path.display();
        return Some(if before.files.iter().any(|old| old.path == file.path) {
            format!("changes {path}")
        } else {
            format!("leaves {path} behind")
        });
    }
    if let Some(gone) = before.files.iter().find(|file| !after.files.contains(file)) {
        return Some(format!("removes {}", gone.path.display()));
    }
    let open = |look: &Snapshot| look.descriptors.iter().sum::<usize>();
    match open(after).saturating_sub(open(before)) {
        0 => None,
        1 => Some("leaves a descriptor open".to_owned()),
        more => Some(format!("leaves {more} descriptors open")),
    }
}
