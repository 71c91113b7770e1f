//! Commutation: two next calls of two processes whose footprints do not conflict may change places.
//!
//! The schedule search assumes this of `access.rs`. Does not depend on single calls, and checks no calls that conflict: a
//! footprint may be wider than it must be.

use onewinner_core::access::{Access, Accesses};
use onewinner_core::fs::call::{Call, Reply};
use onewinner_core::fs::sim::State;

use super::steps::{Step, WIDTH};
use super::world::{Simulated, World, probe, without_inode};

/// How two calls came out, with what the one and the other left behind.
type Outcome = ([Reply; 2], [Accesses; 2]);

/// How two calls of two processes stand to each other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    /// Their order may matter.
    Conflict,
    /// They commute, because they touch nothing in common.
    Apart,
    /// They commute, and both load something.
    Shared,
}

/// The step that the bytes are, which the child of its process makes now and then; or a fork. In the simulation alone.
pub(crate) fn in_family(bytes: [u8; WIDTH]) -> Step {
    let Step { process, call } = Step::from(bytes);
    let call = match bytes[0] / 6 % 8 {
        0..5 => call,
        5 | 6 => Call::InChild { made: Box::new(call) },
        _ => Call::Fork,
    };
    Step { process, call }
}

/// The pairs of calls of two processes.
pub(crate) fn pairs(next: &[Step]) -> impl Iterator<Item = (&Step, &Step)> {
    next.iter()
        .enumerate()
        .flat_map(|(position, one)| next[position + 1..].iter().map(move |other| (one, other)))
        .filter(|(one, other)| one.process != other.process)
}

/// Performs the two calls in either order on the simulated state.
///
/// Three readings of "do not conflict" must each suffice: the two footprints of one order, of the other order, and of each
/// call when it comes first. The search uses the first two.
///
/// # Panics
///
/// When one of them does not conflict and still the order made a difference.
pub(crate) fn swap(state: &State, one: &Step, other: &Step) -> Relation {
    let (mut forth, mut back) = (state.clone(), state.clone());
    let (replies, footprints) = both(&mut forth, one, other);
    let (mut swapped_replies, mut swapped) = both(&mut back, other, one);
    swapped_replies.reverse();
    swapped.reverse();

    let independent = !footprints[0].conflict(&footprints[1])
        || !swapped[0].conflict(&swapped[1])
        || !footprints[0].conflict(&swapped[1]);
    if !independent {
        return Relation::Conflict;
    }
    let case = format!("{one:?} and {other:?}, footprints {footprints:?} and {swapped:?}");
    assert_eq!(replies, swapped_replies, "replies in either order of {case}");
    assert_eq!(footprints, swapped, "footprints in either order of {case}");
    // Inodes are named by who created them, so their names hold in both orders; the sights below would hide another name.
    assert_eq!(
        forth.tree(),
        back.tree(),
        "names and inodes after either order of {case}"
    );
    assert_eq!(
        probe(&mut Simulated(forth), true),
        probe(&mut Simulated(back), true),
        "what is left by either order of {case}"
    );
    let [one, other] = &footprints;
    let common = |mine: &Access| other.iter().any(|theirs| mine.object.overlaps(&theirs.object));
    if one.iter().any(common) {
        Relation::Shared
    } else {
        Relation::Apart
    }
}

/// Performs two calls, which were found to commute, in either order on two file systems in the same state.
///
/// # Panics
///
/// When the order made a difference.
pub(crate) fn swap_on(forth: &mut impl World, back: &mut impl World, one: &Step, other: &Step) {
    let with_records = forth.has_record_locks() && back.has_record_locks();
    let first = forth.perform(one.process, &one.call);
    let second = forth.perform(other.process, &other.call);
    let early = back.perform(other.process, &other.call);
    let late = back.perform(one.process, &one.call);
    assert_eq!(
        [first, second].map(without_inode),
        [late, early].map(without_inode),
        "replies in either order of {one:?} and {other:?}"
    );
    assert_eq!(
        probe(forth, with_records),
        probe(back, with_records),
        "what is left by either order of {one:?} and {other:?}"
    );
}

fn both(state: &mut State, one: &Step, other: &Step) -> Outcome {
    let (first, early) = state.step(one.process, &one.call);
    let (second, late) = state.step(other.process, &other.call);
    ([first, second], [early, late])
}
