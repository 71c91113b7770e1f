//! M18, in part: the lock is at the requested path, and an acquisition changes nothing outside that directory.

use std::ffi::OsStr;
use std::path::Path;

use super::case::{Case, is_owned};
use super::contract::{Finding, Property, PropertyClass, Violation};
use crate::history::{Attempt, History, What};

pub(super) struct Place;

impl Property for Place {
    fn name(&self) -> &'static str {
        "place"
    }

    fn class(&self) -> PropertyClass {
        PropertyClass::Tidiness
    }

    fn statement(&self) -> &'static str {
        "an acquisition uses the requested path, and changes nothing outside the directory of that path"
    }

    fn consequence(&self) -> &'static str {
        "a user who looks for the lock at the requested path does not find it there, and two paths may be one lock"
    }

    fn judge(&self, case: &Case<'_>) -> Finding {
        let history = case.history;
        let winners = || {
            case.attempts()
                .iter()
                .filter(|attempt| attempt.acquired() && !attempt.calls.is_empty())
        };
        if winners().next().is_none() {
            return Finding::NotApplicable;
        }
        for winner in winners() {
            if !calls_of(history, winner).any(|(_, path, _)| path == history.lock) {
                let sentence = format!(
                    "{} acquires without a call that names {}",
                    winner.process,
                    history.lock.display()
                );
                return Violation::found(sentence, winner.decided);
            }
            let stray = calls_of(history, winner).find(|(_, path, stores)| *stores && !belongs_to(path, &history.lock));
            if let Some((position, path, _)) = stray {
                let sentence = format!(
                    "{} changes {}, outside the lock's directory",
                    winner.process,
                    path.display()
                );
                return Violation::found(sentence, [position]);
            }
        }
        Finding::Holds
    }
}

/// Whether the path is in the lock's directory, or in a directory there that is named after the lock.
fn belongs_to(path: &Path, lock: &Path) -> bool {
    let (Some(directory), Some(name)) = (lock.parent(), lock.file_name()) else {
        return false;
    };
    let Some(inside) = path.parent().and_then(|parent| parent.strip_prefix(directory).ok()) else {
        return false;
    };
    let named_after = |first: &OsStr| first.as_encoded_bytes().starts_with(name.as_encoded_bytes());
    inside.iter().next().is_none_or(named_after)
}

/// The paths in the calls of the acquisition, each with its position and whether the call stored anything.
fn calls_of<'a>(history: &'a History, attempt: &Attempt) -> impl Iterator<Item = (usize, &'a Path, bool)> {
    attempt.calls.iter().flat_map(|&position| {
        let what = &history.events[position].what;
        let named = match what {
            What::Performed { call, accesses, .. } => Some((call, accesses.stores().any(|object| is_owned(&object)))),
            _ => None,
        };
        named
            .into_iter()
            .flat_map(move |(call, stores)| call.paths().map(move |path| (position, path, stores)))
    })
}
