//! The times of files on the virtual clock: what `stat` returns of them agrees with what programs read of the clock.
//!
//! The kernel writes the times of the real clock into its inodes. Each reply is corrected:
//!
//! - Of a watched file, all times are replaced. All files that exist when an execution begins are as old as that.
//! - Of any other inode, a time before the run stays as it is: it is the same in each execution. A later one is replaced by the
//!   moment at which the contender has changed the inode itself: it has made the file, pipe or memory, written to it, or changed
//!   its attributes or names. What others change there is another matter: see `elsewhere.rs`.
//! - A file of `/proc` or `/sys`, or a device, is as old as the first look of the contender: the kernel makes such an inode when
//!   somebody looks.
//!
//! Access times are those of the creation, as on a file system that is mounted with `noatime`. Decides nothing about steps.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use super::at_call::AtCall;
use super::decode::Decoded;
use super::footprint::{Found, Touched};
use super::given_times::{Given, given, truncates};
use super::path_walk::End;
use super::virtual_time::Time;
use super::watched_tree::{Number, WatchedTree};
use crate::sys::arguments::{self, FileTimes, InodeShown};
use crate::sys::clock;
use crate::sys::syscalls::SyscallClass;
use onewinner_core::access::{Access, AccessKind, InodeId, Object};
use onewinner_core::id::ProcessId;

/// The descriptors that contenders are given: what they lead to was made by the tracer, or by its user.
const STREAMS: std::ops::RangeInclusive<i32> = 0..=2;

/// How many links `/proc` has: one for each process of the machine in truth.
const LINKS_OF_PROC: u32 = 100;

/// An inode that is not watched.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
enum Other {
    /// It has a name beside the watched directories.
    Named(InodeId),
    /// It has none, or is made by the kernel when somebody looks.
    Numbered(Number),
}

/// What is known of the times of an inode, as times of day.
#[derive(Clone, Copy, Debug, Default, Hash)]
struct Known {
    accessed: Option<Duration>,
    modified: Option<Duration>,
    changed: Option<Duration>,
    born: Option<Duration>,
    /// Whether it may be changed without a call: it is mapped.
    mapped: bool,
}

impl Known {
    fn all(time: Duration) -> Self {
        Self {
            accessed: Some(time),
            modified: Some(time),
            changed: Some(time),
            born: Some(time),
            mapped: false,
        }
    }
}

/// The times of inodes that have changed since the execution began.
pub(crate) struct Times {
    watched: BTreeMap<InodeId, Known>,
    /// Those that a contender has changed itself.
    others: BTreeMap<(ProcessId, Other), Known>,
    /// When the run began, on the clock of the kernel that gives files their times.
    run_began: Duration,
    /// The devices of `/proc` and `/sys`.
    of_kernel: BTreeSet<u64>,
    /// The directory `/proc`.
    proc: Option<Number>,
}

/// What a call changes of an inode.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Change {
    /// Its content: modification and change time.
    Content,
    /// Its attributes: the change time.
    Attributes,
    /// Its content, at any later time.
    Mapped,
}

/// What an access of a call changes; `None` if nothing that has a time.
fn change(at: &AtCall<'_>, decoded: &Decoded, access: &Access) -> Option<(InodeId, Change)> {
    let (class, stores) = (decoded.system.class, access.kind == AccessKind::Store);
    match access.object {
        Object::Content(id) if stores && class == SyscallClass::Map => Some((id, Change::Mapped)),
        Object::Entry(directory, _) if stores => Some((directory, Change::Content)),
        Object::Attributes(id) | Object::Links(id) if stores => Some((id, Change::Attributes)),
        Object::Times(id) if stores && class == SyscallClass::Attributes => Some((id, Change::Attributes)),
        // A file that is made empty again has a new time too.
        Object::Times(id) if stores => Some((id, Change::Content)),
        Object::Content(id) if stores || class == SyscallClass::Open && truncates(at, decoded) => {
            Some((id, Change::Content))
        }
        _ => None,
    }
}

