//! Which objects a call of a program touches, computed from the file system before the call.
//!
//! All contenders are stopped meanwhile. So the footprint is exact if the call succeeds; a call that fails has only loaded.
//! Objects are read in the order in which the kernel reads them. Makes no call, and knows no search.

use super::decode::Decoded;
use super::interpreter::AtCall;
use super::watched_tree::{Inode, Number, Target, WatchedTree};
use crate::sys::syscalls::SyscallClass;
use crate::sys::{bits, waits};
use onewinner_core::access::{Access, AccessKind, Accesses, Object};

/// The footprint of a call before it is made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Touched {
    /// Its footprint if it succeeds; nothing of it is watched if this is `None`.
    pub(crate) watched: Option<Vec<Access>>,
    /// Files outside the watched directories, and whether it changes them.
    pub(crate) outside: Vec<(std::path::PathBuf, AccessKind)>,
    /// The paths of files that it makes.
    pub(crate) makes: Vec<std::path::PathBuf>,
    /// Inodes that lose their last name: their numbers may be reused.
    pub(crate) unnames: Vec<Number>,
    /// Why its effects are not tracked.
    pub(crate) refused: Option<&'static str>,
}

/// Collects the footprint of a call.
struct FootprintBuilder<'a> {
    touched: Touched,
    class: SyscallClass,
    flags: Flags,
    /// Whether the task holds a lock through a descriptor.
    holds: &'a dyn Fn(i32, &Inode) -> bool,
    /// Whether the file system reuses inode numbers.
    reuses: bool,
}

/// Flags that decide what is touched.
#[derive(Clone, Copy, Debug, Default)]
struct Flags {
    creates: bool,
    exclusively: bool,
    truncates: bool,
    /// `AT_REMOVEDIR`.
    of_directory: bool,
    /// `RENAME_EXCHANGE`.
    exchanges: bool,
    /// `RENAME_NOREPLACE`.
    keeps: bool,
    /// It asks about a lock and takes none.
    asks: bool,
    /// An fcntl command that is not tracked: leases, directory notifications.
    odd: bool,
    /// It releases a lock and takes none.
    gives_back: bool,
    follows: bool,
}

/// What the call at which a task is stopped will touch. `holds` returns whether the task holds a lock through a descriptor;
/// `reuses` is whether the file system reuses inode numbers.
pub(crate) fn touched(
    at: &AtCall<'_>,
    decoded: &Decoded,
    tree: &WatchedTree,
    holds: &dyn Fn(i32, &Inode) -> bool,
    reuses: bool,
) -> Touched {
    let class = decoded.system.class;
    let mut builder = FootprintBuilder {
        touched: Touched::default(),
        class,
        flags: flags(at, decoded),
        holds,
        reuses,
    };
    for (position, place) in decoded.path_arguments.iter().enumerate() {
        let spot = tree.spot(at, place, builder.flags.follows);
        builder.name(&spot, position);
    }
    for fd in decoded.read.iter() {
        let writes = false;
        builder.descriptor(*fd, tree.descriptor(at, *fd), writes);
    }
    for fd in decoded.written.iter() {
        let writes = true;
        builder.descriptor(*fd, tree.descriptor(at, *fd), writes);
    }
    match class {
        SyscallClass::Close => closing(at, decoded, tree)
            .iter()
            .for_each(|(fd, there)| builder.closes(*fd, there)),
        // Another contender can observe only a lock that is freed.
        SyscallClass::Execute => tree
            .open(at.task)
            .iter()
            .filter(|(fd, there)| holds(*fd, there) && waits::closes_on_execute(at.task, *fd))
            .for_each(|(fd, there)| builder.closes(*fd, there)),
        _ => {}
    }
    builder.touched
}

/// The watched descriptors that a call closes.
fn closing(at: &AtCall<'_>, decoded: &Decoded, tree: &WatchedTree) -> Vec<(i32, Inode)> {
    let number = |position: usize| at.entry.arguments[position] as i32;
    let one = |fd: i32| match tree.descriptor(at, fd) {
        Some(Target::Object(there)) => vec![(fd, there)],
        _ => Vec::new(),
    };
    match decoded.system.name {
        "close" => one(number(0)),
        // They close what the number meant before.
        "dup2" | "dup3" => one(number(1)),
        _ => {
            let range = number(0).cast_unsigned()..=number(1).cast_unsigned();
            let mut open = tree.open(at.task);
            open.retain(|(fd, _)| range.contains(&fd.cast_unsigned()));
            open
        }
    }
}

