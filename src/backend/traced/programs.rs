//! The calls of programs, of any language, as the kernel answers them.
//!
//! A call that touches nothing watched is made at once. Files beside the watched directories are noted: if two contenders use
//! one and either changes it, they have found a way past the search, and nothing follows. There is no model of the file
//! system here, so that steps cannot be taken again in another order.

use std::collections::{BTreeMap, BTreeSet};
use std::io;
use std::path::{Path, PathBuf};

use super::decode::{Decoded, decode};
use super::ground::{Ground, New, Spot, There};
use super::interpreter::{AtCall, Decision, Interpreter, Made, Outcome};
use super::replies;
use super::time::Time;
use super::touched::{Touched, looked, touched};
use crate::access::{Access, Accesses, InodeId, Kind, Object};
use crate::explore::{Again, Lost, Move};
use crate::fs::Errno;
use crate::fs::call::{Argument, Call};
use crate::happens_before::Step;
use crate::id::ProcessId;
use crate::sys::bits;
use crate::sys::filter::{self, Clock};
use crate::sys::syscalls::{self, Deed};
use crate::sys::trace::{Memory, take_kernel_code};
use crate::sys::waits::{self, Wanted};

/// How much of what is written is looked through for numbers of processes, in bytes.
const MOST_SAID: usize = 64 * 1024;

/// Who understands the calls of programs.
pub(super) struct Programs {
    ground: Ground,
    /// Whether the file system gives the numbers of inodes that are gone to new ones.
    reuses: bool,
    /// Inodes that somebody has locked, or tried to, in this execution.
    locked: BTreeSet<InodeId>,
    /// The first process of each contender.
    first: BTreeMap<ProcessId, i32>,
    /// What is about to be made, by the task that makes it.
    pending: BTreeMap<i32, Pending>,
    time: Time,
    /// The clock that contenders have: the kernel's, until one sleeps.
    clock: Clock,
    /// The numbers of processes that others are copies of: a copy may take one for its own.
    kept: Vec<i32>,
    /// Whether a copy has done so: there are no more copies.
    mistaken: bool,
    /// Who has used which file beside the watched directories, in any execution.
    outside: BTreeMap<PathBuf, Used>,
}

/// A call that a task waits to make.
struct Pending {
    decoded: Decoded,
    touched: Touched,
}

#[derive(Clone, Debug, Default)]
struct Used {
    by: BTreeSet<ProcessId>,
    changed: bool,
}

impl Programs {
    /// On a file system that does, or does not, use numbers of inodes again.
    pub(super) fn new(reuses: bool) -> Self {
        Self {
            ground: Ground::new(),
            reuses,
            locked: BTreeSet::new(),
            first: BTreeMap::new(),
            pending: BTreeMap::new(),
            time: Time::new(),
            clock: Clock::Real,
            kept: Vec::new(),
            mistaken: false,
            outside: BTreeMap::new(),
        }
    }

    fn touched(&self, at: &AtCall<'_>, decoded: &Decoded) -> Touched {
        let locked = &self.locked;
        let holds = |fd: i32, there: &There| locked.contains(&there.id) && waits::has_lock(at.task, fd);
        touched(at, decoded, &self.ground, &holds, self.reuses)
    }

    /// Notes the use of a file beside the watched directories.
    ///
    /// # Errors
    ///
    /// When another contender uses it too, and one of them changes it.
    fn note(&mut self, process: ProcessId, path: &Path, kind: Kind) -> Result<(), String> {
        let used = self.outside.entry(path.to_owned()).or_default();
        used.by.insert(process);
        used.changed |= kind == Kind::Store;
        if !used.changed || used.by.len() < 2 {
            return Ok(());
        }
        let contenders: Vec<_> = used.by.iter().map(ToString::to_string).collect();
        Err(format!(
            "{} use {}, which is not watched, and one of them changes it; let the lock be at {{lock}}, or name the directory of that file with --dir",
            contenders.join(" and "),
            path.display()
        ))
    }

