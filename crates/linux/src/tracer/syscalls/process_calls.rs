//! Decides about calls that concern processes and not files: signals, questions about a process, properties of the caller.
//!
//! Makes no call, and knows nothing of its outcome.

use super::decode::Decoded;
use super::descriptor_links;
use super::footprint::Touched;
use super::interpreter::{AtCall, Decision};
use super::machine_figures;
use super::path_walk::End;
use super::process_numbers::Owner;
use super::programs::Programs;
use super::watched_tree::{InodeKind, Side};
use crate::sys::bits;
use crate::sys::private_state::NotPrivate;
use crate::sys::syscalls::SyscallClass;
use crate::sys::task_state;
use onewinner_core::access::{Access, AccessKind, Object};
use onewinner_core::fs::Errno;
use onewinner_core::id::ProcessId;

/// How many inotify instances contenders make in one execution; a user has 128
/// ([inotify(7)](https://man7.org/linux/man-pages/man7/inotify.7.html)).
const MOST_INOTIFY_INSTANCES: u32 = 16;
/// Why a limit is out of control.
const LIMITS_ITS_USER: &str = "limits what all processes of its user have together";
/// Why a limit of CPU time is out of control.
const LIMITS_CPU_TIME: &str = "limits its CPU time, which the kernel measures with a real clock";

impl Programs {
    /// A signal, or a question about a process.
    pub(super) fn kill(&mut self, at: &AtCall<'_>, decoded: Decoded) -> Decision {
        let name = decoded.system.name;
        if name == "getpriority" && at.entry.arguments[0] as i32 != bits::OF_A_PROCESS {
            return uncontrolled(at, name, "asks about all processes of a group or user");
        }
        let Aim { target, signal } = aim(at, &decoded);
        let changes = name == "prlimit64" && at.entry.arguments[2] != 0;
        if changes && bits::SHARED_LIMITS.contains(&(at.entry.arguments[1] as i32)) {
            return uncontrolled(at, name, LIMITS_ITS_USER);
        }
        if let Some(group) = aims_at_group(at, &decoded) {
            // It leads the group: no other contender joins it.
            if self.tree.owner(at.process, group) != Owner::Own {
                return uncontrolled(at, name, "sends a signal to a process group that is not its own");
            }
            if signal == 0 {
                return Decision::Harmless;
            }
            self.signalled.insert(at.process);
            return self.on_files(at, decoded);
        }
        if changes && at.entry.arguments[1] as i32 == bits::CPU_LIMIT {
            return uncontrolled(at, name, LIMITS_CPU_TIME);
        }
        match self.tree.owner(at.process, target) {
            _ if decoded.class == SyscallClass::Ask && target == 0 => self.changes_itself(at, changes),
            Owner::Own if signal == 0 => self.changes_itself(at, changes),
            Owner::Own => {
                self.signalled.insert(at.process);
                self.on_files(at, decoded)
            }
            Owner::First(_) | Owner::Later(_) if changes => uncontrolled(at, name, "changes another contender"),
            // Its user decides whether it may receive a signal; its other properties are what is asked for.
            Owner::First(other) if signal == 0 => match self.note_process(at.process, other, AccessKind::Load) {
                Ok(()) => {
                    if name == "pidfd_open" {
                        self.tree.numbers.watches(at.process);
                    }
                    self.on_files(at, decoded)
                }
                Err(reason) => Decision::Uncontrolled(reason),
            },
            Owner::Later(_) if signal == 0 => {
                uncontrolled(at, name, "asks about a child or a thread of another contender")
            }
            // No contender changes whether a foreign process exists.
            Owner::Nobody if signal == 0 && target > 0 && !changes => Decision::Harmless,
            _ => Decision::Uncontrolled(format!(
                "{} sends signal {signal} to process {target}, which does not belong to it",
                at.process
            )),
        }
    }

    /// What a signal to a process, or a question about it, touches. A signal may end a process of its own: that frees locks.
    pub(super) fn touched_process(&self, at: &AtCall<'_>, decoded: &Decoded) -> Touched {
        let Aim { target, signal } = aim(at, decoded);
        let mut touched = Touched::default();
        if let Some(group) = aims_at_group(at, decoded) {
            let mut members = self.tasks_of(at.process);
            members.retain(|task| task_state::process_group(*task).is_none_or(|of| of == group));
            match self.ends(&members, None) {
                Ok(ends) if ends.is_empty() => {}
                Ok(ends) => touched.watched = Some(ends.iter().cloned().collect()),
                Err(why) => touched.refused = Some(why),
            }
            return touched;
        }
        match self.tree.tasks.get(&target) {
            Some((process, _)) if *process != at.process => {
                let access = Access {
                    object: Object::Liveness(*process),
                    kind: AccessKind::Load,
                };
                touched.watched = Some(vec![access]);
            }
            Some(_) if signal != 0 => match self.ends(&[target], None) {
                Ok(ends) if ends.is_empty() => {}
                Ok(ends) => touched.watched = Some(ends.iter().cloned().collect()),
                Err(why) => touched.refused = Some(why),
            },
            _ => {}
        }
        touched
    }

