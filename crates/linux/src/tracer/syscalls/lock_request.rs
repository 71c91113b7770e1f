//! A record lock that a task waits for, as a value. Decides nothing.

use super::watched_tree::Number;
use crate::sys::descriptors::{self, Bytes};
use crate::sys::waits::Descriptor;
use onewinner_core::access::InodeId;

/// A record lock that a stopped task waits for.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Request {
    /// The descriptor.
    pub(super) at: Descriptor,
    pub(super) inode: InodeId,
    pub(super) number: Number,
    /// Whether the open file description will hold it, and not the process.
    pub(super) of_a_description: bool,
    pub(super) exclusive: bool,
    pub(super) bytes: Bytes,
}

/// Who has a record lock.
#[derive(Clone, Copy, Debug)]
pub(super) enum Owner {
    /// A process, and all that share its table of descriptors.
    Process(i32),
    /// The open file description behind a descriptor of a process.
    Description(i32, i32),
}

impl Owner {
    /// Whether both are the same, under whatever number.
    pub(super) fn is(self, other: Self) -> bool {
        match (self, other) {
            (Self::Process(one), Self::Process(other)) => {
                one == other || descriptors::share_a_table(one, other).unwrap_or(false)
            }
            (Self::Description(one, its), Self::Description(other, fd)) => {
                (one, its) == (other, fd) || descriptors::are_copies((one, its), (other, fd)).unwrap_or(false)
            }
            _ => false,
        }
    }
}

impl Request {
    /// Who will have the lock.
    pub(super) fn owner(&self) -> Owner {
        if self.of_a_description {
            Owner::Description(self.at.task, self.at.fd)
        } else {
            Owner::Process(self.at.group)
        }
    }
}

/// What becomes of a call that would have waited.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Instead {
    /// It was expected to get its lock.
    #[default]
    Lost,
    /// It fails with `EDEADLK`.
    Fails,
    /// It has released the lock that it had, and begins again.
    BeginsAgain,
}
