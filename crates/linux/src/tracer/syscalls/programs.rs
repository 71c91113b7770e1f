//! The calls of programs in any language, as the kernel answers them.
//!
//! A call that touches nothing watched is made immediately. What it uses beside the watched directories is recorded: if two
//! contenders use one object and either changes it, its path is watched, and the search begins anew; where it cannot be watched,
//! the execution is lost. There is no model of the file system here, so steps cannot be replayed in another order.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::PathBuf;
use std::time::Duration;

use super::decode::Decoded;
use super::elsewhere::Elsewhere;
use super::entropy::Entropy;
use super::file_times::Times;
use super::footprint::{Around, Touched, touched};
use super::held_locks::HeldLocks;
use super::interpreter::{AtCall, Decision, Interpreter, Made, Outcome, Wait};
use super::known_ends::KnownEnds;
use super::loaders::Loaders;
use super::lock_request::{Instead, Request};
use super::machine_figures::MachineFigures;
use super::replies;
use super::sharing::Sharing;
use super::shown_files::ShownFiles;
use super::sockets::{self, Sockets};
use super::timed_waits;
use super::timers::Timers;
use super::virtual_time::Time;
use super::watched_tree::WatchedTree;
use crate::sys::private_state::NotPrivate;
use crate::sys::syscalls::SyscallClass;
use crate::sys::trace::{Auxiliary, Memory, RANDOM_BYTES};
use onewinner_core::access::{Accesses, Object};
use onewinner_core::explore::{Lost, Move, Retry};
use onewinner_core::fs::Errno;
use onewinner_core::fs::call::Call;
use onewinner_core::happens_before::Step;
use onewinner_core::id::ProcessId;

/// Understands the calls of programs.
pub(crate) struct Programs {
    pub(crate) tree: WatchedTree,
    /// Whether the file system reuses inode numbers.
    pub(crate) reuses: bool,
    pub(crate) locks: HeldLocks,
    pub(crate) sockets: Sockets,
    /// Whether a contender has opened a watched pipe with a name.
    pub(crate) pipes: bool,
    pub(crate) figures: MachineFigures,
    /// The first process of each contender.
    pub(crate) first: BTreeMap<ProcessId, i32>,
    /// The controlled calls at which tasks are stopped, by task.
    pub(crate) pending: BTreeMap<i32, Pending>,
    /// Calls that are no steps and change times, by task.
    pub(crate) changing: BTreeMap<i32, Pending>,
    pub(crate) time: Time,
    pub(crate) timers: Timers,
    pub(super) times: Times,
    pub(crate) entropy: Entropy,
    loaders: Loaders,
    /// The paths beside the watched directories that contenders have changed in this execution.
    pub(crate) changed: BTreeMap<ProcessId, BTreeSet<PathBuf>>,
    /// Contenders that have sent a signal to a task of their own.
    pub(crate) signalled: BTreeSet<ProcessId>,
    pub(super) known_ends: KnownEnds,
    pub(super) shown_files: ShownFiles,
    /// Whether contenders are forked from snapshots.
    copied: bool,
    /// The files that copies share as open file descriptions, by device and inode.
    pub(super) shared_by_copies: BTreeSet<(u64, u64)>,
    /// Why contenders are not forked from snapshots.
    pub(super) why_not_copied: Option<NotPrivate>,
    /// The use of what is beside the watched directories, in any execution.
    pub(crate) elsewhere: Elsewhere,
    /// What of that is watched.
    pub(crate) sharing: Sharing,
}

/// A controlled call at which a task is stopped.
pub(crate) struct Pending {
    pub(crate) decoded: Decoded,
    pub(crate) touched: Touched,
    /// The record lock that it waits for.
    pub(crate) request: Option<Request>,
    /// What becomes of it if it would have to wait.
    pub(crate) instead: Instead,
}

impl Programs {
    /// `reuses` if the file system reuses inode numbers.
    pub(crate) fn new(reuses: bool, sharing: Sharing) -> Self {
        Self {
            tree: WatchedTree::new(sharing.shared.iter().cloned().collect()),
            reuses,
            locks: HeldLocks::default(),
            sockets: Sockets::default(),
            pipes: false,
            figures: MachineFigures::now(),
            first: BTreeMap::new(),
            pending: BTreeMap::new(),
            changing: BTreeMap::new(),
            time: Time::new(),
            timers: Timers::default(),
            times: Times::new(),
            entropy: Entropy::default(),
            loaders: Loaders::default(),
            changed: BTreeMap::new(),
            signalled: BTreeSet::new(),
            known_ends: KnownEnds::default(),
            shown_files: ShownFiles::default(),
            copied: false,
            shared_by_copies: BTreeSet::new(),
            why_not_copied: None,
            elsewhere: Elsewhere::default(),
            sharing,
        }
    }

