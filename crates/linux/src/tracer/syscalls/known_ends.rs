//! How contenders have ended before, so that what a runtime does between its last call and its end is not run again and again.
//!
//! An interpreter frees all its objects before it ends. In a copy of a large process that is most of the time of an execution,
//! and it makes no call that stops. So a contender that ended without another stop is ended there the next time, by the call
//! with which it ended: but only if it is the same contender, at the same place. It is, if it was forked from the same snapshot,
//! has had no other task, has received no signal, and each call since has returned the same. Calls that pass without a stop,
//! and those that are harmless, return what no other contender changes. So a history has the numbers of all calls that
//! stopped, and the results of those that depend on others: steps, the clock, contents that the tracer makes. What a contender
//! reads on its standard input follows from its history too, as long as the scenario has the same rounds. A call whose
//! results are not known completely makes the history unknown, and that contender runs to its end.
//!
//! An interpreter may read the clock while it frees its objects. Nobody else moves the clock meanwhile, so these readings
//! follow from the clock at its last other call. They count as if they had been made. Makes no call.

use std::collections::BTreeMap;
use std::hash::{DefaultHasher, Hash, Hasher};

use super::at_call::{AtCall, Decision};
use super::decode::Decoded;
use super::virtual_time::Time;
use super::watched_tree::{Number, WatchedTree};
use crate::sys::arguments::{self, STAT_BYTES, STATX_BYTES};
use crate::sys::syscalls::{self, SyscallClass};
use crate::sys::trace::Entry;
use crate::sys::waits::RECORD_BYTES;
use crate::sys::{descriptors, filter};
use onewinner_core::id::ProcessId;

/// The most ends that are kept: where each history is new, none of them comes again.
const MOST_ENDS: usize = 50_000;

/// The most bytes of one result that are kept.
const MOST_BYTES: usize = 1 << 20;

/// A history as a number. Two halves make it unlikely enough that two histories have the same one.
type Digest = [u64; 2];

/// How a contender has ended.
#[derive(Clone, Debug)]
pub(super) struct End {
    /// Its readings of the clock before.
    readings: Vec<Entry>,
    /// The call with which it has ended.
    pub(super) call: Entry,
}

/// What a contender does after its last harmless call.
#[derive(Clone, Debug)]
struct Tail {
    /// Its history up to there, and the clock.
    digest: Digest,
    readings: Vec<Entry>,
}

/// What a contender has received since it was forked from its snapshot.
#[derive(Clone, Debug)]
struct Inputs {
    /// Its only task.
    task: i32,
    digest: Digest,
    /// After a harmless call: what it has done since, if it has only read the clock.
    tail: Option<Tail>,
    /// The inode numbers that it has seen: it may compare them.
    numbers: Vec<Number>,
}

/// The ends that were seen, and the histories of this execution.
#[derive(Clone, Debug, Default)]
pub(super) struct KnownEnds {
    /// How a contender of this history has ended, in this search or one that was alike.
    seen: BTreeMap<Digest, End>,
    /// The contenders whose history is known.
    inputs: BTreeMap<ProcessId, Inputs>,
}

impl KnownEnds {
    /// A new execution begins.
    pub(super) fn begin(&mut self) {
        self.inputs.clear();
    }

    /// Contenders will read something else on their standard input.
    pub(super) fn forget(&mut self) {
        self.seen.clear();
    }

    /// A contender is a copy of the snapshot with this serial number.
    pub(super) fn copied(&mut self, process: ProcessId, task: i32, serial: u64) {
        let inputs = Inputs {
            task,
            digest: digest(&serial),
            tail: None,
            numbers: Vec::new(),
        };
        self.inputs.insert(process, inputs);
    }

    /// A task of a contender has done what is not in its inputs.
    pub(super) fn lose_task(&mut self, task: i32) {
        self.inputs.retain(|_, inputs| inputs.task != task);
    }

    /// What the contender does next does not follow from its inputs.
    pub(super) fn lose(&mut self, process: ProcessId) {
        self.inputs.remove(&process);
    }

