//! The calls of a lock over `Fs`: decoded, and made again on a shadow, the simulated file system.
//!
//! The shadow tells the exact footprint of each call, also of calls in another order. If the kernel answers otherwise than
//! the shadow, nothing follows: one of them is wrong.

use std::ffi::OsStr;
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::interpreter::{AtCall, Decision, Interpreter, Made, Outcome};
use crate::access::Accesses;
use crate::explore::{Again, Lost, Move};
use crate::fs::call::{Call, Reply, Value};
use crate::fs::real as kernel;
use crate::fs::{Create, Errno, Fd, Mode, sim};
use crate::happens_before::Step;
use crate::id::ProcessId;
use crate::sys::syscalls;

/// The longest path, in bytes.
const LONGEST_PATH: usize = 4096;

/// The shadow, and what each process waits at.
pub(super) struct Primitives {
    first: sim::State,
    state: sim::State,
    in_turn: bool,
    directories: Vec<PathBuf>,
    /// For each process the kernel's descriptors, by their number in `Fs`.
    descriptors: Vec<Vec<Option<i32>>>,
    pending: Vec<Option<Call>>,
    steps: Vec<(ProcessId, Call)>,
}

impl Primitives {
    /// For so many processes; `in_turn` if a second one begins only when the first is at its end.
    pub(super) fn new(first: sim::State, processes: usize, in_turn: bool) -> Self {
        Self {
            state: first.clone(),
            first,
            in_turn,
            directories: Vec::new(),
            descriptors: vec![Vec::new(); processes],
            pending: vec![None; processes],
            steps: Vec::new(),
        }
    }

    /// Whether a process may take a step behind these: the second attempt of a fault begins when the first is over.
    fn may_begin(&self, process: ProcessId, kept: usize, then: &[Move]) -> bool {
        if !self.in_turn || process == ProcessId(0) {
            return true;
        }
        let of_first = |step: &usize| self.steps[*step].0 == ProcessId(0);
        let taken = then.iter().filter_map(|step| match step {
            Move::Taken(position) => Some(*position),
            Move::Waiting(_) => None,
        });
        let before = (0..kept).chain(taken).filter(of_first).count();
        before == (0..self.steps.len()).filter(of_first).count()
    }

    fn waiting_at(&self, process: ProcessId) -> &Call {
        let call = self.pending[process.index()].as_ref();
        call.expect("the engine asks about processes that wait at a call")
    }

    fn path(&self, at: &AtCall<'_>, argument: usize) -> Option<PathBuf> {
        let bytes = at.memory.string(at.entry.arguments[argument], LONGEST_PATH).ok()?;
        let path = Path::new(OsStr::from_bytes(&bytes));
        let directory = &self.directories[at.process.index() % self.directories.len()];
        Some(Path::new("/").join(path.strip_prefix(directory).ok()?))
    }

    fn fd(&self, at: &AtCall<'_>, argument: usize) -> Option<Fd> {
        let wanted = Some(at.entry.arguments[argument] as i32);
        let place = self.descriptors[at.process.index()]
            .iter()
            .position(|open| *open == wanted)?;
        u32::try_from(place).ok().map(Fd)
    }