    pub(crate) fn touched(&self, at: &AtCall<'_>, decoded: &Decoded) -> Touched {
        if matches!(decoded.class, SyscallClass::Kill | SyscallClass::Ask) {
            return self.touched_process(at, decoded);
        }
        let around = Around {
            tree: &self.tree,
            locks: &self.locks,
            sockets: &self.sockets,
            reuses: self.reuses,
        };
        let mut touched = touched(at, decoded, &around);
        if decoded.class == SyscallClass::Fcntl
            && let Some(watched) = &mut touched.watched
        {
            self.add_circle(at, watched);
        }
        touched
    }
}

impl Interpreter for Programs {
    fn renew(&mut self, grows: bool, streams: BTreeMap<(u64, u64), ProcessId>, is_alike: bool) {
        self.sharing.grows = grows;
        self.tree.streams = streams;
        if !is_alike {
            self.known_ends.forget();
        }
    }

    fn begin(&mut self, directories: &[PathBuf]) -> io::Result<()> {
        self.locks.clear();
        self.sockets.clear();
        self.pipes = false;
        self.first.clear();
        self.pending.clear();
        self.changing.clear();
        self.time.begin();
        self.timers.begin();
        self.times.begin();
        self.entropy.begin();
        self.loaders.begin();
        self.changed.clear();
        self.signalled.clear();
        self.known_ends.begin();
        self.shown_files.begin();
        self.tree.begin(directories)
    }

    fn decide(&mut self, at: &AtCall<'_>) -> Decision {
        self.decision(at)
    }

    fn forecast(&self, at: &AtCall<'_>) -> Accesses {
        let pending = &self.pending[&at.task];
        // Other contenders may have changed something since the task stopped.
        let touched = self.touched(at, &pending.decoded);
        touched.watched.into_iter().flatten().collect()
    }

    fn may_go_on(&self, at: &AtCall<'_>) -> bool {
        let Pending { decoded, touched, .. } = &self.pending[&at.task];
        let is_stream = decoded.class == SyscallClass::Socket
            || matches!(decoded.class, SyscallClass::Read | SyscallClass::Write) && touched.is_stream;
        if is_stream && sockets::would_wait(at, decoded.system.name) {
            return false;
        }
        self.gets_lock(at, decoded.class)
    }

    fn before(&mut self, at: &AtCall<'_>) -> Result<Made, Lost> {
        let decoded = self.pending[&at.task].decoded.clone();
        let class = decoded.class;
        // Other contenders may have changed something since the task stopped.
        let touched = self.touched(at, &decoded);
        let never = |reason| Lost {
            reason,
            again: Retry::Never,
        };
        if let Some(refused) = touched.refused {
            return Err(never(format!("{} {refused}: {}", at.process, decoded.system.name)));
        }
        self.note(at.process, &touched).map_err(|unwatched| Lost {
            again: unwatched.again(),
            reason: unwatched.reason,
        })?;
        let pending = self.pending.get_mut(&at.task);
        pending.expect("the task is stopped at a controlled call").touched = touched;
        self.tries_lock(at, class)
    }

