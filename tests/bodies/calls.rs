//! Conformance: two file systems that get the same calls in the same order give the same replies and end the same.
//!
//! Knows neither file system; `steps.rs` makes the calls.

use onewinner_core::fs::Errno;
use onewinner_core::fs::call::{Call, Reply, Value};

use super::steps::Step;
use super::world::{Way, World, look, probe, ways, without_inode};

/// Performs the steps on both and compares each reply; then compares all that can be seen, before and after probing
/// the descriptors that are left open. Record locks are left out where one of them has none.
///
/// # Panics
///
/// When they differ.
pub(crate) fn agree(model: &mut impl World, subject: &mut impl World, steps: &[Step]) {
    let with_records = model.has_record_locks() && subject.has_record_locks();
    for (number, step) in steps.iter().enumerate() {
        if with_records || !matches!(step.call, Call::RecordLock { .. }) {
            compare(model, subject, number, step);
        }
    }
    assert_eq!(look(model), look(subject), "model and subject, at the end");
    let (model, subject) = (probe(model, with_records), probe(subject, with_records));
    assert_eq!(model, subject, "model and subject, probed at the end");
}

fn compare(model: &mut impl World, subject: &mut impl World, number: usize, step: &Step) {
    let expected = model.perform(step.process, &step.call);
    let found = subject.perform(step.process, &step.call);
    assert_eq!(
        comparable(&step.call, expected.clone()),
        comparable(&step.call, found.clone()),
        "model and subject, step {number}: {step:?}"
    );
    if let (Ok(Value::Stat(expected)), Ok(Value::Stat(found))) = (expected, found) {
        let (expected, found) = (ways_to(model, expected.inode()), ways_to(subject, found.inode()));
        assert_eq!(
            expected, found,
            "ways to the same inode in model and subject, step {number}: {step:?}"
        );
    }
}

/// A reply without what may differ between two right file systems.
fn comparable(call: &Call, reply: Reply) -> Reply {
    match (call, without_inode(reply)) {
        // POSIX allows either for a directory that is not empty, and file systems use both: rename(2), rmdir(2). Neither
        // call reports EEXIST for anything else.
        (Call::Rename { .. } | Call::Rmdir { .. }, Err(Errno::EEXIST)) => Err(Errno::ENOTEMPTY),
        (_, reply) => reply,
    }
}

/// All ways to the inode of that number, at this moment: what can be compared of a number between two file systems.
fn ways_to(world: &mut impl World, inode: u64) -> Vec<Way> {
    let all = ways(world).into_iter();
    all.filter(|(_, stat)| stat.inode() == inode)
        .map(|(way, _)| way)
        .collect()
}