    /// A task has come to a call, and this was decided. Returns how the contender ends after this call, if it has ended so before.
    pub(super) fn reaches(&mut self, at: &AtCall<'_>, decision: &Decision, time: &Time) -> Option<End> {
        let inputs = self.inputs.get_mut(&at.process)?;
        let tail = inputs.tail.take();
        let class = syscalls::of(at.entry.number).map(|system| system.class);
        let is_known = match decision {
            _ if inputs.task != at.task => false,
            Decision::Exits if class == Some(SyscallClass::Exit) => {
                if let Some(Tail { digest, readings }) = tail {
                    let call = at.entry;
                    if self.seen.len() >= MOST_ENDS {
                        self.seen.clear();
                    }
                    self.seen.entry(digest).or_insert(End { readings, call });
                }
                return None;
            }
            Decision::Harmless => class.is_some_and(returns_the_same),
            Decision::Controlled | Decision::Sleeps(_) => true,
            // What it makes or changes has times that follow from its history and the clock.
            Decision::Examined => class.is_some_and(|class| {
                returns_the_same(class) || matches!(class, SyscallClass::Machine | SyscallClass::Control)
            }),
            Decision::Answered(_) => class != Some(SyscallClass::Timer),
            _ => false,
        };
        if !is_known {
            self.lose(at.process);
            return None;
        }
        inputs.receives(&at.entry.number);
        match decision {
            Decision::Answered(returned) => {
                inputs.receives(&(returned, time.reached(at.process), time.spun(at.process)));
                let is_reading = filter::reads_time(at.entry.number);
                inputs.tail = tail.filter(|_| is_reading).map(|mut tail| {
                    tail.readings.push(at.entry);
                    tail
                });
            }
            Decision::Examined => inputs.receives(&(time.reached(at.process), time.shows(at.process))),
            Decision::Harmless => {
                // Times of files may be those of the clock.
                if matches!(class, Some(SyscallClass::Stat | SyscallClass::Lstat)) {
                    inputs.receives(&time.shows(at.process));
                }
                let digest = digest(&(inputs.digest, time.shows(at.process), time.spun(at.process)));
                let readings = Vec::new();
                inputs.tail = Some(Tail { digest, readings });
                return self.seen.get(&digest).cloned();
            }
            _ => {}
        }
        None
    }

    /// A contender has received this by something else than a call.
    pub(super) fn receives(&mut self, process: ProcessId, what: impl Hash) {
        if let Some(inputs) = self.inputs.get_mut(&process) {
            inputs.receives(&what);
        }
    }

    /// A step was made, and returned this.
    pub(super) fn made(&mut self, at: &AtCall<'_>, decoded: &Decoded, returned: i64, tree: &WatchedTree) {
        let Some(inputs) = self.inputs.get_mut(&at.process) else {
            return;
        };
        inputs.receives(&returned);
        if returned < 0 {
            return;
        }
        match result(at, decoded, returned) {
            Some(MemoryResult::Nothing) => {}
            Some(MemoryResult::Bytes(bytes)) => inputs.receives(&bytes),
            Some(MemoryResult::Attributes(bytes, number)) => {
                inputs.receives(&(bytes, tree.identity_of(number)));
                inputs.sees(number);
            }
            None => self.lose(at.process),
        }
    }
}

impl End {
    /// The contender has read the clock as often as it did then.
    pub(super) fn reads_clock(&self, at: &AtCall<'_>, time: &mut Time) {
        for reading in &self.readings {
            let mut entry = *reading;
            let Some(call) = filter::time_call(entry.number) else {
                continue;
            };
            // Without an address nothing is written to the memory of the task.
            let place = if call == filter::TimeCall::Clock { 1 } else { 0 };
            entry.arguments[place] = 0;
            let at = AtCall { entry, ..*at };
            let _without_memory = time.tell(&at, call);
        }
    }
}

