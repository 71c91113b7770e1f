//! The processes that race and measure make the calls of the lock, and between these only wait.
//!
//! So neither a race nor a time holds anything that a bare loop would not.

use super::place::{Place, Tried};
use super::tree::{PAUSE, record};

/// A lock's calls: what a winner makes to get it and to give it back, and what a loser makes.
struct Calls {
    lock: &'static str,
    acquire: &'static [&'static str],
    release: &'static [&'static str],
    lost: &'static [&'static str],
}

const LOCKS: [Calls; 2] = [
    Calls {
        lock: "create-new",
        acquire: &["open L", "close"],
        release: &["unlink L"],
        lost: &["open L"],
    },
    Calls {
        lock: "flock",
        acquire: &["open L", "flock"],
        release: &["close"],
        lost: &["open L", "flock", "close"],
    },
];

/// The broken lock that is raced as a control.
const CONTROL: Calls = Calls {
    lock: "stat-then-write",
    acquire: &["stat L", "open L", "write", "close"],
    release: &["unlink L"],
    lost: &["stat L"],
};

/// What may stand between two pauses.
#[derive(Clone, Copy, PartialEq)]
enum Unit {
    /// An acquisition with its release, and nothing in between.
    Whole,
    /// An acquisition, whose release comes after a pause.
    Halves,
}

impl Calls {
    fn units(&self, unit: Unit) -> Vec<Vec<&'static str>> {
        let whole = [self.acquire, self.release].concat();
        match unit {
            Unit::Whole => vec![whole, self.lost.to_vec()],
            Unit::Halves => vec![whole, self.lost.to_vec(), self.acquire.to_vec(), self.release.to_vec()],
        }
    }
}

/// Splits the calls into units, from the first attempt to the last; returns their number, or the calls that are no unit.
///
/// A loser may make the calls of a winner up to some point, so that the longest that fits is taken, which is right because
/// whatever follows it begins anew.
fn units(calls: &[String], lock: &Calls, unit: Unit) -> Result<usize, String> {
    let is_attempt = |call: &String| call == lock.acquire[0];
    let Some(first) = calls.iter().position(is_attempt) else {
        return Ok(0);
    };
    let last = calls.iter().rposition(is_attempt).expect("there is a first");
    let units = lock.units(unit);
    let (mut at, mut found) = (first, 0);
    while at <= last {
        if calls[at] == PAUSE {
            at += 1;
            continue;
        }
        let fits = |unit: &&Vec<&str>| {
            calls[at..].len() >= unit.len() && calls[at..].iter().zip(unit.iter()).all(|(a, b)| a == b)
        };
        let Some(unit) = units.iter().filter(fits).max_by_key(|unit| unit.len()) else {
            let around = &calls[at.saturating_sub(4)..calls.len().min(at + 4)];
            return Err(format!("{:?} is no part of a lock: {around:?}", calls[at]));
        };
        at += unit.len();
        found += 1;
    }
    Ok(found)
}

/// The calls of all processes that touched a file whose name begins so, with that file as L.
fn of_lock(streams: &[Vec<String>], names: &[&str]) -> Vec<Vec<String>> {
    let named = |call: &str| -> Option<String> {
        let (deed, path) = call.split_once(' ')?;
        let file = path.rsplit('/').next()?;
        names
            .iter()
            .any(|name| file.starts_with(name))
            .then(|| format!("{deed} L"))
    };
    let touches = |calls: &&Vec<String>| calls.iter().any(|call| named(call).is_some());
    let shown = |calls: &Vec<String>| {
        calls
            .iter()
            .map(|call| named(call).unwrap_or_else(|| call.clone()))
            .collect()
    };
    streams.iter().filter(touches).map(shown).collect()
}

fn run(place: &Place, arguments: &[&str]) -> Result<Vec<Vec<String>>, String> {
    let directory = place.ways[0].to_str().expect("our paths are text");
    record(
        env!("CARGO_BIN_EXE_onewinner"),
        &[arguments, &["--seed", "1", "--dir", directory]].concat(),
    )
}

/// Looks through the processes that had a lock of this name: each makes the lock's calls and pauses, and nothing else.
fn look(lock: &Calls, unit: Unit, streams: &[Vec<String>], names: &[&str], least: usize) {
    let of_lock = of_lock(streams, names);
    let (mut found, mut strange) = (0, Vec::new());
    for calls in &of_lock {
        let first = calls.iter().find(|call| call.ends_with(" L"));
        let lock = if first.is_some_and(|first| first == CONTROL.acquire[0]) {
            &CONTROL
        } else {
            lock
        };
        match units(calls, lock, unit) {
            Ok(units) => found += units,
            Err(what) => strange.push(what),
        }
    }
    assert!(found >= least, "{names:?}: {found} of {least}: {strange:?}");
    assert_eq!(strange, Vec::<String>::new(), "{names:?}");
}

pub(crate) fn measurements_hold_the_calls_of_the_lock_alone(place: &Place) -> Tried {
    for lock in &LOCKS {
        let few = ["--quick", "--rounds", "5", "-n", "2"];
        let streams = run(place, &[&["matrix", lock.lock][..], &few].concat())?;
        // A slice of time holds at least two that warm up, and five.
        look(lock, Unit::Whole, &streams, &["alone", "uncontended-"], 2 + 5);
        // How often it is taken in a slice of time varies.
        look(lock, Unit::Whole, &streams, &["among-", "contenders-"], 0);
        look(lock, Unit::Halves, &streams, &["turn-"], 3);
        let measures = ["--measure", "uncontended,losing", "--blocks", "1", "--slice", "0.005"];
        let streams = run(place, &[&["bench", lock.lock][..], &measures].concat())?;
        look(lock, Unit::Whole, &streams, &["uncontended-"], 2 + 5);
        look(lock, Unit::Halves, &streams, &["losing-"], 1 + 2 + 5);
    }
    Ok(())
}

pub(crate) fn races_hold_the_calls_of_the_lock_alone(place: &Place) -> Tried {
    const ROUNDS: usize = 20;
    let few = ["-n", "2", "--rounds", "20", "--delays", "never"];
    for lock in &LOCKS {
        let streams = run(place, &[&["race", lock.lock][..], &few].concat())?;
        // Those of the control too, and the releases are units of their own.
        look(lock, Unit::Halves, &streams, &["lock-"], 2 * 2 * ROUNDS);
    }
    Ok(())
}

pub(crate) fn a_call_beside_those_of_the_lock_is_seen() {
    let lock = &LOCKS[0];
    let calls = |text: &str| text.split(", ").map(str::to_owned).collect::<Vec<_>>();
    for (text, unit, found) in [
        (
            "call 1, open L, close, unlink L, pause, open L, call 2",
            Unit::Whole,
            Some(2),
        ),
        ("open L, close, pause, unlink L, open L", Unit::Halves, Some(3)),
        ("open L, close, pause, unlink L, open L", Unit::Whole, None),
        ("open L, close, call 1, unlink L, open L", Unit::Whole, None),
        ("open L, call 1, close, unlink L, open L", Unit::Halves, None),
        ("open L, close, unlink L, stat /other, open L", Unit::Whole, None),
        // Removing what is left is no attempt.
        ("unlink L, unlink L", Unit::Whole, Some(0)),
        ("call 1", Unit::Whole, Some(0)),
    ] {
        let seen = units(&calls(text), lock, unit);
        assert_eq!(seen.as_ref().ok(), found.as_ref(), "{text}: {seen:?}");
    }
}
