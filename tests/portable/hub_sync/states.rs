//! The state file in every form: absent, empty, sound, corrupt, too large.

use std::cell::Cell;

use onewinner_core::primitive::CreateNew;
use onewinner_core::workload::hub_sync::{LARGEST_STATE, SyncError, parse_state, source, state_path, sync};

use super::fixture::{Hub, context, synced, watched};

#[test]
fn a_missing_or_empty_state_means_that_nothing_was_synced() {
    for hub in [Hub::new(), Hub::with_state(b"")] {
        assert_eq!(hub.sync(), Ok(synced(2, 2)));
        assert_eq!(hub.entries(), b"- 1: entry 1\n- 2: entry 2\n");
        assert_eq!(hub.content(&state_path(context())).unwrap(), br#"{"last_sequence":2}"#);
        assert!(!hub.locked());
    }
}

#[test]
fn only_entries_after_the_last_sequence_are_appended() {
    for (state, appended, last) in [
        (&br#"{"last_sequence": 0}"#[..], 2, 2),
        (br#"{"last_sequence": 1}"#, 1, 2),
        (br#"{"last_sequence": 2}"#, 0, 2),
        (br#"{"last_sequence": 18446744073709551615}"#, 0, u64::MAX),
    ] {
        assert_eq!(Hub::with_state(state).sync(), Ok(synced(appended, last)));
    }
}

#[test]
fn states_are_read_as_documented() {
    for (state, expected) in [
        ("", Some(0)),
        (r#"{"last_sequence": 7}"#, Some(7)),
        (" \n{\"last_sequence\":7}\r\n\t ", Some(7)),
        (r#"{"version": [1, {"x": null}], "last_sequence": 7}"#, Some(7)),
        (r#"{"last_sequence": 18446744073709551615}"#, Some(u64::MAX)),
        (r#"{"last_sequence": 18446744073709551616}"#, None),
        (r#"{"last_sequence": -1}"#, None),
        (r#"{"last_sequence": 1.0}"#, None),
        (r#"{"last_sequence": 1e3}"#, None),
        (r#"{"last_sequence": "7"}"#, None),
        (r#"{"last_sequence": null}"#, None),
        (r#"{"last_sequence": 7, "last_sequence": 8}"#, None),
        (r#"{"last_sequence": 7} {}"#, None),
        (r#"{"last_sequence": 7"#, None),
        ("{}", None),
        ("[7]", None),
        ("7", None),
        (" \n", None),
        ("\u{feff}{\"last_sequence\": 7}", None),
        ("\0", None),
    ] {
        match (parse_state(state.as_bytes()), expected) {
            (Ok(value), Some(expected)) => assert_eq!(value, expected, "{state}"),
            (Err(SyncError::CorruptState { .. }), None) => {}
            (other, _) => panic!("{state}: {other:?}"),
        }
    }
}

#[test]
fn after_a_corrupt_state_the_lock_is_free_and_the_next_attempt_proceeds() {
    let hub = Hub::with_state(b"{\"last_seq");
    for _ in 0..2 {
        assert!(matches!(hub.sync(), Err(SyncError::CorruptState { .. })));
        assert!(!hub.locked());
    }
    assert_eq!(hub.entries(), b"");
    hub.save(br#"{"last_sequence": 1}"#);
    assert_eq!(hub.sync(), Ok(synced(1, 2)));
}

#[test]
fn a_state_beyond_the_bound_is_refused_before_it_is_read_whole() {
    let mut state = br#"{"last_sequence": 1}"#.to_vec();
    state.resize(LARGEST_STATE, b' ');
    assert_eq!(parse_state(&state), Ok(1));
    state.resize(100 * LARGEST_STATE, b' ');
    let hub = Hub::with_state(&state);
    let reads = Cell::new(0);
    let process = hub.process(0);
    let fs = watched(&process, |call| {
        reads.set(reads.get() + u32::from(call.name() == "read"));
    });
    let failed = sync(&CreateNew, &fs, context(), &source(1));
    assert_eq!(failed, Err(SyncError::StateTooLarge));
    assert!(reads.get() < 20, "{} reads", reads.get());
    assert!(!hub.locked());
}
