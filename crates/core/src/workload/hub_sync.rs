//! The sync of the original bug: load `last_sequence`, append the entries after it, save the new `last_sequence`.
//!
//! Two simultaneous holders both load the same number and both append the same entries; [`duplicates`] counts them. Without
//! contention a sync makes seven calls on a new hub, and four when nothing is new. Each call is a step in a search.
//!
//! Deliberately not done: replacing the state atomically (`rename`), `fsync`, creating the hub directory. An error or a kill
//! between append and save leaves entries that the next sync appends again. No lock can prevent that, so no lock is blamed. Knows
//! no particular lock and no implementation of [`Fs`].

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};

use serde::Deserialize;

use super::file;
use crate::fs::{Fs, OpenFlags};
use crate::primitive::{AcquireError, CallError, LockPrimitive};

/// The default number of entries for [`source`]: two show that a whole batch is repeated.
pub const DEFAULT_ENTRIES: u64 = 2;
/// The largest state file that is read, in bytes. A valid one has a few dozen.
pub const LARGEST_STATE: usize = 64 * 1024;

/// The directory of the hub, which must exist.
pub fn hub_path(context: &Path) -> PathBuf {
    context.join("hub")
}

/// The lock that guards the hub.
pub fn lock_path(context: &Path) -> PathBuf {
    hub_path(context).join(".sync.lock")
}

/// The state of the sync: `{"last_sequence": N}`.
pub fn state_path(context: &Path) -> PathBuf {
    hub_path(context).join(".sync-state.json")
}

/// The Markdown file to which the entries are appended, one per line.
pub fn entries_path(context: &Path) -> PathBuf {
    hub_path(context).join("entries.md")
}

/// One entry of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Its position in the source, counted from 1.
    pub sequence: u64,
    /// Its text; line breaks become spaces.
    pub text: String,
}

/// The entries 1 to `count`: what every contender has to sync.
pub fn source(count: u64) -> Vec<Entry> {
    let entry = |sequence| Entry {
        sequence,
        text: format!("entry {sequence}"),
    };
    (1..=count).map(entry).collect()
}

/// What a successful sync did.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Synced {
    /// The number of entries that it appended.
    pub appended: u64,
    /// The last sequence number in the state afterwards.
    pub last_sequence: u64,
}

/// How an attempt to sync ended without an error.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// Another process held the lock, and nothing was changed.
    Busy,
    /// The lock was acquired, the work done, and the lock released.
    Synced(Synced),
}

