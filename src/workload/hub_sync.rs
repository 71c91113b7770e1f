//! The hub sync.
use std::path::{Path, PathBuf};

use crate::fs::Fs;
use crate::primitive::CallError;
/// Where the lock is.
pub fn lock_path(context: &Path) -> PathBuf {
    context.join("hub").join(".sync.lock")
}
/// Entry.
pub struct Entry;
/// Entries.
pub fn default_entries() -> Vec<Entry> {
    Vec::new()
}
/// Synced.
pub struct Synced {
    /// Appended.
    pub appended: u64,
}
/// Work.
///
/// # Errors
///
/// None.
pub fn work(_fs: &dyn Fs, _context: &Path, _entries: &[Entry]) -> Result<Synced, CallError> {
    Ok(Synced { appended: 0 })
}
/// Duplicates.
pub fn duplicates(_markdown: &[u8]) -> u64 {
    0
}
/// Entries.
pub fn entries_path(context: &Path) -> PathBuf {
    context.join("hub").join("entries.md")
}
