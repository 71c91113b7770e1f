//! Decides about a call of a program: whether it is a step, harmless, or uncontrolled.
//!
//! Makes no call, and knows nothing of its outcome.

use std::fs;
use std::os::unix::fs::MetadataExt;
use std::path::Path;
use std::time::Duration;

use super::decode::{Decoded, decode};
use super::footprint::Touched;
use super::interpreter::{AtCall, Decision, Wait};
use super::lock_request::Instead;
use super::made_files::MadeFile;
use super::messages::REQUESTS_BY_NETLINK;
use super::path_walk::End;
use super::process_calls::uncontrolled;
use super::programs::{Pending, Programs};
use super::socket_address::Address;
use super::timed_waits::{self, Limited};
use super::timers::EINVAL;
use super::watched_tree::{InodeKind, Side};
use crate::sys::filter::{self, TimeCall};
use crate::sys::private_state::NotPrivate;
use crate::sys::syscalls::{self, SyscallClass, SystemCall};
use crate::sys::{bits, descriptors};
use onewinner_core::access::AccessKind;
use onewinner_core::explore::Retry;
use onewinner_core::id::ProcessId;

/// Sleeps of this length are typical for a runtime that watches over its threads: Go's sleeps 20 µs to 10 ms.
const SHORT_SLEEP: Duration = Duration::from_millis(10);
/// How many such sleeps of a thread are cut short before its first controlled call.
const MOST_SHORT_CUTS: u32 = 3;
/// How many longer sleeps are.
const MOST_CUTS: u32 = 50;

/// Contenders share something that is not watched.
#[derive(Clone, Debug)]
pub(super) struct Unwatched {
    pub(super) reason: String,
    /// Whether it is watched when the search begins anew.
    will_be_watched: bool,
}

impl Unwatched {
    pub(super) fn again(&self) -> Retry {
        if self.will_be_watched {
            Retry::Abandoned
        } else {
            Retry::Never
        }
    }
}

impl From<Unwatched> for Decision {
    fn from(
        Unwatched {
            reason,
            will_be_watched,
        }: Unwatched,
    ) -> Self {
        if will_be_watched {
            Self::Superseded(reason)
        } else {
            Self::Uncontrolled(reason)
        }
    }
}

impl Programs {
    /// What to do about the call at which a task is stopped.
    pub(super) fn decision(&mut self, at: &AtCall<'_>) -> Decision {
        if !filter::reads_time(at.entry.number) {
            self.time.calls(at);
        }
        let decision = match self.judge(at) {
            Decision::Harmless if syscalls::of(at.entry.number).is_some_and(|call| Self::is_examined(call.name)) => {
                Decision::Examined
            }
            decision => decision,
        };
        if matches!(decision, Decision::Controlled | Decision::Exits) {
            let threads = self.tree.tasks.values().filter(|(_, group)| *group == at.group);
            self.time.acts(at, threads.count() > 1);
        }
        let rests = matches!(
            decision,
            Decision::Controlled | Decision::Exits | Decision::Sleeps(_) | Decision::Waits(..)
        );
        if rests && let Some(number) = self.first.get(&at.process) {
            self.shown_files.rests(*number, &self.time);
        }
        let Some(end) = self.known_ends.reaches(at, &decision, &self.time) else {
            return decision;
        };
        end.reads_clock(at, &mut self.time);
        Decision::Last(end.call)
    }