    fn after(&mut self, at: &AtCall<'_>, returned: i64) -> Result<Outcome, Lost> {
        let pending = self
            .pending
            .remove(&at.task)
            .expect("the call was decoded when the task stopped at it");
        let errno = replies::errno(returned);
        if Self::had_to_wait(at, pending.decoded.class, errno) {
            self.known_ends.lose(at.process);
            return Ok(self.waits_instead(at, pending));
        }
        if errno == Some(Errno::EXDEV) && self.sharing.has_layers() {
            return Err(Lost {
                reason: format!(
                    "{} moves or links a file between two private copies of places, which may be one file system on the machine",
                    at.process
                ),
                again: Retry::Never,
            });
        }
        let accesses = Self::performed(&pending, returned, errno);
        self.lock(&pending.decoded, &accesses);
        if errno.is_none() && pending.decoded.class == SyscallClass::Fcntl {
            self.remembers_order(at);
        }
        if pending.decoded.class == SyscallClass::Socket {
            self.sockets.made(at, &pending.decoded, returned, errno, &self.tree);
        }
        if errno.is_none() {
            self.learn(at, &pending, returned).map_err(|error| Lost {
                reason: format!("a new file of {} cannot be examined: {error}", at.process),
                again: Retry::Maybe,
            })?;
        }
        self.time.touches(at.process, &accesses);
        if errno.is_none() {
            let Pending { decoded, touched, .. } = &pending;
            let changed = self.times.after(at, decoded, touched, &self.tree, &mut self.time);
            let name = decoded.system.name;
            let opens = matches!(name, "accept" | "accept4") || touched.unnamed_elsewhere;
            changed
                .and_then(|()| if opens { self.opened(at, name, returned) } else { Ok(()) })
                .and_then(|()| self.corrects(at, name, returned))
                .map_err(|error| Self::unshown(at, name, &error))?;
        }
        let shown = match pending.decoded.class {
            SyscallClass::Read => self
                .shown_files
                .replace(at, &pending.decoded, returned, (&self.tree, &self.time))?,
            _ => None,
        };
        let returned = shown.unwrap_or(returned);
        self.known_ends.made(at, &pending.decoded, returned, &self.tree);
        let call = self.shown(&pending.decoded);
        let reply = match errno {
            Some(errno) => Err(errno),
            None => Ok(replies::value(at, &pending.decoded, returned, &self.tree)),
        };
        Ok(Outcome::Performed {
            call,
            reply,
            accesses,
            instead: shown,
        })
    }

    fn examine(&mut self, at: &AtCall<'_>, returned: i64) -> Result<(), Lost> {
        self.examines(at, returned)
    }

    fn step(&mut self, process: ProcessId, accesses: &Accesses, stopped: &[i32]) -> Result<Accesses, Lost> {
        self.steps(process, accesses, stopped)
    }

    fn may_touch(&self, process: ProcessId) -> Accesses {
        self.may_show(process)
    }

    fn fails(&mut self, at: &AtCall<'_>) -> Option<Call> {
        self.known_ends.lose(at.process);
        let decoded = self.pending[&at.task].decoded.clone();
        if decoded.class == SyscallClass::Close {
            return None;
        }
        self.pending.remove(&at.task);
        Some(self.shown(&decoded))
    }

    fn exit(&mut self, at: &AtCall<'_>) -> (Call, Accesses) {
        if self.first.get(&at.process) == Some(&at.group) {
            return (Call::Exit, self.end_of(&[at.task], Some(at.process)));
        }
        let call = Call::Foreign {
            name: "exit_group".to_owned(),
            arguments: Vec::new(),
        };
        (call, self.end_of(&[at.task], None))
    }

    fn made(&mut self, process: ProcessId, call: &Call) -> Accesses {
        self.would(process, call)
    }

    fn would(&self, process: ProcessId, call: &Call) -> Accesses {
        match call {
            Call::Await { processes } => {
                let mut accesses = Accesses::none();
                processes
                    .iter()
                    .for_each(|other| accesses.load(Object::Liveness(*other)));
                accesses
            }
            _ => self.end_of(&self.tasks_of(process), Some(process)),
        }
    }

    fn born(&mut self, process: ProcessId, task: i32, group: i32) {
        self.changes_threads(process, task, group);
        self.tree.tasks.insert(task, (process, group));
        self.tree.numbers.born(process, task);
        self.time.born(process, task);
        self.entropy.born(process, task);
        self.known_ends.lose(process);
    }

    fn starts(&mut self, process: ProcessId, task: i32) {
        self.first.insert(process, task);
        self.tree.numbers.starts(task);
        self.time.starts(process);
        self.entropy.starts(process);
    }

    fn at_start(&self, process: ProcessId) -> Option<(Duration, u64)> {
        // It would find what it has changed beside the lock in an earlier round.
        let is_alike = !self.changed.contains_key(&process);
        let clock = self.time.at_start(process).filter(|_| is_alike)?;
        Some((clock, self.times.seen_by(process)))
    }

    fn copied(&mut self, process: ProcessId, task: i32, serial: u64) {
        self.loaders.copied(task, serial);
        self.time.copied(process, task, serial);
        self.entropy.copied(process, task, serial);
        self.known_ends.copied(process, task, serial);
    }

    fn leaves_a_stale_lock(&mut self) {
        self.tree.numbers.leaves_a_stale_lock();
        self.entropy.leaves_a_stale_lock();
    }

    fn copies(&self) -> bool {
        self.why_not_copied.is_none()
    }

    fn copies_share(&mut self, files: BTreeSet<(u64, u64)>) {
        self.shared_by_copies.extend(files);
    }