impl Inputs {
    fn receives(&mut self, what: &impl Hash) {
        self.digest = digest(&(self.digest, what));
    }

    /// It sees the number of an inode, which differs between executions. What it can find out is whether it has seen it before.
    fn sees(&mut self, number: Number) {
        let place = self.numbers.iter().position(|seen| *seen == number);
        if place.is_none() {
            self.numbers.push(number);
        }
        self.receives(&place);
    }
}

fn digest(what: &impl Hash) -> Digest {
    [0_u8, 1].map(|half| {
        let mut hasher = DefaultHasher::new();
        half.hash(&mut hasher);
        what.hash(&mut hasher);
        hasher.finish()
    })
}

/// Whether a harmless call returns the same whenever a contender with this history makes it.
fn returns_the_same(class: SyscallClass) -> bool {
    use SyscallClass::{
        Close, Fcntl, Itself, List, LookUp, Lstat, Map, Open, Read, ReadLink, Seek, Stat, Watch, Write,
    };
    matches!(
        class,
        Open | Stat | Lstat | LookUp | ReadLink | Read | Write | Seek | List | Close | Fcntl | Map | Itself | Watch
    ) || matches!(
        class,
        SyscallClass::Sync | SyscallClass::WorkingDirectory | SyscallClass::Other
    )
}

/// What a call has written to the memory of its task.
enum MemoryResult {
    Nothing,
    Bytes(Vec<u8>),
    /// The attributes of an inode, without its number.
    Attributes(Vec<u8>, Number),
}

/// What a step has written to memory; `None` where that is not known.
fn result(at: &AtCall<'_>, decoded: &Decoded, returned: i64) -> Option<MemoryResult> {
    use SyscallClass as Class;
    let arguments = at.entry.arguments;
    let bytes = |place: u64, length: usize| {
        let mut bytes = vec![0; length];
        let read = at.memory.read(place, &mut bytes).ok()?;
        (read == length && length <= MOST_BYTES).then_some(MemoryResult::Bytes(bytes))
    };
    let count = usize::try_from(returned).ok().filter(|count| *count <= MOST_BYTES);
    match (decoded.system.class, decoded.system.name) {
        (Class::Read, "read" | "pread64") | (Class::List, _) | (Class::ReadLink, "readlink") => {
            bytes(arguments[1], count?)
        }
        (Class::ReadLink, "readlinkat") => bytes(arguments[2], count?),
        (Class::Stat | Class::Lstat, "stat" | "lstat" | "fstat") => attributes(at, arguments[1]),
        (Class::Stat, "newfstatat") => attributes(at, arguments[2]),
        (Class::Stat, "statx") => {
            let mut bytes = [0; STATX_BYTES];
            at.memory.read(arguments[4], &mut bytes).ok()?;
            let number = arguments::statx_number(&bytes);
            arguments::hide_statx_number(&mut bytes);
            Some(MemoryResult::Attributes(bytes.to_vec(), number))
        }
        // With `O_APPEND` it writes where others have ended, and lseek(2) returns that without a stop.
        (Class::Write, _) => {
            let [fd] = decoded.written[..] else { return None };
            let offset = descriptors::offset(at.task, fd).ok()?;
            Some(MemoryResult::Bytes(offset.to_ne_bytes().to_vec()))
        }
        // The lock of another one, if it was asked about.
        (Class::Fcntl, _) => bytes(arguments[2], RECORD_BYTES),
        (Class::LookUp, "faccessat" | "faccessat2" | "access" | "chdir")
        | (
            Class::Open
            | Class::Truncate
            | Class::Seek
            | Class::Link
            | Class::Rename
            | Class::Unlink
            | Class::RemoveDirectory
            | Class::Make
            | Class::Attributes
            | Class::Sync
            | Class::Flock
            | Class::Close
            | Class::Kill,
            _,
        ) => Some(MemoryResult::Nothing),
        _ => None,
    }
}

