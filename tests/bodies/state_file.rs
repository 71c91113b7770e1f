//! Any bytes as a state file: the sync never panics, uses the value that parses, and leaves the lock free.
//!
//! One body, run by proptest (`tests/portable/state_file.rs`) and by the fuzzer (`fuzz/fuzz_targets/state_file.rs`). Knows
//! neither.

use std::path::Path;

use onewinner_core::fs::call::{Call, Value};
use onewinner_core::fs::{Errno, Fs, Mode, OpenFlags, sim};
use onewinner_core::primitive::CreateNew;
use onewinner_core::workload::hub_sync::{
    Outcome, SyncError, duplicates, entries_path, hub_path, lock_path, parse_state, source, state_path, sync,
};

/// As many as a small number in a state file can fall among.
const ENTRIES: u64 = 9;

/// Checks all that must hold of these bytes.
pub(crate) fn check(bytes: &[u8]) {
    let parsed = parse_state(bytes);
    assert_eq!(parse_state(bytes), parsed, "the same bytes are read in the same way");

    let (fs, context) = (hub(bytes), Path::new("/"));
    let attempt = || {
        let ended = sync(&CreateNew, &fs, context, &source(ENTRIES));
        assert_eq!(fs.stat(&lock_path(context)), Err(Errno::ENOENT), "after {ended:?}");
        ended
    };
    let first = attempt();
    match (parsed, &first) {
        (Ok(last), Ok(Outcome::Synced(synced))) => {
            assert_eq!(synced.appended, ENTRIES.saturating_sub(last));
            assert_eq!(synced.last_sequence, last.max(ENTRIES));
            let again = attempt();
            assert!(
                matches!(again, Ok(Outcome::Synced(again)) if again.appended == 0),
                "{again:?}"
            );
            let entries = content(&fs, &entries_path(context));
            assert_eq!(duplicates(&entries), 0);
            let lines = entries.iter().filter(|byte| **byte == b'\n').count();
            assert_eq!(lines as u64, synced.appended);
        }
        (Err(SyncError::CorruptState { .. } | SyncError::StateTooLarge), Err(_)) => {
            assert_eq!(attempt(), first, "an error changes nothing");
            assert_eq!(content(&fs, &state_path(context)), bytes);
            assert_eq!(fs.stat(&entries_path(context)), Err(Errno::ENOENT));
        }
        (parsed, ended) => panic!("read as {parsed:?}, and the sync ended with {ended:?}"),
    }
    // As Markdown, the same bytes are counted without a panic, and never more lines than there are.
    assert!(duplicates(bytes) <= bytes.len() as u64);
}

fn hub(state: &[u8]) -> impl Fs {
    let (fs, context) = (sim::alone(), Path::new("/"));
    fs.mkdir(&hub_path(context), Mode::DIRECTORY).expect("absent");
    let fd = fs
        .open(&state_path(context), OpenFlags::OVERWRITE, Mode::FILE)
        .expect("absent");
    assert_eq!(fs.write(fd, state), Ok(state.len()));
    fs.close(fd).expect("open");
    fs
}

fn content(fs: &dyn Fs, path: &Path) -> Vec<u8> {
    let Ok(fd) = fs.open(path, OpenFlags::READ, Mode::FILE) else {
        return Vec::new();
    };
    let length = usize::try_from(fs.fstat(fd).expect("open").size).expect("it is in memory");
    let read = Call::Read { fd, length }.perform(fs);
    fs.close(fd).expect("open");
    match read {
        Ok(Value::Bytes(bytes)) => bytes,
        other => panic!("{path:?}: {other:?}"),
    }
}