fn flags(at: &AtCall<'_>, decoded: &Decoded) -> Flags {
    let argument = |position: usize| at.entry.arguments[position] as i32;
    let mut flags = Flags {
        follows: true,
        ..Flags::default()
    };
    let name = decoded.system.name;
    match decoded.system.class {
        SyscallClass::Open => {
            let value = match name {
                "open" => argument(1),
                "openat" => argument(2),
                "creat" => bits::CREATE | bits::TRUNCATE,
                // The first word of `struct open_how`.
                _ => {
                    let mut word = [0; 8];
                    let read = at.memory.read(at.entry.arguments[2], &mut word);
                    read.map_or(0, |_| u64::from_ne_bytes(word) as i32)
                }
            };
            flags.creates = value & bits::CREATE != 0;
            flags.exclusively = flags.creates && value & bits::EXCLUSIVE != 0;
            flags.truncates = value & bits::TRUNCATE != 0;
            flags.follows = !flags.exclusively && value & bits::NO_FOLLOW == 0;
        }
        SyscallClass::Stat | SyscallClass::Attributes | SyscallClass::LookUp => {
            let at_flags = match name {
                "newfstatat" | "fchmodat2" | "utimensat" | "faccessat2" => argument(3),
                "statx" => argument(2),
                "fchownat" => argument(4),
                _ => 0,
            };
            flags.follows = at_flags & bits::SYMLINK_NO_FOLLOW == 0;
        }
        SyscallClass::Rename => {
            let value = if name == "renameat2" { argument(4) } else { 0 };
            flags.keeps = value & 1 != 0;
            flags.exchanges = value & 2 != 0;
            flags.follows = false;
        }
        SyscallClass::Unlink => {
            flags.of_directory = name == "unlinkat" && argument(2) & bits::REMOVE_DIRECTORY != 0;
            flags.follows = false;
        }
        SyscallClass::Link => flags.follows = name == "linkat" && argument(4) & bits::SYMLINK_FOLLOW != 0,
        SyscallClass::Lstat | SyscallClass::ReadLink | SyscallClass::RemoveDirectory | SyscallClass::Make => {
            flags.follows = false;
        }
        SyscallClass::Fcntl => {
            flags.asks = bits::ASKING.contains(&argument(1));
            flags.odd = !flags.asks && !bits::LOCKING.contains(&argument(1));
        }
        SyscallClass::Flock => flags.gives_back = argument(1) & bits::UNLOCK != 0,
        _ => {}
    }
    flags
}