    fn keeps(&mut self, process: ProcessId, task: i32, serial: u64) {
        // Later copies would not find what it has changed: that is gone before the next execution.
        if self.changed.contains_key(&process) {
            self.why_not_copied = Some(NotPrivate::Files);
        } else {
            self.copied = true;
        }
        self.loaders.keep(task, serial);
        self.time.keep(process, task, serial);
        self.entropy.keep(process, task, serial);
    }

    fn discards(&mut self, serial: u64) {
        self.loaders.discard(serial);
        self.time.discard(serial);
        self.entropy.discard(serial);
    }

    fn keeps_none(&mut self, why: NotPrivate) {
        self.why_not_copied = Some(why);
    }

    fn executed(&mut self, process: ProcessId, group: i32, memory: &Memory, stack: u64) -> io::Result<()> {
        self.timers.executed(group);
        self.changes_what_it_shows(process, group);
        let auxiliary = Auxiliary::of(memory, stack)?;
        // libc and the runtimes of some languages take their first random numbers from there.
        if let Some(place) = auxiliary.random {
            self.entropy
                .fill_memory((process, group), memory, place, RANDOM_BYTES)?;
        }
        self.loaders.begins(group, &auxiliary, memory);
        auxiliary.hide_kernel_code(memory)
    }

    fn counter(&mut self, at: &AtCall<'_>, instruction: u64) -> u64 {
        let shows = self.time.counter(at, self.loaders.reads(at.group, instruction));
        self.known_ends.receives(at.process, shows);
        shows
    }

    fn time(&self) -> Option<(&Time, &Timers)> {
        Some((&self.time, &self.timers))
    }

    fn time_mut(&mut self) -> Option<(&mut Time, &mut Timers)> {
        Some((&mut self.time, &mut self.timers))
    }

    fn times_out(&mut self, at: &AtCall<'_>, wait: &Wait) -> io::Result<()> {
        self.known_ends.receives(at.process, wait.returns);
        timed_waits::time_out(at, wait.name)
    }

    fn has_signalled(&self, process: ProcessId) -> bool {
        self.signalled.contains(&process)
    }

    fn alters(&mut self, process: ProcessId) {
        self.known_ends.lose(process);
    }

    fn interrupted(&mut self, task: i32) {
        self.known_ends.lose_task(task);
        self.pending.remove(&task);
    }

    fn notes(&self) -> Vec<String> {
        let why_not_copied = |why| format!("the program was started anew for each execution, not copied: {why}");
        let copied =
            "contenders are forked from a process that was started once, before it does anything that others can see";
        let notes = [
            self.sharing.note(),
            Some("set-uid and set-gid programs run without privileges (no_new_privs)".to_owned()),
            Some(
                "threads and children of one contender take turns in one order; other orders are not explored"
                    .to_owned(),
            ),
            Some("time is virtual: a sleep or time limit ends when the search lets it".to_owned()),
            self.timers.note(),
            self.shown_files.note(),
            self.why_not_copied.map(why_not_copied),
            self.copied.then(|| copied.to_owned()),
        ];
        notes.into_iter().flatten().collect()
    }

    fn shares(&self) -> Vec<PathBuf> {
        self.sharing.found()
    }

    fn inherits(&mut self, process: ProcessId, task: i32) {
        self.first.insert(process, task);
    }

    fn renumbered(&mut self, thread: i32, process: i32) {
        if let Some(pending) = self.pending.remove(&thread) {
            self.pending.insert(process, pending);
        }
    }

    fn gone(&mut self, task: i32) {
        if let Some((process, group)) = self.tree.tasks.get(&task).copied() {
            self.changes_threads(process, task, group);
        }
        self.pending.remove(&task);
        self.changing.remove(&task);
        // Of a process: its first thread has this number.
        if let Some(process) = self.tree.contender(task) {
            let own = self.tree.tasks.iter().filter(|(_, (owner, _))| *owner == process);
            let own: Vec<_> = own.map(|(task, (_, group))| (*task, *group)).collect();
            self.timers.gone(task, &own);
        }
    }

    /// There is no model: a search that needs one is refused earlier.
    fn replay(&mut self, _: usize, _: &[Move]) -> Vec<Accesses> {
        Vec::new()
    }

    fn waiting(&mut self) -> Vec<Step> {
        let waits = |(task, pending): (&i32, &Pending)| {
            let process = self.tree.contender(*task)?;
            let accesses = pending.touched.watched.iter().flatten().cloned().collect();
            Some(Step { process, accesses })
        };
        self.pending.iter().filter_map(waits).collect()
    }
}