impl Times {
    /// The run begins now.
    pub(crate) fn new() -> Self {
        let devices = ["/proc", "/sys"].map(|path| fs::metadata(path).map(|metadata| metadata.dev()));
        Self {
            watched: BTreeMap::new(),
            others: BTreeMap::new(),
            run_began: clock::file_time(),
            of_kernel: devices.into_iter().flatten().collect(),
            proc: fs::metadata("/proc").ok().map(|proc| (proc.dev(), proc.ino())),
        }
    }

    /// A new execution begins.
    pub(crate) fn begin(&mut self) {
        self.watched.clear();
        self.others.clear();
    }

    /// A number for what a contender can see of times that follow from its own earlier calls.
    pub(super) fn seen_by(&self, process: ProcessId) -> u64 {
        let own = self.others.iter().filter(|((by, _), _)| *by == process);
        let mut hasher = DefaultHasher::new();
        own.for_each(|seen| seen.hash(&mut hasher));
        hasher.finish()
    }

    /// Whether a call changes times of what is not watched, if it succeeds.
    pub(super) fn changes_others(
        &self,
        at: &AtCall<'_>,
        decoded: &Decoded,
        touched: &Touched,
        tree: &WatchedTree,
    ) -> bool {
        let changes = |(_, access): &(_, Access)| change(at, decoded, access).is_some();
        touched.unnamed_elsewhere
            || !touched.makes.is_empty()
            || touched.elsewhere.iter().any(changes)
            || !self.own_written(at, decoded, tree).is_empty()
    }

    /// The inodes without a name that a call writes to, among those that are known.
    fn own_written(&self, at: &AtCall<'_>, decoded: &Decoded, tree: &WatchedTree) -> Vec<Number> {
        let numbered =
            |(process, other): &(ProcessId, Other)| *process == at.process && matches!(other, Other::Numbered(_));
        if decoded.written.is_empty() || !self.others.keys().any(numbered) {
            return Vec::new();
        }
        let own = decoded
            .written
            .iter()
            .filter(|fd| matches!(tree.descriptor(at.task, **fd), End::Own));
        let numbers = own.filter_map(|fd| open_file(at.task, *fd).ok().map(|file| (file.dev(), file.ino())));
        let known = |number: &Number| self.others.contains_key(&(at.process, Other::Numbered(*number)));
        numbers.filter(known).collect()
    }

    /// A call of a task has succeeded, and new inodes are known.
    ///
    /// # Errors
    ///
    /// When the memory of the task cannot be read or written, or the times of a file are unknown.
    pub(crate) fn after(
        &mut self,
        at: &AtCall<'_>,
        decoded: &Decoded,
        touched: &Touched,
        tree: &WatchedTree,
        time: &mut Time,
    ) -> io::Result<()> {
        let class = decoded.system.class;
        for path in &touched.makes {
            let Ok(metadata) = fs::symlink_metadata(path) else {
                continue;
            };
            let is_new = matches!(class, SyscallClass::Open | SyscallClass::Make);
            let number = (metadata.dev(), metadata.ino());
            match tree.identity_of(number) {
                Some(id) => {
                    let now = time.of_day(time.reached(at.process));
                    let came = || Known::all(if id.creator.is_some() { now } else { time.oldest() });
                    let known = self.watched.entry(id).or_insert_with(came);
                    known.changed = Some(now);
                    // Otherwise it came from elsewhere, or has another name now.
                    if is_new {
                        *known = Known::all(now);
                    }
                }
                None => {
                    let now = time.of_change(at.process);
                    let known = self.other(at, Other::Named(tree.identity_elsewhere(&metadata, path)));
                    known.changed = Some(now);
                    if is_new {
                        *known = Known::all(now);
                    }
                }
            }
        }
        let given = match class {
            SyscallClass::Attributes => given(at, decoded.system.name)?,
            _ => None,
        };
        for access in touched.watched.iter().flatten() {
            if let Some((id, change)) = change(at, decoded, access) {
                let now = time.of_day(time.reached(at.process));
                let oldest = time.oldest();
                let known = self.watched.entry(id).or_insert_with(|| Known::all(oldest));
                changes(known, change, now, given.as_ref());
            }
        }
        for (_, access) in &touched.elsewhere {
            if let Some((id, change)) = change(at, decoded, access) {
                let now = time.of_change(at.process);
                changes(self.other(at, Other::Named(id)), change, now, given.as_ref());
            }
        }
        for number in self.own_written(at, decoded, tree) {
            let now = time.of_change(at.process);
            changes(self.other(at, Other::Numbered(number)), Change::Content, now, None);
        }
        Ok(())
    }

