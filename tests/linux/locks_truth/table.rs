//! What the three kinds of kernel locks answer, as data: measured on Linux, in scripts of three processes.
//!
//! P has the lock, C is the child that it forks, Q is another. Knows neither kernel nor simulation: each entry is a script of calls and
//! what the last of them answers.

use onewinner_core::fs::call::{Call, Reply};
use onewinner_core::fs::{AccessMode, Create, Errno, Fd, Flock, Mode, OpenFlags, RecordLock};

/// Who makes a call.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Who {
    P,
    /// The child of P.
    C,
    Q,
}

/// A kind of lock.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Kind {
    Flock,
    Fcntl,
    Ofd,
}

pub(crate) const KINDS: [Kind; 3] = [Kind::Flock, Kind::Fcntl, Kind::Ofd];

/// What the last call of a script answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Answer {
    Granted,
    Busy,
    /// The descriptor is not open for this.
    BadDescriptor,
}

impl Answer {
    pub(crate) fn of(reply: &Reply) -> Self {
        match reply {
            Ok(_) => Self::Granted,
            Err(Errno::EAGAIN) => Self::Busy,
            Err(Errno::EBADF) => Self::BadDescriptor,
            Err(other) => panic!("no lock answers {other}"),
        }
    }
}

/// A script: who makes which call.
pub(crate) type Script = Vec<(Who, Call)>;

/// A column of the table: what happens after P has taken the lock, and the answers for `flock`, `fcntl` and OFD locks.
pub(crate) struct Column {
    pub(crate) name: &'static str,
    then: fn(Kind) -> Script,
    pub(crate) answers: [Answer; 3],
}

use Answer::{BadDescriptor, Busy, Granted};
use Who::{C, P, Q};

pub(crate) const COLUMNS: &[Column] = &[
    Column {
        name: "Q tries",
        then: |kind| vec![(Q, open()), (Q, kind.take(0))],
        answers: [Busy, Busy, Busy],
    },
    Column {
        name: "P opens and closes another descriptor, Q tries",
        then: |kind| vec![(P, open()), (P, close(1)), (Q, open()), (Q, kind.take(0))],
        answers: [Busy, Granted, Busy],
    },
    Column {
        name: "P tries by a second descriptor",
        then: |kind| vec![(P, open()), (P, kind.take(1))],
        answers: [Busy, Granted, Busy],
    },
    Column {
        name: "the child unlocks, Q tries",
        then: |kind| vec![(P, Call::Fork), (C, kind.unlock(0)), (Q, open()), (Q, kind.take(0))],
        answers: [Granted, Busy, Granted],
    },
    Column {
        name: "P closes while the child is there, Q tries",
        then: |kind| vec![(P, Call::Fork), (P, close(0)), (Q, open()), (Q, kind.take(0))],
        answers: [Busy, Granted, Busy],
    },
    Column {
        name: "P ends while the child is there, Q tries",
        then: |kind| vec![(P, Call::Fork), (P, Call::Exit), (Q, open()), (Q, kind.take(0))],
        answers: [Busy, Granted, Busy],
    },
    Column {
        name: "the child closes and ends, Q tries",
        then: |kind| {
            let child = [Call::Fork, close(0)].into_iter().zip([P, C]);
            let mut script: Script = child.map(|(call, who)| (who, call)).collect();
            script.extend([(C, Call::Exit), (Q, open()), (Q, kind.take(0))]);
            script
        },
        answers: [Busy, Busy, Busy],
    },
    Column {
        name: "the child tries by the descriptor that it inherited",
        then: |kind| vec![(P, Call::Fork), (C, kind.take(0))],
        answers: [Granted, Busy, Granted],
    },
    Column {
        name: "P ends, Q tries",
        then: |kind| vec![(P, Call::Exit), (Q, open()), (Q, kind.take(0))],
        answers: [Granted, Granted, Granted],
    },
];

impl Column {
    /// The whole script for one kind.
    pub(crate) fn script(&self, kind: Kind) -> Script {
        let mut script = vec![(P, open()), (P, kind.take(0))];
        script.extend((self.then)(kind));
        script
    }
}

/// Whether Q gets a lock of one kind while P has one of another; in the order of [`KINDS`].
pub(crate) const BESIDE: [[Answer; 3]; 3] = [[Busy, Granted, Granted], [Granted, Busy, Busy], [Granted, Busy, Busy]];

/// P takes the one, Q tries the other.
pub(crate) fn beside(held: Kind, tried: Kind) -> Script {
    vec![(P, open()), (P, held.take(0)), (Q, open()), (Q, tried.take(0))]
}

/// P takes both, by one descriptor: only an OFD lock is in the way of its own process.
pub(crate) const WITHIN: [[Answer; 3]; 3] = [
    [Granted, Granted, Granted],
    [Granted, Granted, Busy],
    [Granted, Busy, Granted],
];

/// P takes the one and tries the other, by one descriptor.
pub(crate) fn within(held: Kind, tried: Kind) -> Script {
    vec![(P, open()), (P, held.take(0)), (P, tried.take(0))]
}

/// What a descriptor must be open for: exclusive and shared locks of the kinds.
pub(crate) const ACCESS: [(AccessMode, [Answer; 3], [Answer; 3]); 2] = [
    (
        AccessMode::Read,
        [Granted, BadDescriptor, BadDescriptor],
        [Granted, Granted, Granted],
    ),
    (
        AccessMode::Write,
        [Granted, Granted, Granted],
        [Granted, BadDescriptor, BadDescriptor],
    ),
];

/// P takes a lock by a descriptor that is open for one thing only.
pub(crate) fn by_access(access: AccessMode, take: Call) -> Script {
    vec![(P, open_for(access)), (P, take)]
}

fn open() -> Call {
    open_for(AccessMode::ReadWrite)
}

fn open_for(access: AccessMode) -> Call {
    Call::Open {
        path: "/lock".into(),
        flags: OpenFlags {
            access,
            create: Create::IfAbsent,
            ..OpenFlags::READ
        },
        mode: Mode::FILE,
    }
}

fn close(fd: u32) -> Call {
    let fd = Fd(fd);
    Call::Close { fd }
}

impl Kind {
    /// Takes it alone.
    pub(crate) fn take(self, fd: u32) -> Call {
        self.call(fd, Flock::TryExclusive, RecordLock::TryExclusive)
    }

    /// Takes it with others.
    pub(crate) fn share(self, fd: u32) -> Call {
        self.call(fd, Flock::TryShared, RecordLock::TryShared)
    }

    fn unlock(self, fd: u32) -> Call {
        self.call(fd, Flock::Unlock, RecordLock::Unlock)
    }

    fn call(self, fd: u32, flock: Flock, record: RecordLock) -> Call {
        let (fd, operation) = (Fd(fd), record);
        match self {
            Self::Flock => Call::Flock { fd, operation: flock },
            Self::Fcntl => Call::RecordLock { fd, operation },
            Self::Ofd => Call::OfdLock { fd, operation },
        }
    }
}
