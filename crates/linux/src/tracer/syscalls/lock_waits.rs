//! Calls that wait for a kernel lock: whether they can be made, and what becomes of those that cannot.
//!
//! - A record lock: if the processes that wait stand in a circle, the kernel refuses the last of them with `EDEADLK`
//!   (`fs/locks.c`, `posix_locks_deadlock`). Each of them may be the last.
//! - `flock`: a call that makes a shared lock exclusive releases the shared one first, and waits without any
//!   ([flock(2)](https://man7.org/linux/man-pages/man2/flock.2.html), "Converting a lock").
//!
//! The kernel looks only at the first lock in the way, and finds no circle through an `flock`, or behind a lock of an open file
//! description. So does this file.

use std::collections::BTreeSet;

use super::call_flags;
use super::decode::Decoded;
use super::interpreter::{AtCall, Made, Outcome};
use super::lock_request::{Instead, Owner, Request};
use super::path_walk::End;
use super::programs::{Pending, Programs};
use super::watched_tree::Inode;
use crate::sys::bits;
use crate::sys::descriptors::{self, LockKind};
use crate::sys::syscalls::SyscallClass;
use crate::sys::waits::{self, Descriptor, Found, Wanted};
use onewinner_core::access::{Access, AccessKind, Accesses, Object};
use onewinner_core::explore::{Lost, Retry};
use onewinner_core::fs::Errno;
use onewinner_core::fs::call::{Argument, Call};

/// How many waits the kernel follows: `MAX_DEADLK_ITERATIONS` of `fs/locks.c`.
const MOST_WAITS: u32 = 10;

/// Whether the one that waits last closes a circle.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Circle {
    Closed,
    Open,
    /// That depends on which of several locks the kernel finds first.
    Unknown,
}

impl Programs {
    /// The lock that a call waits for, and its descriptor.
    fn wanted(at: &AtCall<'_>, class: SyscallClass) -> Option<(i32, Wanted)> {
        let argument = |position: usize| at.entry.arguments[position] as i32;
        match class {
            SyscallClass::Flock if argument(1) & (bits::WITHOUT_WAITING | bits::UNLOCK) == 0 => {
                let exclusive = argument(1) & bits::ALONE != 0;
                Some((argument(0), Wanted::Flock { exclusive }))
            }
            SyscallClass::Fcntl => {
                bits::impatient(argument(1))?;
                let wanted = Wanted::Record {
                    // Where it cannot be read, the kernel refuses the call.
                    record: call_flags::record(at).ok()?,
                    of_a_description: bits::of_a_description(argument(1)),
                };
                Some((argument(0), wanted))
            }
            _ => None,
        }
    }

    /// The record lock that a call waits for.
    pub(super) fn request(&self, at: &AtCall<'_>, decoded: &Decoded) -> Option<Request> {
        let (fd, wanted) = Self::wanted(at, decoded.class)?;
        let Wanted::Record {
            record,
            of_a_description,
        } = wanted
        else {
            return None;
        };
        let End::Object(there) = self.tree.descriptor(at.task, fd) else {
            return None;
        };
        let offset = descriptors::offset(at.task, fd).unwrap_or(0);
        Some(Request {
            at: descriptor(at, fd),
            inode: there.id,
            number: there.number,
            of_a_description,
            exclusive: waits::is_exclusive(&record),
            bytes: waits::bytes(&record, offset, there.size),
        })
    }

    /// Whether a call that waits for a lock can be made now, or no call of this class waits.
    pub(super) fn gets_lock(&self, at: &AtCall<'_>, class: SyscallClass) -> bool {
        let Some((fd, wanted)) = Self::wanted(at, class) else {
            return true;
        };
        let request = self.pending.get(&at.task).and_then(|pending| pending.request.as_ref());
        // Where it is unknown, the kernel decides.
        match (waits::find(descriptor(at, fd), wanted), request) {
            (Ok(Found::Taken), Some(request)) => self.circle_of(request) != Circle::Open,
            (Ok(Found::Own), Some(request)) => {
                let others = self.owners(request);
                others.is_none_or(|others| others.is_empty()) || self.circle_of(request) != Circle::Open
            }
            (Ok(Found::Taken), None) => false,
            _ => true,
        }
    }

