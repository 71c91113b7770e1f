//! M9: an attempt that fails leaves nothing behind, and the next attempt wins.

use super::{Finding, Property, Violation};
use crate::history::{AttemptResult, History, Snapshot};

pub(super) struct NoLeak;

impl Property for NoLeak {
    fn name(&self) -> &'static str {
        "no-leak"
    }

    fn statement(&self) -> &'static str {
        "after an attempt that ended with an error, files and descriptors are as before, and the next attempt wins"
    }

    fn judge(&self, history: &History) -> Finding {
        let attempts = history.attempts();
        let disturbed = attempts
            .iter()
            .find(|attempt| Some(attempt.process) == history.disturbed);
        let Some(failed) = disturbed.filter(|attempt| !attempt.acquired()) else {
            return Finding::NotApplicable;
        };
        let Some(decided) = failed.decided else {
            return Finding::NotApplicable;
        };
        let before = history.snapshots.iter().find(|snapshot| snapshot.position <= decided);
        let after = history.snapshots.iter().find(|snapshot| snapshot.position > decided);
        let (Some(before), Some(after)) = (before, after) else {
            return Finding::NotApplicable;
        };
        if let Some(left) = left_behind(before, after) {
            return Violation::found(
                format!("the failed attempt of {} leaves {left}", failed.process),
                [decided],
            );
        }
        let next = attempts
            .iter()
            .find(|attempt| attempt.began > decided || attempt.process != failed.process);
        match next.map(|attempt| &attempt.result) {
            None | Some(AttemptResult::Acquired | AttemptResult::Undecided) => Finding::Holds,
            Some(_) => {
                let sentence = format!(
                    "after the failed attempt of {} the next attempt does not win",
                    failed.process
                );
                Violation::found(sentence, [decided])
            }
        }
    }
}

fn left_behind(before: &Snapshot, after: &Snapshot) -> Option<String> {
    let file = after.files.iter().find(|file| !before.files.contains(file));
    let gone = before.files.iter().find(|file| !after.files.contains(file));
    let (open, were_open) = (after.descriptors.iter().sum::<usize>(), before.descriptors.iter().sum());
    match (file, gone) {
        (Some(file), _) => Some(format!("{} behind", file.path.display())),
        (None, Some(gone)) => Some(format!("{} removed", gone.path.display())),
        (None, None) if open > were_open => Some(format!("{} descriptors open", open - were_open)),
        (None, None) => None,
    }
}