    /// The call that is asked for; `None` for one that no method of `Fs` makes.
    fn decode(&self, at: &AtCall<'_>, name: &str) -> Option<Call> {
        let number = |argument: usize| at.entry.arguments[argument];
        let mode = |argument: usize| Mode((number(argument) & 0o7777) as u16);
        Some(match name {
            "openat" => {
                let flags = kernel::open_flags(number(2) as i32)?;
                Call::Open {
                    path: self.path(at, 1)?,
                    flags,
                    // Without O_CREAT C libraries leave the argument out, and the kernel does not look at it.
                    mode: if flags.create == Create::Never {
                        Mode::FILE
                    } else {
                        mode(3)
                    },
                }
            }
            "close" => Call::Close { fd: self.fd(at, 0)? },
            "read" => Call::Read {
                fd: self.fd(at, 0)?,
                length: usize::try_from(number(2)).ok()?,
            },
            "write" => {
                let mut bytes = vec![0; usize::try_from(number(2)).ok()?];
                let read = at.memory.read(number(1), &mut bytes).ok()?;
                bytes.truncate(read);
                Call::Write {
                    fd: self.fd(at, 0)?,
                    bytes,
                }
            }
            "newfstatat" if kernel::is_of_the_descriptor(number(3) as i32) => Call::Fstat { fd: self.fd(at, 0)? },
            "newfstatat" => Call::Stat {
                path: self.path(at, 1)?,
            },
            "fstat" => Call::Fstat { fd: self.fd(at, 0)? },
            "linkat" => Call::Link {
                existing: self.path(at, 1)?,
                new: self.path(at, 3)?,
            },
            "rename" => Call::Rename {
                from: self.path(at, 0)?,
                to: self.path(at, 1)?,
            },
            "renameat" | "renameat2" => Call::Rename {
                from: self.path(at, 1)?,
                to: self.path(at, 3)?,
            },
            "unlink" => Call::Unlink {
                path: self.path(at, 0)?,
            },
            "unlinkat" if kernel::is_of_a_directory(number(2) as i32) => Call::Rmdir {
                path: self.path(at, 1)?,
            },
            "unlinkat" => Call::Unlink {
                path: self.path(at, 1)?,
            },
            "mkdir" => Call::Mkdir {
                path: self.path(at, 0)?,
                mode: mode(1),
            },
            "mkdirat" => Call::Mkdir {
                path: self.path(at, 1)?,
                mode: mode(2),
            },
            "rmdir" => Call::Rmdir {
                path: self.path(at, 0)?,
            },
            "flock" => Call::Flock {
                fd: self.fd(at, 0)?,
                operation: kernel::flock(number(1) as i32)?,
            },
            _ => return None,
        })
    }

    /// The kernel's answer in the words of `Fs`.
    fn reply(&mut self, at: &AtCall<'_>, call: &Call, returned: i64) -> Option<Reply> {
        if let Call::Close { fd } = call {
            self.descriptors[at.process.index()][fd.0 as usize] = None;
        }
        if returned < 0 {
            return Some(Err(Errno::from_raw(i32::try_from(-returned).ok()?)));
        }
        Some(Ok(match call {
            Call::Open { .. } => Value::Fd(self.install(at.process, i32::try_from(returned).ok()?)),
            Call::Read { .. } => {
                let mut bytes = vec![0; usize::try_from(returned).ok()?];
                at.memory.read(at.entry.arguments[1], &mut bytes).ok()?;
                Value::Bytes(bytes)
            }
            Call::Write { .. } => Value::Count(usize::try_from(returned).ok()?),
            Call::Stat { .. } | Call::Fstat { .. } => {
                // fstat has its buffer second, newfstatat third.
                let own = syscalls::of(at.entry.number).is_some_and(|call| call.name == "fstat");
                let mut bytes = [0; kernel::STAT_BYTES];
                at.memory
                    .read(at.entry.arguments[if own { 1 } else { 2 }], &mut bytes)
                    .ok()?;
                Value::Stat(kernel::stat_of(&bytes))
            }
            _ => Value::Done,
        }))
    }

    fn install(&mut self, process: ProcessId, descriptor: i32) -> Fd {
        let descriptors = &mut self.descriptors[process.index()];
        let place = descriptors
            .iter()
            .position(Option::is_none)
            .unwrap_or(descriptors.len());
        descriptors.resize(descriptors.len().max(place + 1), None);
        descriptors[place] = Some(descriptor);
        Fd(u32::try_from(place).expect("a process opens few files"))
    }
}

/// Without inode numbers, which the kernel gives as it likes.
fn unnumbered(reply: &Reply) -> Reply {
    let mut reply = reply.clone();
    if let Ok(Value::Stat(stat)) = &mut reply {
        stat.inode = 0;
    }
    reply
}

fn shown(reply: &Reply) -> String {
    match reply {
        Ok(value) => value.to_string(),
        Err(errno) => errno.to_string(),
    }
}