    /// What to do about it, whatever the contender has done before.
    fn judge(&mut self, at: &AtCall<'_>) -> Decision {
        if let Some(why) = self.tree.numbers.take_loss() {
            return Decision::Uncontrolled(why);
        }
        if let Some(answered) = self.time_or_entropy(at) {
            return answered;
        }
        let Some(system) = syscalls::of(at.entry.number) else {
            return Decision::Uncontrolled(format!(
                "{} makes the system call with number {}, which is not controlled",
                at.process, at.entry.number
            ));
        };
        if matches!(system.class, SyscallClass::Flock | SyscallClass::Fcntl) && self.changes_what_copies_share(at) {
            return Decision::StartsAnew(format!("{} locks a file that its copies share", at.process));
        }
        match system.class {
            SyscallClass::Spawn => return self.spawn(at, system.name),
            SyscallClass::Exit => return self.end(at, system.name == "exit"),
            SyscallClass::Sleep if self.polls_shared(at, system.name) => {
                return uncontrolled(
                    at,
                    system.name,
                    "waits for a socket or a named pipe that others can reach, or for the end of another contender",
                );
            }
            SyscallClass::Sleep => return self.sleep(at, system.name),
            SyscallClass::Timer => return self.timer(at, system.name),
            SyscallClass::Itself => return self.itself(at, system.name),
            SyscallClass::Control => return self.control(at, system.name),
            SyscallClass::Machine => return self.machine(at, system.name),
            SyscallClass::Watch => return self.watch(at),
            SyscallClass::Uncontrolled => return uncontrolled(at, system.name, "makes a call that reaches others"),
            _ => {}
        }
        if let Some(decision) = self.on_private_descriptor(at, system) {
            return decision;
        }
        let decoded = match decode(at.task, at.memory, &at.entry) {
            Ok(decoded) => decoded,
            Err(error) => return Decision::Uncontrolled(format!("{}: {error}", at.process)),
        };
        if system.class == SyscallClass::List && self.lists_processes(at, &decoded) {
            return Decision::Uncontrolled(format!("{} lists /proc, which shows the other contenders", at.process));
        }
        match system.class {
            // As if the kernel could not copy from there: then programs read.
            SyscallClass::Copy if self.copies_made_file(at, &decoded) => Decision::Answered(EINVAL),
            SyscallClass::Kill | SyscallClass::Ask => self.kill(at, decoded),
            SyscallClass::Socket => self.socket(at, decoded),
            SyscallClass::Fcntl if !bits::is_about_locks(at.entry.arguments[1] as i32) => {
                self.descriptor_control(at, decoded)
            }
            SyscallClass::Map => self.map(at, decoded),
            SyscallClass::Write | SyscallClass::Copy if self.writes_to_netlink(at, &decoded) => {
                uncontrolled(at, system.name, REQUESTS_BY_NETLINK)
            }
            _ => self.on_files(at, decoded),
        }
    }

    /// Decides about a call on a descriptor that needs no decoding: most calls of a starting program are about files that are not
    /// watched.
    fn on_private_descriptor(&mut self, at: &AtCall<'_>, system: &SystemCall) -> Option<Decision> {
        let asks = match system.class {
            SyscallClass::Read | SyscallClass::Seek => true,
            SyscallClass::Close => system.name == "close",
            SyscallClass::Stat => system.name == "fstat",
            _ => false,
        };
        if !asks {
            return None;
        }
        let end = self.tree.descriptor(at.task, at.entry.arguments[0] as i32);
        if system.class == SyscallClass::Read
            && let Some(source) = MadeFile::of(&end, at.task, at.entry.arguments[0] as i32)
        {
            return Some(self.read_made_file(at, system.name, &source));
        }
        let decision = match system.class {
            SyscallClass::Stat => Decision::Examined,
            _ => Decision::Harmless,
        };
        self.is_private(end).then_some(decision)
    }

    /// Whether what a descriptor leads to belongs to the contender, or was noted when it was opened.
    fn is_private(&self, end: End) -> bool {
        match end {
            End::Own => true,
            End::Socket(socket) => !self.sockets.is_shared(socket),
            End::Object(there) => {
                let passes = matches!(there.kind, InodeKind::File | InodeKind::Directory);
                passes && there.side == Side::Elsewhere && !self.locks.has_tried(there.id)
            }
            _ => false,
        }
    }

    /// Whether a call sets locks or flags of an open file that all copies of the contender share: then it cannot be copied.
    fn changes_what_copies_share(&mut self, at: &AtCall<'_>) -> bool {
        if self.shared_by_copies.is_empty() || self.why_not_copied.is_some() {
            return false;
        }
        let file = fs::metadata(format!("/proc/{}/fd/{}", at.task, at.entry.arguments[0] as i32));
        let shared = file.is_ok_and(|file| self.shared_by_copies.contains(&(file.dev(), file.ino())));
        if shared {
            self.why_not_copied = Some(NotPrivate::WritableFile);
        }
        shared
    }