    /// Whether a copy tells somebody the number that it was told when it was another process, or uses it.
    fn is_mistaken(&self, at: &AtCall<'_>, decoded: &Decoded) -> bool {
        if self.mistaken || self.kept.is_empty() {
            return false;
        }
        let mut said = decoded.call.to_string().into_bytes();
        if decoded.system.deed == Deed::Write {
            let length = (at.entry.arguments[2] as usize).min(MOST_SAID);
            let mut bytes = vec![0; length];
            let read = at.memory.read(at.entry.arguments[1], &mut bytes).unwrap_or(0);
            said.extend_from_slice(&bytes[..read]);
        }
        self.kept.iter().any(|number| {
            let (digits, binary) = (number.to_string().into_bytes(), number.to_ne_bytes());
            said.windows(digits.len()).any(|part| part == digits) || said.windows(4).any(|part| part == binary)
        })
    }

    fn judge(&mut self, at: &AtCall<'_>, decoded: Decoded) -> Decision {
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

    /// Answers a call that asks for the time or for random bytes; one that fails to is left to the kernel.
    fn time_or_lots(&mut self, at: &AtCall<'_>) -> Option<Decision> {
        let number = at.entry.number;
        if filter::draws_lots(number) {
            let drawn = self.time.draw(at);
            return Some(drawn.map_or(Decision::Harmless, Decision::Answered));
        }
        if !filter::tells_the_time(number) {
            return None;
        }
        let told = filter::time_call(number).and_then(|call| self.time.tell(at, call).ok().flatten());
        Some(told.map_or(Decision::Harmless, Decision::Answered))
    }

    fn sleep(&mut self, at: &AtCall<'_>, name: &str) -> Decision {
        match self.time.sleep(at, name) {
            Ok(Some(_)) if self.clock == Clock::Real => {
                self.clock = Clock::Virtual;
                Decision::WantsTime
            }
            Ok(Some(length)) => {
                self.time.pass(at.process, length);
                Decision::Sleeps
            }
            // For a signal, or what the kernel will refuse.
            Ok(None) | Err(_) => Decision::Harmless,
        }
    }

    /// A signal, or a look whether a process is there.
    fn kill(&mut self, at: &AtCall<'_>, decoded: Decoded) -> Decision {
        let argument = |position: usize| at.entry.arguments[position] as i32;
        let name = decoded.system.name;
        let (target, signal) = match name {
            "tgkill" => (argument(1), argument(2)),
            "pidfd_open" => (argument(0), 0),
            _ => (argument(0), argument(1)),
        };
        let own = self.ground.contender(target) == Some(at.process);
        match self.ground.contender(target) {
            _ if own => Decision::Harmless,
            Some(other) if signal == 0 => {
                let access = Access {
                    object: Object::Liveness(other),
                    kind: Kind::Load,
                };
                let watched = Some(vec![access]);
                let touched = Touched {
                    watched,
                    ..Touched::default()
                };
                self.pending.insert(at.task, Pending { decoded, touched });
                Decision::Controlled
            }
            // Whether a stranger is there no contender changes.
            None if signal == 0 && target > 0 => Decision::Harmless,
            _ => Decision::Uncontrolled(format!(
                "{} sends signal {signal} to process {target}, which is not its own",
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
            "bind" => Kind::Store,
            _ => Kind::Load,
        };
        match self.note(at.process, &path, kind) {
            Ok(()) => Decision::Harmless,
            Err(reason) => Decision::Uncontrolled(reason),
        }
    }

    fn map(&mut self, at: &AtCall<'_>, decoded: Decoded) -> Decision {
        let argument = |position: usize| at.entry.arguments[position] as i32;
        let writes = argument(2) & bits::MAY_WRITE != 0 && argument(3) & bits::MAP_SHARED != 0;
        match self.ground.descriptor(at, argument(4)) {
            Some(Spot::Outside { path, .. }) if writes => match self.note(at.process, &path, Kind::Store) {
                Ok(()) => Decision::Harmless,
                Err(reason) => Decision::Uncontrolled(reason),
            },
            Some(Spot::Object(_)) => self.judge(at, decoded),
            _ => Decision::Harmless,
        }
    }

    fn end(&mut self, at: &AtCall<'_>, is_thread: bool) -> Decision {
        let first = self.first.get(&at.process) == Some(&at.group);
        // A thread that is not the last ends alone.
        let alone = || {
            let group = |(_, group): &(ProcessId, i32)| *group == at.group;
            self.ground.tasks.values().filter(|task| group(task)).count() == 1
        };
        if is_thread && !alone() {
            return Decision::Harmless;
        }
        let frees = || !self.held(at.task).is_empty();
        match first || !self.locked.is_empty() && frees() {
            true => Decision::Exits,
            false => Decision::Harmless,
        }
    }

    /// What the end of these tasks touches: the locks that it frees, and that the contender was there.
    fn ends(&self, tasks: &[i32], of: Option<ProcessId>) -> Accesses {
        let mut accesses = Accesses::none();
        for task in tasks {
            self.held(*task)
                .into_iter()
                .for_each(|id| accesses.store(Object::Locks(id)));
        }
        if let Some(process) = of {
            accesses.store(Object::Liveness(process));
        }
        accesses
    }

    /// The inodes that a task holds a lock on.
    fn held(&self, task: i32) -> Vec<InodeId> {
        if self.locked.is_empty() {
            return Vec::new();
        }
        let open = self.ground.open(task).into_iter();
        let held = open.filter(|(fd, there)| self.locked.contains(&there.id) && waits::has_lock(task, *fd));
        held.map(|(_, there)| there.id).collect()
    }

    fn tasks_of(&self, process: ProcessId) -> Vec<i32> {
        let tasks = self.ground.tasks.iter().filter(|(_, (owner, _))| *owner == process);
        tasks.map(|(task, _)| *task).collect()
    }

    /// The lock that a call waits for, and the descriptor by which.
    fn wanted(&self, at: &AtCall<'_>, deed: Deed) -> Option<(i32, Wanted)> {
        let argument = |position: usize| at.entry.arguments[position] as i32;
        match deed {
            Deed::Flock if argument(1) & (bits::WITHOUT_WAITING | bits::UNLOCK) == 0 => {
                let exclusive = argument(1) & bits::ALONE != 0;
                Some((argument(0), Wanted::Flock { exclusive }))
            }
            Deed::Fcntl => {
                bits::impatient(argument(1))?;
                let mut bytes = [0; waits::RECORD_BYTES];
                at.memory.read(at.entry.arguments[2], &mut bytes).ok()?;
                Some((argument(0), Wanted::Record(waits::record(&bytes))))
            }
            _ => None,
        }
    }

    /// As it is shown and kept: without what changes from one execution to the next.
    fn shown(&self, decoded: &Decoded) -> Call {
        let mut call = decoded.call.clone();
        for path in call.paths_mut() {
            *path = self.ground.shown(path);
        }
        let of_a_process = decoded.system.deed == Deed::Kill;
        if let Call::Foreign { arguments, .. } = &mut call {
            for argument in arguments {
                match argument {
                    // Descriptors and flags are numbers too.
                    Argument::Text(text) if of_a_process || text.starts_with('"') => {
                        *text = self.ground.canonical(text);
                    }
                    _ => {}
                }
            }
        }
        call
    }

    fn lock(&mut self, decoded: &Decoded, accesses: &Accesses) {
        if matches!(decoded.system.deed, Deed::Flock | Deed::Fcntl) {
            let locks = accesses.iter().filter_map(|access| match access.object {
                Object::Locks(id) => Some(id),
                _ => None,
            });
            self.locked.extend(locks);
        }
    }

    /// Inodes that are new in a watched directory, and those that have no name there any more.
    fn learn(&mut self, at: &AtCall<'_>, pending: &Pending, returned: i64) -> io::Result<()> {
        pending
            .touched
            .unnames
            .iter()
            .for_each(|number| self.ground.unname(*number));
        let new = match pending.decoded.system.deed {
            Deed::Open | Deed::Make => New::Always,
            _ => New::IfUnknown,
        };
        for made in &pending.touched.makes {
            match pending.decoded.system.deed {
                Deed::Open => {
                    let fd = i32::try_from(returned).map_err(io::Error::other)?;
                    self.ground.identify_open(at.task, fd, at.process)?;
                }
                _ => self.ground.identify(made, Some(at.process), new)?,
            }
        }
        Ok(())
    }
}

impl Interpreter for Programs {
    fn begin(&mut self, directories: &[PathBuf]) -> io::Result<()> {
        self.locked.clear();
        self.first.clear();
        self.pending.clear();
        self.time.begin();
        self.ground.begin(directories)
    }

    fn decide(&mut self, at: &AtCall<'_>) -> Decision {
        if let Some(answered) = self.time_or_lots(at) {
            return answered;
        }
        let Some(system) = syscalls::of(at.entry.number) else {
            return Decision::Uncontrolled(format!(
                "{} makes system call {}, which is not controlled",
                at.process, at.entry.number
            ));
        };
        let is_watched = |position: usize| {
            let fd = at.entry.arguments[position] as i32;
            matches!(self.ground.descriptor(at, fd), Some(Spot::Object(_)))
        };
        match system.deed {
            Deed::Spawn => return Decision::Harmless,
            Deed::Exit => return self.end(at, system.name == "exit"),
            Deed::Sleep if at.task == at.group => return self.sleep(at, system.name),
            // The housekeeping of a runtime: nothing that a search could cut short.
            Deed::Sleep => return Decision::Harmless,
            // Most calls of a starting program are about files that nobody watches.
            Deed::Read | Deed::Seek if !is_watched(0) => return Decision::Harmless,
            Deed::Close if system.name == "close" && !is_watched(0) => return Decision::Harmless,
            _ => {}
        }
        let decoded = match decode(at.task, at.memory, &at.entry) {
            Ok(decoded) => decoded,
            Err(error) => return Decision::Uncontrolled(format!("{}: {error}", at.process)),
        };
        if self.is_mistaken(at, &decoded) {
            self.mistaken = true;
            return Decision::WantsFresh;
        }
        match system.deed {
            Deed::Kill => self.kill(at, decoded),
            Deed::Socket => self.socket(at, &decoded),
            Deed::Map => self.map(at, decoded),
            _ => self.judge(at, decoded),
        }
    }

    fn forecast(&self, at: &AtCall<'_>) -> Accesses {
        let pending = &self.pending[&at.task];
        if pending.decoded.system.deed == Deed::Kill {
            return pending.touched.watched.iter().flatten().cloned().collect();
        }
        // Others have gone on since it came here.
        let touched = self.touched(at, &pending.decoded);
        touched.watched.into_iter().flatten().collect()
    }

    fn may_go_on(&self, at: &AtCall<'_>) -> bool {
        let deed = self.pending[&at.task].decoded.system.deed;
        let wanted = self.wanted(at, deed);
        // Where nobody can tell, the kernel is asked.
        wanted.is_none_or(|(fd, wanted)| waits::could_have(at.task, fd, wanted).unwrap_or(true))
    }

    fn before(&mut self, at: &AtCall<'_>) -> Result<Made, Lost> {
        let decoded = self.pending[&at.task].decoded.clone();
        let touched = self.touched(at, &decoded);
        let deed = decoded.system.deed;
        let is_kill = deed == Deed::Kill;
        let pending = self.pending.get_mut(&at.task).expect("the task waits to make a call");
        if !is_kill {
            pending.touched = touched;
        }
        let mut arguments = at.entry.arguments;
        match self.wanted(at, deed) {
            Some((_, Wanted::Flock { .. })) => arguments[1] |= u64::from(bits::WITHOUT_WAITING.cast_unsigned()),
            Some((_, Wanted::Record(_))) => {
                let command = bits::impatient(arguments[1] as i32).expect("it waits");
                arguments[1] = u64::from(command.cast_unsigned());
            }
            None => return Ok(Made::AsAsked),
        }
        Ok(Made::With(arguments))
    }

    fn after(&mut self, at: &AtCall<'_>, returned: i64) -> Result<Outcome, Lost> {
        let pending = self
            .pending
            .remove(&at.task)
            .expect("a call is made that was waited at");
        let errno = i32::try_from(-returned)
            .ok()
            .filter(|number| (1..4096).contains(number));
        let errno = errno.map(Errno::from_raw);
        let waited = self.wanted(at, pending.decoded.system.deed).is_some();
        if waited && matches!(errno, Some(Errno::EAGAIN | Errno::EACCES)) {
            self.pending.insert(at.task, pending);
            return Ok(Outcome::Waits);
        }
        let watched = pending.touched.watched.as_deref().unwrap_or_default();
        let accesses = match errno {
            Some(_) => looked(watched),
            None => watched.iter().cloned().collect(),
        };
        self.lock(&pending.decoded, &accesses);
        if errno.is_none() {
            self.learn(at, &pending, returned).map_err(|error| Lost {
                reason: format!("a new file of {} cannot be looked at: {error}", at.process),
                again: Again::Maybe,
            })?;
        }
        let call = self.shown(&pending.decoded);
        let reply = match errno {
            Some(errno) => Err(errno),
            None => Ok(replies::value(at, &pending.decoded, returned, &self.ground)),
        };
        Ok(Outcome::Performed { call, reply, accesses })
    }

    fn fails(&mut self, at: &AtCall<'_>) -> Option<Call> {
        let decoded = self.pending[&at.task].decoded.clone();
        if decoded.system.deed == Deed::Close {
            return None;
        }
        self.pending.remove(&at.task);
        Some(self.shown(&decoded))
    }

    fn exit(&mut self, at: &AtCall<'_>) -> (Call, Accesses) {
        if self.first.get(&at.process) == Some(&at.group) {
            return (Call::Exit, self.ends(&[at.task], Some(at.process)));
        }
        let call = Call::Foreign {
            name: "exit_group".to_owned(),
            arguments: Vec::new(),
        };
        (call, self.ends(&[at.task], None))
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
            _ => self.ends(&self.tasks_of(process), Some(process)),
        }
    }

    fn born(&mut self, process: ProcessId, task: i32, group: i32) {
        self.ground.tasks.insert(task, (process, group));
    }

    fn starts(&mut self, process: ProcessId, task: i32) {
        self.first.insert(process, task);
        self.time.starts(process);
    }

    fn copies(&self) -> bool {
        !self.mistaken
    }

    fn keeps(&mut self, process: ProcessId, task: i32) {
        self.kept.push(task);
        self.time.keep(process);
    }

    fn executed(&mut self, memory: &Memory, stack: u64) -> io::Result<()> {
        match self.clock {
            Clock::Real => Ok(()),
            Clock::Virtual => take_kernel_code(memory, stack),
        }
    }

    fn clock(&self) -> Clock {
        self.clock
    }

    fn notes(&self) -> Vec<String> {
        let afresh = "each contender was started afresh for each execution: it tells its process number to others";
        let copied =
            "contenders are copies of some that were started once, and have come to their first controlled call";
        let slept = "a program slept: its clock is the tracer's, and a sleep ends when another has changed something";
        let notes = [
            Some("set-uid and set-gid programs have no privileges here (no_new_privs)"),
            Some("threads and children of one contender take turns in one order"),
            (self.clock == Clock::Virtual).then_some(slept),
            self.mistaken.then_some(afresh),
            (!self.mistaken && !self.kept.is_empty()).then_some(copied),
        ];
        notes.into_iter().flatten().map(str::to_owned).collect()
    }

    fn gone(&mut self, task: i32) {
        self.pending.remove(&task);
    }

    /// There is no model: a search that needs one is refused before.
    fn replay(&mut self, _: usize, _: &[Move]) -> Vec<Accesses> {
        Vec::new()
    }

    fn waiting(&mut self) -> Vec<Step> {
        let waits = |(task, pending): (&i32, &Pending)| {
            let process = self.ground.contender(*task)?;
            let accesses = pending.touched.watched.iter().flatten().cloned().collect();
            Some(Step { process, accesses })
        };
        self.pending.iter().filter_map(waits).collect()
    }
}