    /// The step is taken: how a call is made that waits for a lock, without waiting.
    pub(super) fn tries_lock(&mut self, at: &AtCall<'_>, class: SyscallClass) -> Result<Made, Lost> {
        if class == SyscallClass::Fcntl {
            self.forgets_order(at);
        }
        let mut arguments = at.entry.arguments;
        let Some((_, wanted)) = Self::wanted(at, class) else {
            return Ok(Made::AsAsked);
        };
        let pending = &self.pending[&at.task];
        let instead = match (wanted, &pending.request) {
            (Wanted::Flock { .. }, _) if pending.touched.converts => Instead::BeginsAgain,
            (Wanted::Record { .. }, Some(request)) => match self.circle_of(request) {
                Circle::Closed => Instead::Fails,
                Circle::Open => Instead::Lost,
                Circle::Unknown => {
                    let reason = format!(
                        "{} waits for a record lock that several processes have, in a circle: whether fcntl fails with EDEADLK depends on the order in the kernel",
                        at.process
                    );
                    let again = Retry::Never;
                    return Err(Lost { reason, again });
                }
            },
            _ => Instead::Lost,
        };
        let pending = self.pending.get_mut(&at.task);
        pending.expect("the task is stopped at a controlled call").instead = instead;
        match wanted {
            Wanted::Flock { .. } => arguments[1] |= u64::from(bits::WITHOUT_WAITING.cast_unsigned()),
            Wanted::Record { .. } => {
                let command = bits::impatient(arguments[1] as i32).expect("it waits");
                arguments[1] = u64::from(command.cast_unsigned());
            }
        }
        Ok(Made::With(arguments))
    }

    /// Whether a call was made without waiting that would have waited.
    pub(super) fn had_to_wait(at: &AtCall<'_>, class: SyscallClass, errno: Option<Errno>) -> bool {
        matches!(errno, Some(Errno::EAGAIN | Errno::EACCES)) && Self::wanted(at, class).is_some()
    }

    /// What becomes of such a call.
    pub(super) fn waits_instead(&mut self, at: &AtCall<'_>, pending: Pending) -> Outcome {
        let accesses: Accesses = pending.touched.watched.iter().flatten().cloned().collect();
        let call = self.shown(&pending.decoded);
        match pending.instead {
            Instead::Lost => {
                self.pending.insert(at.task, pending);
                Outcome::Waits
            }
            Instead::Fails => Outcome::Performed {
                call,
                reply: Err(Errno::EDEADLK),
                accesses,
                instead: Some(-i64::from(Errno::EDEADLK.raw())),
            },
            Instead::BeginsAgain => {
                self.lock(&pending.decoded, &accesses);
                let shared = "LOCK_EX: it releases LOCK_SH and waits".to_owned();
                let fd = Argument::Text((at.entry.arguments[0] as i32).to_string());
                let call = Call::Foreign {
                    name: "flock".to_owned(),
                    arguments: vec![fd, Argument::Text(shared)],
                };
                Outcome::BeginsAgain { call, accesses }
            }
        }
    }

    /// Adds what decides whether a request closes a circle: what all of them wait for. Each of them can end it.
    pub(super) fn add_circle(&self, at: &AtCall<'_>, accesses: &mut Vec<Access>) {
        let Some(request) = self.pending.get(&at.task).and_then(|pending| pending.request) else {
            return;
        };
        if self.circle_of(&request) == Circle::Open {
            return;
        }
        for other in self.requests() {
            accesses.push(Access {
                object: Object::Locks(other.inode),
                kind: AccessKind::Store,
            });
        }
    }

    /// A process is about to take a record lock: if it has none on the inode, its locks come last there.
    fn forgets_order(&mut self, at: &AtCall<'_>) {
        if let Some(there) = self.locked_by_process(at)
            && self.locks.has_no_record(at.task, &there, &self.tree)
        {
            self.locks.leaves(there.id, at.group);
        }
    }

    /// A call on locks was made.
    pub(super) fn remembers_order(&mut self, at: &AtCall<'_>) {
        if let Some(there) = self.locked_by_process(at) {
            self.locks.joins(there.id, at.group);
        }
    }