impl FootprintBuilder<'_> {
    fn load(&mut self, object: Object) {
        self.add(object, AccessKind::Load);
    }

    fn store(&mut self, object: Object) {
        self.add(object, AccessKind::Store);
    }

    fn add(&mut self, object: Object, kind: AccessKind) {
        self.touched
            .watched
            .get_or_insert_default()
            .push(Access { object, kind });
    }

    /// A path among the arguments, the first or the second.
    fn name(&mut self, spot: &Target, position: usize) {
        match spot {
            Target::Own => {}
            Target::Process(process) => {
                self.load(Object::Liveness(*process));
                if matches!(self.class, SyscallClass::Open | SyscallClass::ReadLink) {
                    let reads =
                        "reads a file of another contender in /proc; only whether that process exists is tracked";
                    self.touched.refused = Some(reads);
                }
            }
            Target::Nowhere(read) => {
                self.touched.watched.get_or_insert_default();
                read.iter().cloned().for_each(|object| self.load(object));
            }
            Target::Object(there) => self.object(there),
            Target::Outside { path, exists } => {
                let kind = if self.changes_outside(*exists) {
                    AccessKind::Store
                } else {
                    AccessKind::Load
                };
                self.touched.outside.push((path.clone(), kind));
            }
            Target::Inside { read, there, real } => {
                let (entry, way) = read.split_last().expect("the name itself was read");
                way.iter().cloned().for_each(|object| self.load(object));
                self.load(entry.clone());
                self.entry(entry, there.as_ref(), real, position);
            }
        }
    }

    /// Whether a file outside the watched directories, or its name, is changed.
    fn changes_outside(&self, exists: bool) -> bool {
        match self.class {
            SyscallClass::Open => self.flags.creates && !exists || self.flags.truncates && exists,
            SyscallClass::Make => !exists,
            SyscallClass::Link | SyscallClass::Rename | SyscallClass::Unlink | SyscallClass::RemoveDirectory => exists,
            SyscallClass::Truncate | SyscallClass::Attributes => true,
            _ => false,
        }
    }

    /// A name in a watched directory, which was read.
    fn entry(&mut self, entry: &Object, there: Option<&Inode>, real: &std::path::Path, position: usize) {
        match (self.class, there) {
            (SyscallClass::Open, None) if self.flags.creates => {
                self.makes(entry, real);
                self.creates();
            }
            (SyscallClass::Open, Some(_)) if self.flags.exclusively => {}
            // An empty file stays as it is: `exec 9>lock` of a loser changes nothing.
            (SyscallClass::Open, Some(there)) if self.flags.truncates && !there.is_directory => {
                let kind = if there.size > 0 {
                    AccessKind::Store
                } else {
                    AccessKind::Load
                };
                self.add(Object::Content(there.id), kind);
            }
            (SyscallClass::Make, None) => {
                self.makes(entry, real);
                self.creates();
            }
            // The first is the old name, the second the new one.
            (SyscallClass::Link, Some(there)) if position == 0 => self.store(Object::Links(there.id)),
            (SyscallClass::Link, None) if position == 1 => self.makes(entry, real),
            (SyscallClass::Rename, Some(_)) if position == 0 => self.store(entry.clone()),
            (SyscallClass::Rename, Some(_)) if self.flags.keeps => {}
            (SyscallClass::Rename, there) if position == 1 => {
                self.makes(entry, real);
                if let Some(replaced) = there.filter(|_| !self.flags.exchanges) {
                    self.loses(replaced);
                }
            }
            (SyscallClass::Unlink, Some(there)) if !self.flags.of_directory => {
                self.store(entry.clone());
                self.loses(there);
            }
            (SyscallClass::Unlink | SyscallClass::RemoveDirectory, Some(there)) if there.is_directory => {
                self.load(Object::Listing(there.id));
                self.store(entry.clone());
                self.loses(there);
            }
            (
                SyscallClass::Stat
                | SyscallClass::Lstat
                | SyscallClass::Attributes
                | SyscallClass::Truncate
                | SyscallClass::Other,
                Some(there),
            ) => {
                self.object(there);
            }
            _ => {}
        }
    }

    fn makes(&mut self, entry: &Object, real: &std::path::Path) {
        self.store(entry.clone());
        self.touched.makes.push(real.to_owned());
    }

    /// A new inode takes a number.
    fn creates(&mut self) {
        if self.reuses {
            self.store(Object::Allocator);
        }
    }

    /// It loses a name. Whether its number is free then, or when its last descriptor is closed, makes no difference here.
    fn loses(&mut self, there: &Inode) {
        self.store(Object::Links(there.id));
        if there.links <= 1 || there.is_directory {
            self.creates();
            self.touched.unnames.push(there.number);
        }
    }

    /// An object named by a descriptor, or by a path whose last name does not matter.
    fn object(&mut self, there: &Inode) {
        self.touched.watched.get_or_insert_default();
        match self.class {
            SyscallClass::Stat | SyscallClass::Lstat => {
                self.load(Object::Content(there.id));
                if !there.is_directory {
                    self.load(Object::Links(there.id));
                }
            }
            SyscallClass::Read | SyscallClass::Seek | SyscallClass::LookUp => self.load(Object::Content(there.id)),
            SyscallClass::Write | SyscallClass::Truncate | SyscallClass::Attributes => {
                self.store(Object::Content(there.id));
            }
            SyscallClass::List => self.load(Object::Listing(there.id)),
            SyscallClass::Flock => self.store(Object::Locks(there.id)),
            SyscallClass::Fcntl if self.flags.odd => {
                self.touched.refused = Some("makes a call on a watched file that is not tracked");
            }
            SyscallClass::Fcntl if self.flags.asks => self.load(Object::Locks(there.id)),
            SyscallClass::Fcntl => self.store(Object::Locks(there.id)),
            SyscallClass::Map => {
                self.touched.refused =
                    Some("maps a watched file into memory (mmap), where accesses cannot be observed");
            }
            SyscallClass::Other => self.touched.refused = Some("makes a call on a watched file that is not tracked"),
            _ => {}
        }
    }

    fn descriptor(&mut self, fd: i32, spot: Option<Target>, writes: bool) {
        match spot {
            // Without a lock there is nothing to release.
            Some(Target::Object(there)) if self.flags.gives_back && !(self.holds)(fd, &there) => {
                self.load(Object::Locks(there.id));
            }
            Some(Target::Object(there)) if self.class == SyscallClass::Copy => {
                let content = Object::Content(there.id);
                self.add(content, if writes { AccessKind::Store } else { AccessKind::Load });
            }
            // Flushing to the disk changes nothing that another contender can observe.
            Some(Target::Object(_)) if self.class == SyscallClass::Sync => {}
            Some(Target::Object(there)) => self.object(&there),
            Some(Target::Outside { path, .. }) => {
                let kind = if writes || self.changes_locks() {
                    AccessKind::Store
                } else {
                    AccessKind::Load
                };
                self.touched.outside.push((path, kind));
            }
            _ => {}
        }
    }

    fn changes_locks(&self) -> bool {
        self.class == SyscallClass::Flock || self.class == SyscallClass::Fcntl && !self.flags.asks
    }

    fn closes(&mut self, fd: i32, there: &Inode) {
        self.touched.watched.get_or_insert_default();
        if self.reuses && !there.is_directory {
            self.load(Object::Links(there.id));
            if there.links == 0 {
                self.store(Object::Opens(there.id));
                self.creates();
            }
        }
        if (self.holds)(fd, there) {
            self.store(Object::Locks(there.id));
        }
    }
}

/// The footprint of a call that has failed: it has only loaded.
pub(crate) fn failed_footprint(accesses: &[Access]) -> Accesses {
    let looks = accesses.iter().map(|access| Access {
        object: access.object.clone(),
        kind: AccessKind::Load,
    });
    looks.collect()
}