    /// A call that changes what the process shows of itself.
    pub(super) fn itself(&mut self, at: &AtCall<'_>, name: &str) -> Decision {
        let argument = |position: usize| at.entry.arguments[position] as i32;
        let target = match name {
            "setpriority" if argument(0) != bits::OF_A_PROCESS => {
                return uncontrolled(at, name, "changes all processes of a group or user");
            }
            "setpriority" => argument(1),
            "setrlimit" if bits::SHARED_LIMITS.contains(&argument(0)) => {
                return uncontrolled(at, name, LIMITS_ITS_USER);
            }
            "setrlimit" if argument(0) == bits::CPU_LIMIT => return uncontrolled(at, name, LIMITS_CPU_TIME),
            "setpgid" if self.joins_others(at, argument(0), argument(1)) => {
                return uncontrolled(at, name, "joins a process group that is not its own");
            }
            "setpgid" | "sched_setaffinity" | "sched_setparam" | "sched_setscheduler" | "sched_setattr" => argument(0),
            _ => 0,
        };
        match self.tree.contender(target) {
            Some(own) if own == at.process => self.changes_itself(at, true),
            _ if target == 0 => self.changes_itself(at, true),
            _ => uncontrolled(at, name, "changes a process that does not belong to it"),
        }
    }

    /// Whether setpgid(2) names the group of another contender, or of the process that starts all.
    fn joins_others(&self, at: &AtCall<'_>, process: i32, group: i32) -> bool {
        group != 0 && group != process && self.tree.owner(at.process, group) != Owner::Own
    }

    fn changes_itself(&mut self, at: &AtCall<'_>, changes: bool) -> Decision {
        if !changes {
            return Decision::Harmless;
        }
        match self.note_process(at.process, at.process, AccessKind::Store) {
            Ok(()) => Decision::Harmless,
            Err(reason) => Decision::Uncontrolled(reason),
        }
    }

    /// Records that a contender changes what it shows of itself, or asks another one.
    fn note_process(&mut self, by: ProcessId, of: ProcessId, kind: AccessKind) -> Result<(), String> {
        let object = Object::Process(of);
        self.elsewhere.record(by, &Access { object, kind }).map_err(|_| {
            format!(
                "a contender asks about {of}, which changes its group, user, priority or limits; this is not controlled"
            )
        })
    }

    /// prctl: options that concern nothing but the caller pass. capget: as getpgid.
    pub(super) fn control(&mut self, at: &AtCall<'_>, name: &str) -> Decision {
        match name {
            "capget" => return self.capabilities(at, name),
            "inotify_init" | "inotify_init1" => return self.notifies(at, name),
            "socket" => return self.makes_socket(at, name),
            _ => {}
        }
        let option = at.entry.arguments[0] as i32;
        match option {
            // Then its files in /proc could not be read. Nothing else notices: no core is dumped, and nobody else traces it.
            bits::SET_DUMPABLE => Decision::Answered(0),
            bits::GET_COUNTER_MODE => {
                let written = at
                    .memory
                    .write(at.entry.arguments[1], &bits::COUNTER_ENABLED.to_ne_bytes());
                Decision::Answered(written.map_or(-i64::from(bits::BAD_ADDRESS), |()| 0))
            }
            // It stays as it is: the program may read the counter.
            bits::SET_COUNTER_MODE if at.entry.arguments[1] as i32 == bits::COUNTER_ENABLED => Decision::Answered(0),
            option if bits::NOT_FORKED.contains(&option) => {
                self.why_not_copied.get_or_insert(NotPrivate::Attributes);
                Decision::Harmless
            }
            bits::SET_NAME => {
                self.changes_what_it_shows(at.process, at.group);
                Decision::Harmless
            }
            option if bits::OWN_OPTIONS.contains(&option) => Decision::Harmless,
            option => uncontrolled(at, name, &format!("sets or asks for option {option}")),
        }
    }

    /// inotify_init: contenders alone must not come near the limit of their user, where a failure shows what others have.
    fn notifies(&mut self, at: &AtCall<'_>, name: &str) -> Decision {
        self.sockets.inotify_instances += 1;
        if self.sockets.inotify_instances > MOST_INOTIFY_INSTANCES {
            return uncontrolled(
                at,
                name,
                "makes one of many inotify instances, whose number is limited for a user",
            );
        }
        Decision::Harmless
    }

    /// capget: the header names a process.
    fn capabilities(&self, at: &AtCall<'_>, name: &str) -> Decision {
        let mut words = [0; 8];
        if at.memory.read(at.entry.arguments[0], &mut words).is_err() {
            return Decision::Harmless; // The kernel cannot read it either.
        }
        let target = i32::from_ne_bytes([words[4], words[5], words[6], words[7]]);
        match self.tree.contender(target) {
            Some(other) if other != at.process => {
                uncontrolled(at, name, "asks for the capabilities of another contender")
            }
            _ => Decision::Harmless,
        }
    }