    fn other(&mut self, at: &AtCall<'_>, other: Other) -> &mut Known {
        self.others.entry((at.process, other)).or_default()
    }

    /// A task has opened these descriptors of new inodes.
    ///
    /// # Errors
    ///
    /// When they cannot be examined.
    pub(super) fn made(
        &mut self,
        at: &AtCall<'_>,
        opened: &[i32],
        tree: &WatchedTree,
        time: &mut Time,
    ) -> io::Result<()> {
        let now = time.of_change(at.process);
        for fd in opened {
            let metadata = open_file(at.task, *fd)?;
            let other = match tree.descriptor(at.task, *fd) {
                End::Object(there) => Other::Named(there.id),
                _ => Other::Numbered((metadata.dev(), metadata.ino())),
            };
            *self.other(at, other) = Known::all(now);
        }
        Ok(())
    }

    /// Corrects the times in the reply of a call that returns attributes of a file.
    ///
    /// # Errors
    ///
    /// When the memory of the task cannot be read or written, or the times are unknown.
    pub(super) fn correct(
        &mut self,
        at: &AtCall<'_>,
        name: &str,
        tree: &WatchedTree,
        time: &mut Time,
    ) -> io::Result<()> {
        let Some(mut reply) = arguments::InodeReply::of(at.memory, &at.entry, name)? else {
            return Ok(());
        };
        let shown = reply.shown();
        let correct = match tree.identity_of(shown.number) {
            Some(id) => {
                let oldest = time.oldest();
                let known = self.watched.entry(id).or_insert_with(|| Known::all(oldest));
                filled(*known, &shown.times)
            }
            None => self.of_another(at, &shown, reply.descriptor(), tree, time)?,
        };
        if correct != shown.times {
            reply.set_times(&correct);
        }
        // It counts the processes of the machine.
        let is_proc = self.proc == Some(shown.number);
        if is_proc {
            reply.set_links(LINKS_OF_PROC);
        }
        if is_proc || correct != shown.times {
            reply.write(at.memory)?;
        }
        Ok(())
    }

    /// Whether the attributes of what a call finds are returned as the kernel has them.
    pub(super) fn leaves(&self, process: ProcessId, finds: Found, tree: &WatchedTree) -> bool {
        match finds {
            Found::Unknown => false,
            Found::Nothing => true,
            Found::Inode(number, newest) => {
                let is_its_own = |other| self.others.contains_key(&(process, other));
                let named = tree.known_elsewhere(number).map(Other::Named);
                WatchedTree::has_device(number)
                    && tree.identity_of(number).is_none()
                    && newest < self.run_began
                    && !self.of_kernel.contains(&number.0)
                    && !named.is_some_and(is_its_own)
                    && !is_its_own(Other::Numbered(number))
            }
        }
    }

