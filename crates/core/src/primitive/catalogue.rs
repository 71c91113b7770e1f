//! All primitives that onewinner ships, in one list.

use super::{
    Absent, BreakMutex, BreakRename, BreakUnlink, CreateNew, CreateNewOwner, Fcntl, Flock, FlockChecked, FlockUnlink,
    Lease, Link, LockPrimitive, Mkdir, PidFile, RenameDirectory, RenameNew, RenameOver, StatThenWrite, Symlink,
};

/// All primitives that onewinner ships, in the order in which they are listed.
pub const ALL: &[&dyn LockPrimitive] = &[
    &StatThenWrite,
    &CreateNew,
    &CreateNewOwner::EmptyIsBusy,
    &CreateNewOwner::EmptyIsStale,
    &Absent::Retry,
    &Absent::Stale,
    &Mkdir::Bare,
    &Mkdir::Owner,
    &Mkdir::OwnerlessIsStale,
    &RenameDirectory,
    &Symlink,
    &Link,
    &RenameNew,
    &RenameOver::Blind,
    &RenameOver::ReadBack,
    &Flock,
    &FlockUnlink::UnlockFirst,
    &FlockUnlink::CloseFirst,
    &FlockUnlink::CloseLast,
    &FlockChecked::LinkCount,
    &FlockChecked::SameInode,
    &FlockChecked::HalfFix,
    &FlockChecked::Tombstone,
    &Fcntl::Process,
    &Fcntl::Description,
    &PidFile,
    &BreakUnlink::Blind,
    &BreakUnlink::SameInode,
    &BreakRename::Blind,
    &BreakRename::Leave,
    &BreakRename::Restore,
    &BreakRename::RestoreInode,
    &BreakMutex::Blind,
    &BreakMutex::Flock,
    &BreakMutex::File,
    &Lease::Unlink,
    &Lease::Compare,
    &Lease::Rename,
    &Lease::Mutex,
];

/// A broken lock and its repair. Control runs use them: a working harness catches the first and passes the second.
pub const CONTROLS: &[&dyn LockPrimitive] = &[&StatThenWrite, &CreateNew];

/// The primitive with this name.
pub fn by_name(name: &str) -> Option<&'static dyn LockPrimitive> {
    ALL.iter().copied().find(|primitive| primitive.name() == name)
}
