//! The hub sync against the simulated file system: its lock, its calls, and what two holders do.
//!
//! Nothing is scheduled here: where two processes meet, the second runs whole inside a call of the first.

mod faults;
mod fixture;
mod states;

use std::cell::{Cell, RefCell};
use std::path::Path;

use onewinner_core::fs::call::Call;
use onewinner_core::primitive::{self, AcquireError, CrashClass, CreateNew, LockPrimitive, StatThenWrite};
use onewinner_core::workload::hub_sync::{DEFAULT_ENTRIES, Entry, Outcome, duplicates, lock_path, source, sync, work};

use fixture::{Hub, context, synced, watched};

fn calls_of_a_sync(hub: &Hub) -> Vec<String> {
    let calls = RefCell::new(Vec::new());
    let process = hub.process(0);
    let fs = watched(&process, |call| calls.borrow_mut().push(call.name().to_owned()));
    sync(&CreateNew, &fs, context(), &source(DEFAULT_ENTRIES)).expect("the lock is free");
    drop(fs);
    calls.into_inner()
}

#[test]
fn the_lock_lives_in_the_hub_directory_of_the_context() {
    assert_eq!(lock_path(Path::new(".context")), Path::new(".context/hub/.sync.lock"));
    let (hub, first) = (Hub::new(), RefCell::new(None));
    let process = hub.process(0);
    let fs = watched(&process, |call| {
        first.borrow_mut().get_or_insert_with(|| call.clone());
    });
    sync(&CreateNew, &fs, context(), &source(1)).unwrap();
    let first = first.borrow();
    let lock = first.as_ref().unwrap().paths().next().unwrap();
    assert_eq!(lock, Path::new("/.context/hub/.sync.lock"));
}

#[test]
fn a_second_sync_appends_nothing_and_writes_nothing() {
    let hub = Hub::new();
    let lock = ["open", "close"];
    let write = ["open", "write", "close"];
    let first = [&lock[..], &["open"], &write, &write, &["unlink"]].concat();
    assert_eq!(calls_of_a_sync(&hub), first);
    let entries = hub.entries();
    let second = [&lock[..], &["open", "read", "read", "close"], &["unlink"]].concat();
    assert_eq!(calls_of_a_sync(&hub), second);
    assert_eq!(hub.entries(), entries);
    assert_eq!(duplicates(&entries), 0);
}

#[test]
fn a_held_lock_is_busy_and_nothing_is_touched() {
    let hub = Hub::new();
    let held = CreateNew.try_acquire(&hub.process(1), &lock_path(context())).unwrap();
    assert_eq!(hub.sync(), Ok(Outcome::Busy));
    assert!(hub.locked());
    assert_eq!(hub.entries(), b"");
    CreateNew.release(&hub.process(1), &lock_path(context()), held).unwrap();
    assert_eq!(hub.sync(), Ok(synced(2, 2)));
}

/// Both processes try to acquire, the second between the first two calls of the first.
fn acquired_together(hub: &Hub, primitive: &dyn LockPrimitive) -> [bool; 2] {
    let (lock, made, second) = (lock_path(context()), Cell::new(0), Cell::new(None));
    let (one, other) = (hub.process(0), hub.process(1));
    let fs = watched(&one, |_| {
        if made.replace(made.get() + 1) == 1 {
            second.set(Some(primitive.try_acquire(&other, &lock)));
        }
    });
    let first = primitive.try_acquire(&fs, &lock);
    [first, second.take().expect("an attempt makes two calls or more")].map(|attempt| match attempt {
        Ok(_) => true,
        Err(AcquireError::Busy) => false,
        Err(error) => panic!("{error}"),
    })
}

#[test]
fn two_that_pass_the_stat_together_write_the_same_entries() {
    let hub = Hub::new();
    assert_eq!(acquired_together(&hub, &CreateNew), [true, false]);

    let hub = Hub::new();
    assert_eq!(acquired_together(&hub, &StatThenWrite), [true, true]);
    let (one, other, entries) = (hub.process(0), hub.process(1), source(DEFAULT_ENTRIES));
    let appending = |call: &Call| matches!(call, Call::Open { flags, .. } if flags.append);
    let fs = watched(&one, |call| {
        if appending(call) {
            work(&other, context(), &entries).unwrap();
        }
    });
    work(&fs, context(), &entries).unwrap();
    assert_eq!(duplicates(&hub.entries()), DEFAULT_ENTRIES);
}

#[test]
fn superfluous_lines_are_counted_and_other_bytes_are_no_entries() {
    for (markdown, expected) in [
        (&b""[..], 0),
        (b"- 1: a\n- 2: b\n", 0),
        (b"- 1: a\n- 1: a", 1),
        (b"- 1: a\n- 2: b\n- 1: other text\n- 1: a\n", 2),
        (b"# Entries\n\n\n# Entries\n- x: a\n- x: a\n- 1\n- 1\n", 0),
        (b"- +1: a\n- +1: a\n- : a\n- : a\n", 0),
        (b"- 99999999999999999999: a\n- 99999999999999999999: a\n", 0),
        (b"\xff\n\xff\n- \xff: a\n- 1: \xff\0\n- 1: \xfe\n", 1),
    ] {
        assert_eq!(duplicates(markdown), expected, "{}", String::from_utf8_lossy(markdown));
    }
}

#[test]
fn an_entry_is_one_line_whatever_it_says() {
    let hub = Hub::new();
    let entries = [Entry {
        sequence: 3,
        text: "one\n- 3: two\r\n".to_owned(),
    }];
    let ended = sync(&CreateNew, &hub.process(0), context(), &entries);
    assert_eq!(ended, Ok(synced(1, 3)));
    assert_eq!(hub.entries(), b"- 3: one - 3: two  \n");
}

#[test]
fn every_primitive_can_guard_the_sync() {
    for primitive in primitive::ALL {
        let hub = Hub::new();
        for appended in [2, 0] {
            let ended = sync(*primitive, &hub.process(0), context(), &source(2));
            assert_eq!(ended, Ok(synced(appended, 2)), "{}", primitive.name());
            // The file of a lock of the kernel's stays.
            assert!(primitive.crash_class() != CrashClass::Manual || !hub.locked());
        }
    }
}