    /// Records the use of objects beside the watched directories.
    ///
    /// # Errors
    ///
    /// When another contender uses one of them too, and either changes it.
    pub(super) fn note(&mut self, process: ProcessId, touched: &Touched) -> Result<(), Unwatched> {
        if touched.moves_elsewhere {
            self.tree.forget_ways();
        }
        touched.forgets.iter().for_each(|number| self.tree.forget(*number));
        let mut unwatched: Option<Unwatched> = None;
        for (path, access) in &touched.elsewhere {
            if access.kind == AccessKind::Store {
                self.changes(process, path);
            }
            let Err(users) = self.elsewhere.record(process, access) else {
                continue;
            };
            let will_be_watched = !self.tree.leads_to_roots(path) && self.sharing.finds(path);
            if unwatched
                .as_ref()
                .is_none_or(|so_far| so_far.will_be_watched && !will_be_watched)
            {
                let contenders: Vec<_> = users.iter().map(ToString::to_string).collect();
                let reason = format!(
                    "{} use {}, which is not watched, and one of them changes it; if this is the lock, put it at {{lock}} or give its path with --lock-at",
                    contenders.join(" and "),
                    path.display()
                );
                unwatched = Some(Unwatched {
                    reason,
                    will_be_watched,
                });
            }
        }
        unwatched.map_or(Ok(()), Err)
    }

    /// A contender is about to change a path beside the watched directories.
    fn changes(&mut self, process: ProcessId, path: &Path) {
        self.sharing.changes(path);
        self.changed.entry(process).or_default().insert(path.to_owned());
    }

    /// Whether it lists `/proc`, which shows all contenders.
    fn lists_processes(&self, at: &AtCall<'_>, decoded: &Decoded) -> bool {
        let mut listed = decoded.read.iter().map(|fd| self.tree.descriptor(at.task, *fd));
        listed.any(|end| matches!(end, End::Object(there) if there.path == Path::new("/proc")))
    }

    pub(super) fn on_files(&mut self, at: &AtCall<'_>, decoded: Decoded) -> Decision {
        let touched = self.touched(at, &decoded);
        let process = at.process;
        if let Some(refused) = touched.refused {
            return Decision::Uncontrolled(format!("{process} {refused}: {}", decoded.system.name));
        }
        if let Err(unwatched) = self.note(process, &touched) {
            return unwatched.into();
        }
        self.pipes |= touched.uses_pipe;
        let is_step = touched.watched.is_some();
        if !is_step && !self.times.changes_others(at, &decoded, &touched, &self.tree) {
            let shows_times = matches!(decoded.system.class, SyscallClass::Stat | SyscallClass::Lstat);
            // A program looks for each program that it starts in many directories, and at each library.
            return if shows_times && !self.times.leaves(process, touched.finds, &self.tree) {
                Decision::Examined
            } else {
                Decision::Harmless
            };
        }
        let pending = Pending {
            request: if is_step { self.request(at, &decoded) } else { None },
            instead: Instead::default(),
            decoded,
            touched,
        };
        if is_step {
            self.pending.insert(at.task, pending);
            Decision::Controlled
        } else {
            self.changing.insert(at.task, pending);
            Decision::Examined
        }
    }

    /// Answers a call that reads the time or random bytes. If that fails, the kernel refuses it.
    fn time_or_entropy(&mut self, at: &AtCall<'_>) -> Option<Decision> {
        let number = at.entry.number;
        if filter::reads_random_bytes(number) {
            let drawn = self.entropy.draw(at);
            return Some(drawn.map_or(Decision::Harmless, Decision::Answered));
        }
        if !filter::reads_time(number) {
            return None;
        }
        let Some(call) = filter::time_call(number) else {
            return Some(Decision::Harmless);
        };
        let mut entry = at.entry;
        if call == TimeCall::Clock && self.is_own_cpu(at) {
            entry.arguments[0] = bits::CPU_OF_THE_THREAD;
        }
        Some(match self.time.tell(&AtCall { entry, ..*at }, call) {
            Ok(Some(answer)) => Decision::Answered(answer),
            Ok(None) => uncontrolled(
                at,
                "clock_gettime",
                "reads the clock of a device, or of another process",
            ),
            Err(_) => Decision::Harmless,
        })
    }

    /// Whether clock_gettime names the CPU time of a task of the contender, by its number: `CPUCLOCK_PID` and `CPUCLOCK_WHICH` of
    /// `include/linux/posix-timers_types.h`.
    fn is_own_cpu(&self, at: &AtCall<'_>) -> bool {
        let clock = at.entry.arguments[0] as i32;
        let task = !(clock >> 3);
        clock < 0 && clock & 3 != 3 && (task == 0 || self.tree.contender(task) == Some(at.process))
    }

