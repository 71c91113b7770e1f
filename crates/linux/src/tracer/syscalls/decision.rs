//! Decides about a call of a program: whether it is a step, harmless, or uncontrolled.
//!
//! Makes no call, and knows nothing of its outcome.

use std::path::{Path, PathBuf};

use super::decode::{Decoded, decode};
use super::footprint::Touched;
use super::interpreter::{AtCall, Decision};
use super::programs::{Pending, Programs};
use super::watched_tree::Target;
use crate::sys::bits;
use crate::sys::filter::{self, Clock};
use crate::sys::syscalls::{self, SyscallClass};
use onewinner_core::access::{Access, AccessKind, Object};
use onewinner_core::id::ProcessId;

impl Programs {
    /// Decides about the call at which a task is stopped.
    pub(crate) fn judge(&mut self, at: &AtCall<'_>) -> Decision {
        if let Some(answered) = self.time_or_entropy(at) {
            return answered;
        }
        let Some(system) = syscalls::of(at.entry.number) else {
            return Decision::Uncontrolled(format!(
                "{} makes the system call with number {}, which is not controlled",
                at.process, at.entry.number
            ));
        };
        let is_watched = |position: usize| {
            let fd = at.entry.arguments[position] as i32;
            matches!(self.tree.descriptor(at, fd), Some(Target::Object(_)))
        };
        match system.class {
            SyscallClass::Spawn => return self.spawn(at, system.name),
            SyscallClass::Read if self.tree.is_random(at, at.entry.arguments[0] as i32) => {
                return self.read_random_device(at, system.name);
            }
            SyscallClass::Exit => return self.end(at, system.name == "exit"),
            SyscallClass::Sleep if at.task == at.group => return self.sleep(at, system.name),
            // The housekeeping of a runtime: let it sleep.
            SyscallClass::Sleep => return Decision::Harmless,
            // Most calls of a starting program are about files that are not watched.
            SyscallClass::Read | SyscallClass::Seek if !is_watched(0) => return Decision::Harmless,
            SyscallClass::Close if system.name == "close" && !is_watched(0) => return Decision::Harmless,
            _ => {}
        }
        let decoded = match decode(at.task, at.memory, &at.entry) {
            Ok(decoded) => decoded,
            Err(error) => return Decision::Uncontrolled(format!("{}: {error}", at.process)),
        };
        if system.class == SyscallClass::List && self.lists_processes(at, &decoded) {
            return Decision::Uncontrolled(format!("{} lists /proc, which shows the other contenders", at.process));
        }
        match system.class {
            SyscallClass::Kill | SyscallClass::Ask => self.kill(at, decoded),
            SyscallClass::Timer => Decision::Uncontrolled(format!(
                "{} arms a timer with {}, and its expiry is not controlled",
                at.process, system.name
            )),
            SyscallClass::Socket => self.socket(at, &decoded),
            SyscallClass::Map => self.map(at, decoded),
            _ => self.on_files(at, decoded),
        }
    }

    /// Records the use of a file outside the watched directories.
    ///
    /// # Errors
    ///
    /// When another contender uses it too, and one of them changes it.
    fn note(&mut self, process: ProcessId, path: &Path, kind: AccessKind) -> Result<(), String> {
        let used = self.outside.entry(path.to_owned()).or_default();
        used.by.insert(process);
        used.changed |= kind == AccessKind::Store;
        if !used.changed || used.by.len() < 2 {
            return Ok(());
        }
        let contenders: Vec<_> = used.by.iter().map(ToString::to_string).collect();
        Err(format!(
            "{} use {}, which is not watched, and one of them changes it; put the lock at {{lock}}, or name the directory of that file with --dir",
            contenders.join(" and "),
            path.display()
        ))
    }

    /// Whether it lists `/proc`, which shows all contenders.
    fn lists_processes(&self, at: &AtCall<'_>, decoded: &Decoded) -> bool {
        let mut listed = decoded.read.iter().filter_map(|fd| self.tree.descriptor(at, *fd));
        listed.any(|spot| matches!(spot, Target::Outside { path, .. } if path == Path::new("/proc")))
    }

    fn on_files(&mut self, at: &AtCall<'_>, decoded: Decoded) -> Decision {
        let touched = self.touched(at, &decoded);
        let process = at.process;
        if touched.watched.is_some() {
            if let Some(refused) = touched.refused {
                return Decision::Uncontrolled(format!("{process} {refused}: {}", decoded.system.name));
            }
            for (path, kind) in &touched.outside {
                if let Err(reason) = self.note(process, path, *kind) {
                    return Decision::Uncontrolled(reason);
                }
            }
            self.pending.insert(at.task, Pending { decoded, touched });
            return Decision::Controlled;
        }
        for (path, kind) in touched.outside {
            if let Err(reason) = self.note(process, &path, kind) {
                return Decision::Uncontrolled(reason);
            }
        }
        Decision::Harmless
    }