/// Why a sync failed.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum SyncError {
    /// A system call failed.
    #[error(transparent)]
    Call(#[from] CallError),
    /// The state is not of the form `{"last_sequence": N}`.
    #[error("failed to read the sync state: {reason}; repair or remove `.sync-state.json`")]
    CorruptState {
        /// What is wrong, and where.
        reason: String,
    },
    /// The state exceeds [`LARGEST_STATE`].
    #[error("failed to read the sync state: it exceeds {LARGEST_STATE} bytes; repair or remove `.sync-state.json`")]
    StateTooLarge,
    /// The work was done, but the release failed.
    #[error("{0}; the sync lock may still be held: remove it when no sync runs")]
    Release(#[source] CallError),
    /// The work failed, and then the release failed too.
    #[error("{work}; then {release}; the sync lock may still be held: remove it when no sync runs")]
    WorkAndRelease {
        /// Why the work failed.
        #[source]
        work: Box<Self>,
        /// Why the release failed.
        release: CallError,
    },
}

/// Takes the lock, does the [`work`], and releases the lock whether the work succeeded or not.
///
/// # Errors
///
/// Those of the work; [`SyncError::Release`] and [`SyncError::WorkAndRelease`] when the lock may still be held; the call that
/// failed while acquiring the lock.
///
/// ```
/// use std::path::Path;
/// use onewinner_core::fs::{Fs, Mode, sim};
/// use onewinner_core::primitive::CreateNew;
/// use onewinner_core::workload::hub_sync::{Outcome, Synced, hub_path, source, sync};
///
/// let (fs, context) = (sim::alone(), Path::new("/"));
/// fs.mkdir(&hub_path(context), Mode::DIRECTORY)?;
/// let outcome = sync(&CreateNew, &fs, context, &source(2))?;
/// assert_eq!(outcome, Outcome::Synced(Synced { appended: 2, last_sequence: 2 }));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
pub fn sync(
    primitive: &dyn LockPrimitive,
    fs: &dyn Fs,
    context: &Path,
    entries: &[Entry],
) -> Result<Outcome, SyncError> {
    let lock = lock_path(context);
    let held = match primitive.try_acquire(fs, &lock) {
        Ok(held) => held,
        Err(AcquireError::Busy) => return Ok(Outcome::Busy),
        Err(AcquireError::Failed(error)) => return Err(error.into()),
    };
    let worked = work(fs, context, entries);
    match (worked, primitive.release(fs, &lock, held)) {
        (Ok(synced), Ok(())) => Ok(Outcome::Synced(synced)),
        (Err(work), Ok(())) => Err(work),
        (Ok(_), Err(release)) => Err(SyncError::Release(release)),
        (Err(work), Err(release)) => Err(SyncError::WorkAndRelease {
            work: Box::new(work),
            release,
        }),
    }
}

/// The work while the lock is held. If nothing is new, it writes nothing.
///
/// # Errors
///
/// A call that failed, or a state that is corrupt or too large. No descriptor stays open.
pub fn work(fs: &dyn Fs, context: &Path, entries: &[Entry]) -> Result<Synced, SyncError> {
    let state = state_path(context);
    let loaded = match file::read(fs, &state, LARGEST_STATE)? {
        Some(bytes) => parse_state(&bytes)?,
        None => 0,
    };
    let new = || entries.iter().filter(|entry| entry.sequence > loaded);
    let Some(last_sequence) = new().map(|entry| entry.sequence).max() else {
        return Ok(Synced {
            appended: 0,
            last_sequence: loaded,
        });
    };
    let lines: String = new().map(line).collect();
    file::write(fs, &entries_path(context), OpenFlags::APPEND, lines.as_bytes())?;
    let saved = serde_json::json!({ "last_sequence": last_sequence }).to_string();
    file::write(fs, &state, OpenFlags::OVERWRITE, saved.as_bytes())?;
    Ok(Synced {
        appended: new().count() as u64,
        last_sequence,
    })
}

/// The sequence number in a state file; 0 when the file is empty, because a save was killed after `O_TRUNC`.
///
/// Accepted: one JSON object with `last_sequence`, an integer from 0 to 2⁶⁴ − 1, with whitespace around it. Other fields are
/// ignored, and the next save drops them. Refused: an absent or repeated `last_sequence`, a negative, fractional or larger number,
/// `null`, a list, anything after the object, and a file of whitespace.
///
/// # Errors
///
/// [`SyncError::CorruptState`] or [`SyncError::StateTooLarge`].
pub fn parse_state(bytes: &[u8]) -> Result<u64, SyncError> {
    #[derive(Deserialize)]
    struct State {
        last_sequence: u64,
    }

    let corrupt = |reason| SyncError::CorruptState { reason };
    if bytes.is_empty() {
        return Ok(0);
    }
    if bytes.len() > LARGEST_STATE {
        return Err(SyncError::StateTooLarge);
    }
    // Serde also accepts a list for a struct, field by field.
    if !bytes.trim_ascii_start().starts_with(b"{") {
        return Err(corrupt("expected an object".to_owned()));
    }
    let state: State = serde_json::from_slice(bytes).map_err(|error| corrupt(error.to_string()))?;
    Ok(state.last_sequence)
}

/// The number of superfluous lines in the Markdown file: an entry that occurs three times counts two.
///
/// Entries are equal if their sequence numbers are. A line that is not of the form `- N: …` is not an entry.
pub fn duplicates(markdown: &[u8]) -> u64 {
    let mut seen = BTreeSet::new();
    let lines = markdown.split(|byte| *byte == b'\n');
    let superfluous = lines.filter_map(sequence).filter(|sequence| !seen.insert(*sequence));
    superfluous.count() as u64
}

fn line(entry: &Entry) -> String {
    format!("- {}: {}\n", entry.sequence, entry.text.replace(['\n', '\r'], " "))
}

fn sequence(line: &[u8]) -> Option<u64> {
    let rest = line.strip_prefix(b"- ")?;
    let colon = rest.iter().position(|byte| *byte == b':')?;
    let digits = &rest[..colon];
    // `parse` would accept a sign.
    if !digits.iter().all(u8::is_ascii_digit) {
        return None;
    }
    str::from_utf8(digits).ok()?.parse().ok()
}