impl Interpreter for Primitives {
    fn begin(&mut self, directories: &[PathBuf]) -> io::Result<()> {
        self.state = self.first.clone();
        self.directories = directories.to_vec();
        self.descriptors.iter_mut().for_each(Vec::clear);
        self.pending.fill(None);
        self.steps.clear();
        Ok(())
    }

    fn decide(&mut self, at: &AtCall<'_>) -> Decision {
        let name = match syscalls::of(at.entry.number) {
            Some(call) => call.name,
            None => return Decision::Uncontrolled(format!("uncontrolled call number {}", at.entry.number)),
        };
        if name == "exit_group" {
            return Decision::Finished;
        }
        match self.decode(at, name) {
            Some(call) => {
                self.pending[at.process.index()] = Some(call);
                Decision::Controlled
            }
            None => Decision::Uncontrolled(format!("uncontrolled call {name} of {}", at.process)),
        }
    }

    fn forecast(&self, at: &AtCall<'_>) -> Accesses {
        self.state.clone().step(at.process, self.waiting_at(at.process)).1
    }

    fn may_go_on(&self, at: &AtCall<'_>) -> bool {
        self.state.waits(at.process, self.waiting_at(at.process)).is_none()
    }

    fn before(&mut self, _: &AtCall<'_>) -> Result<Made, Lost> {
        // A lock that would wait is not asked for: see `may_go_on`.
        Ok(Made::AsAsked)
    }

    fn after(&mut self, at: &AtCall<'_>, returned: i64) -> Result<Outcome, Lost> {
        let call = self.pending[at.process.index()].take();
        let call = call.expect("a call is made that was waited at");
        let kernels = self.reply(at, &call, returned);
        let (reply, accesses) = self.state.step(at.process, &call);
        if kernels.as_ref().map(unnumbered) != Some(unnumbered(&reply)) {
            let kernels = kernels.as_ref().map_or("nothing that can be read".to_owned(), shown);
            return Err(Lost {
                reason: format!(
                    "model mismatch: {call} = {kernels} but the model says {}",
                    shown(&reply)
                ),
                again: Again::Never,
            });
        }
        self.steps.push((at.process, call.clone()));
        Ok(Outcome::Performed { call, reply, accesses })
    }

    fn exit(&mut self, at: &AtCall<'_>) -> (Call, Accesses) {
        (Call::Exit, self.made(at.process, &Call::Exit))
    }

    fn made(&mut self, process: ProcessId, call: &Call) -> Accesses {
        self.pending[process.index()] = None;
        self.steps.push((process, call.clone()));
        self.state.step(process, call).1
    }

    fn would(&self, process: ProcessId, call: &Call) -> Accesses {
        self.state.clone().step(process, call).1
    }

    fn awaits(&mut self, process: ProcessId, call: &Call) {
        self.pending[process.index()] = Some(call.clone());
    }

    fn holds_locks(&self, process: ProcessId) -> bool {
        self.state.holds_locks(process)
    }

    fn shadow(&self) -> Option<&sim::State> {
        Some(&self.state)
    }

    fn replay(&mut self, kept: usize, then: &[Move]) -> Vec<Accesses> {
        let mut state = self.first.clone();
        for (process, call) in &self.steps[..kept] {
            let _same = state.step(*process, call);
        }
        let mut accesses = Vec::new();
        for step in then {
            let (process, call) = match step {
                Move::Taken(position) => &self.steps[*position],
                Move::Waiting(process) => &(*process, self.waiting_at(*process).clone()),
            };
            if state.waits(*process, call).is_some() || !self.may_begin(*process, kept, &then[..accesses.len()]) {
                break;
            }
            accesses.push(state.step(*process, call).1);
        }
        accesses
    }

    fn waiting(&mut self) -> Vec<Step> {
        let pending = ProcessId::first(self.pending.len()).zip(&self.pending);
        let waits = |(process, call): (ProcessId, &Option<Call>)| {
            let accesses = self.state.waits(process, call.as_ref()?)?;
            Some(Step { process, accesses })
        };
        pending.filter_map(waits).collect()
    }
}