/// `struct stat` in the memory of a task.
fn attributes(at: &AtCall<'_>, place: u64) -> Option<MemoryResult> {
    let mut bytes = [0; STAT_BYTES];
    at.memory.read(place, &mut bytes).ok()?;
    let number = arguments::stat_number(&bytes);
    arguments::hide_stat_number(&mut bytes);
    Some(MemoryResult::Attributes(bytes.to_vec(), number))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::sys::trace::Memory;

    const P0: ProcessId = ProcessId(0);

    fn memory() -> Memory {
        Memory::of(std::process::id().cast_signed()).unwrap()
    }

    fn number(name: &str) -> u64 {
        let named = |number: &u64| syscalls::of(*number).is_some_and(|system| system.name == name);
        (0..1_000).find(named).expect("a call that stops")
    }

    fn at<'a>(memory: &'a Memory, name: &str) -> AtCall<'a> {
        let mut at = AtCall::of_this_process(memory, [0; 6]);
        at.entry.number = number(name);
        at
    }

    /// What is known of the end after a history: a step that returns this, a write, and a reading of the clock.
    fn end(known: &mut KnownEnds, time: &mut Time, returned: i64, exits: bool) -> Option<End> {
        let memory = memory();
        let write = at(&memory, "write");
        known.begin();
        known.copied(P0, write.task, 1);
        known.reaches(&at(&memory, "flock"), &Decision::Controlled, time);
        known.receives(P0, returned);
        let end = known.reaches(&write, &Decision::Harmless, time);
        if exits {
            time.read(&write);
            let mut reading = at(&memory, "write");
            reading.entry.number = (0..1_000).find(|number| filter::time_call(*number).is_some()).unwrap();
            known.reaches(&reading, &Decision::Answered(0), time);
            known.reaches(&at(&memory, "exit_group"), &Decision::Exits, time);
        }
        end
    }

    #[test]
    fn a_contender_ends_as_it_did_only_after_the_same_results() {
        let mut known = KnownEnds::default();
        let mut time = Time::new();
        assert!(end(&mut known, &mut time, 1, true).is_none());
        time.begin();
        let known_end = end(&mut known, &mut time, 1, false).expect("it ended so");
        assert_eq!(known_end.call.number, number("exit_group"));
        assert_eq!(known_end.readings.len(), 1);
        assert!(end(&mut known, &mut time, 2, false).is_none());
        time.move_to(P0, std::time::Duration::from_secs(1));
        assert!(end(&mut known, &mut time, 1, false).is_none(), "the clock shows more");
        time.begin();
        known.forget();
        assert!(end(&mut known, &mut time, 1, false).is_none());
    }

    #[test]
    fn what_is_not_known_completely_ends_by_itself() {
        let (memory, time) = (memory(), Time::new());
        for (name, decision) in [
            ("write", Decision::Spawns),
            ("poll", Decision::Harmless),
            ("timer_settime", Decision::Answered(0)),
            ("recvfrom", Decision::Harmless),
        ] {
            let mut known = KnownEnds::default();
            let write = at(&memory, "write");
            known.copied(P0, write.task, 1);
            known.reaches(&at(&memory, name), &decision, &time);
            known.reaches(&write, &Decision::Harmless, &time);
            known.reaches(&at(&memory, "exit_group"), &Decision::Exits, &time);
            assert!(known.seen.is_empty(), "{name}");
        }
    }

    #[test]
    fn a_number_that_was_seen_before_is_another_result_than_a_new_one() {
        let inputs = |numbers: &[Number]| {
            let mut inputs = Inputs {
                task: 1,
                digest: digest(&0),
                tail: None,
                numbers: Vec::new(),
            };
            numbers.iter().for_each(|number| inputs.sees(*number));
            inputs.digest
        };
        assert_eq!(inputs(&[(1, 5), (1, 6)]), inputs(&[(1, 7), (1, 5)]));
        assert_ne!(inputs(&[(1, 5), (1, 5)]), inputs(&[(1, 5), (1, 6)]));
    }
}
