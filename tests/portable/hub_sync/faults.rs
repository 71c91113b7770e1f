//! The sync while calls fail, are cut short or interrupted: the lock is free afterwards, or the failed release is
//! reported.

use std::cell::Cell;

use onewinner_core::fs::call::{ByCall, Call, Reply, Value};
use onewinner_core::fs::inject::{Injection, injected};
use onewinner_core::fs::{Errno, Fs};
use onewinner_core::id::ProcessId;
use onewinner_core::primitive::CreateNew;
use onewinner_core::workload::hub_sync::{DEFAULT_ENTRIES, SyncError, parse_state, source, state_path, sync};

use super::fixture::{Hub, context, synced};

/// More calls than any sync here makes.
const BEYOND: u32 = 20;

#[test]
fn whichever_call_fails_the_lock_is_free_or_the_failed_release_is_reported() {
    let errors = [Errno::EIO, Errno::ENOSPC, Errno::EMFILE, Errno::EACCES, Errno::EINTR];
    for state in [None, Some(&br#"{"last_sequence": 1}"#[..]), Some(b"corrupt")] {
        let mut failed_releases = 0;
        for (errno, call) in errors.iter().flat_map(|errno| (0..BEYOND).map(|call| (*errno, call))) {
            let hub = state.map_or_else(Hub::new, Hub::with_state);
            let process = hub.process(0);
            let fs = injected(&process, Injection { call, errno }, |_| {});
            let ended = sync(&CreateNew, &fs, context(), &source(DEFAULT_ENTRIES));
            let case = format!("{errno} in call {call} with state {state:?}: {ended:?}");
            let release = match &ended {
                Err(SyncError::Release(release)) if state != Some(b"corrupt") => Some(release),
                Err(SyncError::WorkAndRelease { release, .. }) if state == Some(b"corrupt") => Some(release),
                _ => None,
            };
            failed_releases += usize::from(release.is_some());
            assert_eq!(hub.locked(), release.is_some(), "{case}");
            assert!(release.is_none_or(|release| release.errno == errno), "{case}");
            assert_eq!(hub.0.borrow().open_descriptors(ProcessId(0)), 0, "{case}");
        }
        assert_eq!(failed_releases, errors.len(), "one release for each error");
    }
}

#[test]
fn short_writes_and_short_reads_are_carried_on() {
    let hub = Hub::with_state(br#"{"last_sequence": 1}"#);
    let process = hub.process(0);
    let fs = ByCall::new(process.process(), |call: Call| -> Reply {
        match call {
            Call::Write { fd, bytes } => Call::Write {
                fd,
                bytes: bytes[..bytes.len().min(3)].to_owned(),
            },
            Call::Read { fd, .. } => Call::Read { fd, length: 3 },
            other => other,
        }
        .perform(&process)
    });
    assert_eq!(sync(&CreateNew, &fs, context(), &source(2)), Ok(synced(1, 2)));
    assert_eq!(hub.entries(), b"- 2: entry 2\n");
    assert_eq!(parse_state(&hub.content(&state_path(context())).unwrap()), Ok(2));
}

#[test]
fn a_signal_now_and_then_is_survived_and_one_without_end_is_an_error() {
    for (in_a_row, survived) in [(7, true), (8, false)] {
        let (hub, interrupted) = (Hub::new(), Cell::new(0));
        let process = hub.process(0);
        let fs = ByCall::new(process.process(), |call: Call| -> Reply {
            if call.name() == "write" && interrupted.get() < in_a_row {
                interrupted.set(interrupted.get() + 1);
                return Err(Errno::EINTR);
            }
            interrupted.set(0);
            call.perform(&process)
        });
        let ended = sync(&CreateNew, &fs, context(), &source(2));
        assert_eq!(ended.is_ok(), survived, "{ended:?}");
        assert!(!hub.locked());
    }
}

#[test]
fn a_write_that_takes_nothing_is_an_error_and_no_endless_loop() {
    let hub = Hub::new();
    let process = hub.process(0);
    let fs = ByCall::new(process.process(), |call: Call| match call {
        Call::Write { .. } => Ok(Value::Count(0)),
        other => other.perform(&process),
    });
    let ended = sync(&CreateNew, &fs, context(), &source(2));
    assert!(matches!(ended, Err(SyncError::Call(call)) if call.errno == Errno::ENOSPC));
    assert!(!hub.locked());
}