    /// A sleep, or a wait that may have a time limit. Where the limit cannot be read, the kernel refuses the call.
    fn sleep(&mut self, at: &AtCall<'_>, name: &'static str) -> Decision {
        match timed_waits::read(at, name, &self.time) {
            Ok(Limited::Not) | Err(_) => Decision::Harmless,
            Ok(Limited::Sleep(None)) => Decision::Answered(0),
            Ok(Limited::Sleep(Some(wait))) if wait.is_idle => self.sleep_apart(at, &wait),
            Ok(Limited::Sleep(Some(wait))) => Decision::Sleeps(wait),
            Ok(Limited::Wait(wait, arguments)) => Decision::Waits(wait, arguments),
            Ok(Limited::OfAnotherClock) => {
                Decision::Uncontrolled(format!("{} waits with {name} on a clock of CPU time", at.process))
            }
        }
    }

    /// A sleep of a thread that may be housekeeping of a runtime. The first ones are cut short, so that a thread that acts
    /// after its sleep comes to its first call. A thread that goes on to sleep would spin: each of its sleeps lasts until the
    /// contender rests.
    fn sleep_apart(&mut self, at: &AtCall<'_>, wait: &Wait) -> Decision {
        let before = self.time.cut(at, wait.until);
        let most = if wait.length <= SHORT_SLEEP {
            MOST_SHORT_CUTS
        } else {
            MOST_CUTS
        };
        if before < most {
            Decision::Answered(0)
        } else {
            Decision::Dozes
        }
    }

    /// A call on a timer. Where its arguments cannot be read, the kernel refuses it.
    fn timer(&mut self, at: &AtCall<'_>, name: &'static str) -> Decision {
        /// `EFAULT`, as a call returns it.
        const EFAULT: i64 = -14;
        let decided = self.timers.decide(at, name, &self.time);
        decided.unwrap_or(Decision::Answered(EFAULT))
    }

    /// A use of a socket.
    fn socket(&mut self, at: &AtCall<'_>, decoded: Decoded) -> Decision {
        let name = decoded.system.name;
        let [fd, level, option, ..] = at.entry.arguments.map(|argument| argument as i32);
        let socket = match self.tree.descriptor(at.task, fd) {
            End::Socket(socket) => socket,
            End::Figures(why) | End::Hidden(why) => return uncontrolled(at, name, &why),
            _ => return Decision::Harmless, // The call fails.
        };
        if name == "setsockopt" && bits::limits_waiting(level, option) {
            return uncontrolled(at, name, "limits how long it waits for a socket");
        }
        if name == "setsockopt" && bits::reaches_other_sockets(level, option) {
            return uncontrolled(at, name, "changes which ports or packets are left to others");
        }
        if matches!(name, "setsockopt" | "getsockopt") && bits::shows_real_time(level, option) {
            return uncontrolled(at, name, "asks when packets came, on the clock of the machine");
        }
        if let Some(why) = self.reaches_beyond(at, name, fd) {
            return uncontrolled(at, name, why);
        }
        if name == "getsockname" {
            self.sockets.ask(socket);
            return Decision::Harmless;
        }
        if name == "bind" && decoded.address == Some(Address::Chosen) {
            self.sockets.choose(socket);
            return Decision::Harmless;
        }
        let decided = self.on_files(at, decoded);
        if decided == Decision::Controlled && self.sockets.is_watched(socket) {
            return uncontrolled(at, name, "waits with epoll for a socket that others can reach");
        }
        decided
    }

    fn map(&mut self, at: &AtCall<'_>, decoded: Decoded) -> Decision {
        let argument = |position: usize| at.entry.arguments[position] as i32;
        let fd = argument(4);
        // What may be written later counts as written: mprotect(2) passes.
        let shared = argument(3) & bits::MAP_SHARED != 0;
        let writes = shared && descriptors::may_write(at.task, fd).unwrap_or(true);
        let kind = if writes { AccessKind::Store } else { AccessKind::Load };
        self.on_files(at, Decoded { maps: kind, ..decoded })
    }

    fn end(&mut self, at: &AtCall<'_>, is_thread: bool) -> Decision {
        let first = self.first.get(&at.process) == Some(&at.group);
        // A thread that is not the last ends alone.
        let alone = || {
            let group = |(_, group): &(ProcessId, i32)| *group == at.group;
            self.tree.tasks.values().filter(|task| group(task)).count() == 1
        };
        if is_thread && !alone() {
            self.time.ends(at);
            return Decision::Harmless;
        }
        if first {
            return Decision::Exits;
        }
        if self.locks.all_tried().next().is_none() && !self.sockets.has_shared() && !self.pipes {
            return Decision::Harmless;
        }
        match self.ends(&[at.task], None) {
            Ok(frees) if frees.is_empty() => Decision::Harmless,
            Ok(_) => Decision::Exits,
            Err(why) => uncontrolled(at, "exit_group", &why),
        }
    }
}