    /// Answers a call that reads the time or random bytes. If that fails, the kernel answers.
    fn time_or_entropy(&mut self, at: &AtCall<'_>) -> Option<Decision> {
        let number = at.entry.number;
        if filter::reads_random_bytes(number) {
            let drawn = self.time.draw(at);
            return Some(drawn.map_or(Decision::Harmless, Decision::Answered));
        }
        if !filter::reads_time(number) {
            return None;
        }
        let time = filter::time_call(number).and_then(|call| self.time.tell(at, call).ok().flatten());
        Some(time.map_or(Decision::Harmless, Decision::Answered))
    }

    fn sleep(&mut self, at: &AtCall<'_>, name: &str) -> Decision {
        match self.time.sleep(at, name) {
            Ok(Some(_)) if self.clock == Clock::Real => {
                self.clock = Clock::Virtual;
                Decision::NeedsVirtualClock
            }
            Ok(Some(length)) => {
                self.time.pass(at.process, length);
                Decision::Sleeps
            }
            // It waits for a signal, or the kernel will refuse it.
            Ok(None) | Err(_) => Decision::Harmless,
        }
    }

    /// A signal, or a check whether a process exists.
    fn kill(&mut self, at: &AtCall<'_>, decoded: Decoded) -> Decision {
        let argument = |position: usize| at.entry.arguments[position] as i32;
        let name = decoded.system.name;
        let (target, signal) = match name {
            "getpriority" | "setpriority" => (argument(1), 0),
            _ if decoded.system.class == SyscallClass::Ask => (argument(0), 0),
            "tgkill" => (argument(1), argument(2)),
            "pidfd_open" => (argument(0), 0),
            _ => (argument(0), argument(1)),
        };
        let own = self.tree.contender(target) == Some(at.process);
        match self.tree.contender(target) {
            _ if own => Decision::Harmless,
            Some(other) if signal == 0 => {
                let access = Access {
                    object: Object::Liveness(other),
                    kind: AccessKind::Load,
                };
                let watched = Some(vec![access]);
                let touched = Touched {
                    watched,
                    ..Touched::default()
                };
                self.pending.insert(at.task, Pending { decoded, touched });
                Decision::Controlled
            }
            // No contender changes whether a foreign process exists.
            None if signal == 0 && target > 0 => Decision::Harmless,
            _ => Decision::Uncontrolled(format!(
                "{} sends signal {signal} to process {target}, which does not belong to it",
                at.process
            )),
        }
    }

    fn socket(&mut self, at: &AtCall<'_>, decoded: &Decoded) -> Decision {
        let mut address = vec![0; (at.entry.arguments[2] as usize).min(128)];
        let read = at.memory.read(at.entry.arguments[1], &mut address).unwrap_or(0);
        address.truncate(read);
        let name = String::from_utf8_lossy(address.get(2..).unwrap_or_default()).replace('\0', "@");
        let path = PathBuf::from(format!("the socket {name:?}"));
        let kind = match decoded.system.name {
            "bind" => AccessKind::Store,
            _ => AccessKind::Load,
        };
        match self.note(at.process, &path, kind) {
            Ok(()) => Decision::Harmless,
            Err(reason) => Decision::Uncontrolled(reason),
        }
    }

    fn map(&mut self, at: &AtCall<'_>, decoded: Decoded) -> Decision {
        let argument = |position: usize| at.entry.arguments[position] as i32;
        let writes = argument(2) & bits::MAY_WRITE != 0 && argument(3) & bits::MAP_SHARED != 0;
        match self.tree.descriptor(at, argument(4)) {
            Some(Target::Outside { path, .. }) if writes => match self.note(at.process, &path, AccessKind::Store) {
                Ok(()) => Decision::Harmless,
                Err(reason) => Decision::Uncontrolled(reason),
            },
            Some(Target::Object(_)) => self.on_files(at, decoded),
            _ => Decision::Harmless,
        }
    }

    fn end(&mut self, at: &AtCall<'_>, is_thread: bool) -> Decision {
        let first = self.first.get(&at.process) == Some(&at.group);
        // A thread that is not the last ends alone.
        let alone = || {
            let group = |(_, group): &(ProcessId, i32)| *group == at.group;
            self.tree.tasks.values().filter(|task| group(task)).count() == 1
        };
        if is_thread && !alone() {
            return Decision::Harmless;
        }
        let frees = || !self.held(at.task).is_empty();
        if first || !self.locked.is_empty() && frees() {
            Decision::Exits
        } else {
            Decision::Harmless
        }
    }
}