    /// Figures of the machine, which stay as they were at the start of the run, and the CPU time of the caller.
    pub(super) fn machine(&mut self, at: &AtCall<'_>, name: &str) -> Decision {
        let answered = match name {
            "sysinfo" => {
                let since_start = self.time.since_start(at);
                machine_figures::answer(at, &self.figures, since_start)
            }
            "getrusage" => {
                let cpu = self.time.cpu(at);
                machine_figures::answer_usage(at, cpu)
            }
            _ => return Decision::Harmless,
        };
        match answered {
            Ok(()) => Decision::Answered(0),
            Err(_) => Decision::Answered(-i64::from(bits::BAD_ADDRESS)),
        }
    }

    /// fcntl with a command that concerns no lock.
    pub(super) fn descriptor_control(&mut self, at: &AtCall<'_>, decoded: Decoded) -> Decision {
        let argument = |position: usize| at.entry.arguments[position] as i32;
        let (fd, command) = (argument(0), argument(1));
        let name = decoded.system.name;
        let end = self.tree.descriptor(at.task, fd);
        match command {
            // The limit is shared by all processes of a user: so each request meets it.
            bits::SET_PIPE_SIZE => Decision::Answered(-i64::from(Errno::EPERM.raw())),
            bits::SET_OWNER if matches!(argument(2), 0) => Decision::Harmless,
            bits::SET_OWNER => match self.tree.contender(argument(2).wrapping_abs()) {
                Some(own) if own == at.process => Decision::Harmless,
                _ => uncontrolled(at, name, "makes the kernel send signals to another process"),
            },
            bits::F_SETOWN_EX => uncontrolled(at, name, "makes the kernel send signals to a process"),
            command if bits::OF_THE_INODE.contains(&command) => match end {
                End::Own if !descriptor_links::has_no_file(at.task, fd) => Decision::Harmless,
                End::Socket(_) => Decision::Harmless,
                _ => uncontrolled(at, name, "uses a lease, a notification or a hint of a file"),
            },
            command if bits::SIGNALLING.contains(&command) => match end {
                End::Own => Decision::Harmless,
                End::Socket(socket) if !self.sockets.is_shared(socket) => Decision::Harmless,
                _ => uncontrolled(at, name, "makes the kernel send a signal when a file is ready"),
            },
            // The seals of memory without a name.
            _ if matches!(end, End::Own) => Decision::Harmless,
            _ => self.on_files(at, decoded),
        }
    }

    /// A descriptor is given to an epoll instance.
    pub(super) fn watch(&mut self, at: &AtCall<'_>) -> Decision {
        let [_, operation, fd, ..] = at.entry.arguments.map(|argument| argument as i32);
        if operation == bits::STOP_WATCHING {
            return Decision::Harmless;
        }
        let what = "epoll_ctl";
        match self.tree.descriptor(at.task, fd) {
            End::Socket(socket) if self.sockets.is_shared(socket) => {
                uncontrolled(at, what, "waits with epoll for a socket that others can reach")
            }
            End::Socket(socket) => {
                self.sockets.watch(socket);
                Decision::Harmless
            }
            End::Object(there) if there.kind == InodeKind::Pipe && there.side == Side::Watched => {
                uncontrolled(at, what, "waits with epoll for a named pipe")
            }
            End::Figures(why) | End::Hidden(why) => uncontrolled(at, what, &why),
            End::Own if self.tree.numbers.is_watcher(at.process) && descriptor_links::is_pidfd(at.task, fd) => {
                uncontrolled(
                    at,
                    what,
                    "waits with epoll for the end of a process of another contender",
                )
            }
            _ => Decision::Harmless,
        }
    }
}

/// The process that a call is about, and the signal; 0 for a question.
struct Aim {
    target: i32,
    signal: i32,
}

/// The process group that a signal is sent to: [kill(2)](https://man7.org/linux/man-pages/man2/kill.2.html). `None` for one process,
/// and for all that the caller may send one to.
fn aims_at_group(at: &AtCall<'_>, decoded: &Decoded) -> Option<i32> {
    let Aim { target, .. } = aim(at, decoded);
    match target {
        _ if decoded.system.name != "kill" => None,
        0 => task_state::process_group(at.group),
        ..=-2 => Some(-target),
        _ => None,
    }
}

fn aim(at: &AtCall<'_>, decoded: &Decoded) -> Aim {
    let argument = |position: usize| at.entry.arguments[position] as i32;
    let (target, signal) = match decoded.system.name {
        "getpriority" => (argument(1), 0),
        _ if decoded.class == SyscallClass::Ask => (argument(0), 0),
        "tgkill" => (argument(1), argument(2)),
        "pidfd_open" => (argument(0), 0),
        _ => (argument(0), argument(1)),
    };
    Aim { target, signal }
}

pub(super) fn uncontrolled(at: &AtCall<'_>, name: &str, what: &str) -> Decision {
    Decision::Uncontrolled(format!("{} {what} ({name}), which is not controlled", at.process))
}