    /// The times of an inode that is not watched; `descriptor` through which it was asked for, if not by a path.
    fn of_another(
        &mut self,
        at: &AtCall<'_>,
        shown: &InodeShown,
        descriptor: Option<i32>,
        tree: &WatchedTree,
        time: &mut Time,
    ) -> io::Result<FileTimes> {
        let named = tree.known_elsewhere(shown.number).map(Other::Named);
        let keys = named.into_iter().chain([Other::Numbered(shown.number)]);
        let known = keys
            .filter_map(|other| self.others.get(&(at.process, other)))
            .next()
            .copied();
        let run_began = self.run_began;
        let is_late = |time: Duration| time >= run_began;
        let FileTimes {
            accessed,
            modified,
            changed,
            born,
        } = shown.times;
        let any_is_late = [accessed, modified, changed, born].into_iter().any(is_late);
        // The kernel forgets such an inode when it likes, so that it may be older than the run, or not.
        let is_made_by_a_look = self.of_kernel.contains(&shown.number.0);
        if known.is_none() && !any_is_late && !is_made_by_a_look {
            return Ok(shown.times);
        }
        let of_kernel = is_made_by_a_look || !shown.is_stored;
        let is_stream = descriptor.is_some_and(|fd| STREAMS.contains(&fd));
        let known = match known {
            Some(known) if known.mapped => {
                return Err(io::Error::other(
                    "the file is mapped, so that it changes without a call",
                ));
            }
            Some(known) => {
                time.asks_for_changes(at.process);
                known
            }
            None if of_kernel && !is_stream => {
                time.asks_for_changes(at.process);
                let now = time.of_change(at.process);
                *self.other(at, Other::Numbered(shown.number)) = Known::all(now);
                Known::all(now)
            }
            None => Known::default(),
        };
        // Something outside of the contender has changed it: it is as old as the execution, or as its content.
        let before = if is_late(modified) { time.oldest() } else { modified };
        let earlier = |time: Duration| if is_late(time) { before } else { time };
        let times = FileTimes {
            accessed: earlier(accessed),
            modified: earlier(modified),
            changed: earlier(changed),
            born: earlier(born),
        };
        Ok(filled(known, &times))
    }
}

/// These times, where nothing else is known.
fn filled(known: Known, times: &FileTimes) -> FileTimes {
    FileTimes {
        accessed: known.accessed.unwrap_or(times.accessed),
        modified: known.modified.unwrap_or(times.modified),
        changed: known.changed.unwrap_or(times.changed),
        born: known.born.unwrap_or(times.born),
    }
}

fn changes(known: &mut Known, change: Change, now: Duration, given: Option<&[Given; 2]>) {
    known.changed = Some(now);
    match change {
        Change::Content => known.modified = Some(now),
        Change::Mapped => known.mapped = true,
        Change::Attributes => {}
    }
    if let Some([accessed, modified]) = given {
        accessed.sets(&mut known.accessed, now);
        modified.sets(&mut known.modified, now);
    }
}

fn open_file(task: i32, fd: i32) -> io::Result<Metadata> {
    fs::metadata(
        Path::new("/proc")
            .join(task.to_string())
            .join("fd")
            .join(fd.to_string()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    const P0: ProcessId = ProcessId(0);
    const P1: ProcessId = ProcessId(1);

    #[test]
    fn only_what_is_older_than_the_run_and_nobody_watches_is_returned_as_it_is() {
        let directory = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(directory.path()).unwrap();
        let mut tree = WatchedTree::new(Vec::new());
        tree.begin(std::slice::from_ref(&root)).unwrap();
        let mut times = Times::new();
        let old = times.run_began.checked_sub(Duration::from_secs(1)).unwrap();
        let number = |path: &Path| fs::metadata(path).map(|there| (there.dev(), there.ino())).unwrap();
        let elsewhere = (number(Path::new("/")).0, 7);
        assert!(times.leaves(P0, Found::Nothing, &tree));
        assert!(times.leaves(P0, Found::Inode(elsewhere, old), &tree));
        for found in [
            Found::Unknown,
            Found::Inode(elsewhere, times.run_began),
            Found::Inode(number(Path::new("/proc/self/stat")), old),
            Found::Inode(tree.inode(&fs::metadata(&root).unwrap(), &root).number, old),
            Found::Inode((0, 7), old),
        ] {
            assert!(!times.leaves(P0, found, &tree), "{found:?}");
        }
        times.others.insert((P0, Other::Numbered(elsewhere)), Known::default());
        assert!(!times.leaves(P0, Found::Inode(elsewhere, old), &tree));
        assert!(times.leaves(P1, Found::Inode(elsewhere, old), &tree));
    }
}