    /// The inode on which a call takes a record lock for its process.
    fn locked_by_process(&self, at: &AtCall<'_>) -> Option<Inode> {
        let [fd, command, ..] = at.entry.arguments.map(|argument| argument as i32);
        if !bits::LOCKING.contains(&command) || bits::of_a_description(command) {
            return None;
        }
        let record = call_flags::record(at).ok()?;
        match self.tree.descriptor(at.task, fd) {
            End::Object(there) if !waits::gives_back(&record) => Some(there),
            _ => None,
        }
    }

    fn requests(&self) -> impl Iterator<Item = &Request> {
        self.pending.values().filter_map(|pending| pending.request.as_ref())
    }

    /// Whether a request closes a circle, if it is the last one.
    fn circle_of(&self, caller: &Request) -> Circle {
        let owner = caller.owner();
        if caller.of_a_description || self.requests().all(|other| other.owner().is(owner)) {
            return Circle::Open;
        }
        let Some(blockers) = self.first_owners(caller) else {
            return Circle::Unknown;
        };
        let ways = blockers
            .into_iter()
            .map(|blocker| self.leads(blocker, owner, MOST_WAITS));
        together(ways).unwrap_or(Circle::Open)
    }

    /// Whether what an owner waits for leads back to the caller.
    fn leads(&self, blocker: Owner, caller: Owner, left: u32) -> Circle {
        let mut ways = Vec::new();
        for waiting in self.requests().filter(|request| request.owner().is(blocker)) {
            let Some(blockers) = self.first_owners(waiting) else {
                return Circle::Unknown;
            };
            for next in blockers {
                ways.push(match next {
                    // The kernel does not note who waits for such a lock.
                    Owner::Description(..) => Circle::Open,
                    next if next.is(caller) => Circle::Closed,
                    _ if left == 0 => Circle::Open,
                    next => self.leads(next, caller, left - 1),
                });
            }
        }
        together(ways.into_iter()).unwrap_or(Circle::Open)
    }

    /// Who has the first lock in the way of a request; several if that is unknown.
    fn first_owners(&self, request: &Request) -> Option<Vec<Owner>> {
        let owners = self.owners(request)?;
        let place = |owner: &Owner| match owner {
            Owner::Process(group) => self.locks.place(request.inode, *group),
            Owner::Description(..) => None,
        };
        let places: Option<Vec<usize>> = owners.iter().map(place).collect();
        let first = places.and_then(|places| places.into_iter().zip(&owners).min_by_key(|(place, _)| *place));
        Some(match first {
            Some((_, owner)) => vec![*owner],
            None => owners,
        })
    }

    /// Who has a lock that a request has to wait for; `None` if that cannot be examined.
    fn owners(&self, request: &Request) -> Option<Vec<Owner>> {
        let own = request.owner();
        let groups: BTreeSet<i32> = self.tree.tasks.values().map(|(_, group)| *group).collect();
        let mut owners: Vec<Owner> = Vec::new();
        for group in groups {
            for (fd, end) in self.tree.open(group).ok()? {
                if !matches!(end, End::Object(there) if there.number == request.number) {
                    continue;
                }
                for held in descriptors::locks(group, fd).ok()? {
                    let owner = match held.kind {
                        LockKind::Record => Owner::Process(group),
                        LockKind::Description => Owner::Description(group, fd),
                        LockKind::Flock | LockKind::Other => continue,
                    };
                    let excludes = (held.exclusive || request.exclusive) && held.bytes.overlap(request.bytes);
                    if excludes && !owner.is(own) && !owners.iter().any(|known| known.is(owner)) {
                        owners.push(owner);
                    }
                }
            }
        }
        Some(owners)
    }
}

/// What several ways lead to; `None` if there are none.
fn together(mut ways: impl Iterator<Item = Circle>) -> Option<Circle> {
    let first = ways.next()?;
    Some(if ways.all(|way| way == first) {
        first
    } else {
        Circle::Unknown
    })
}

fn descriptor(at: &AtCall<'_>, fd: i32) -> Descriptor {
    Descriptor {
        task: at.task,
        group: at.group,
        fd,
    }
}
