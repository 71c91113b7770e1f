//! Which objects a call of a program touches, computed from the file system before the call.
//!
//! All contenders are stopped meanwhile. So the footprint is exact if the call succeeds; a call that fails has only loaded.
//! Objects are read in the order in which the kernel reads them. `inode_effects.rs` has what calls do to an inode. Makes no call,
//! and knows no search.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::call_flags::{Flags, flags};
use super::decode::Decoded;
use super::descriptor_links;
use super::held_locks::{Closed, HeldLocks, Released};
use super::interpreter::AtCall;
use super::path_walk::{End, Target};
use super::shown_files;
use super::sockets::Sockets;
use super::watched_tree::{Inode, InodeKind, Number, Side, WatchedTree};
use crate::sys::syscalls::SyscallClass;
use onewinner_core::access::{Access, AccessKind, Accesses, Object};
use onewinner_core::id::ProcessId;

/// The footprint of a call before it is made.
#[derive(Clone, Debug, Default)]
pub(crate) struct Touched {
    /// Its footprint if it succeeds; nothing of it is watched if this is `None`.
    pub(crate) watched: Option<Vec<Access>>,
    /// What it touches beside the watched directories, and where.
    pub(crate) elsewhere: Vec<(PathBuf, Access)>,
    /// The paths of files that it makes.
    pub(crate) makes: Vec<PathBuf>,
    /// Whether it makes a file without a name.
    pub(crate) makes_unnamed: bool,
    /// The same, beside the watched directories.
    pub(crate) unnamed_elsewhere: bool,
    /// Inodes that lose their last name: their numbers may be reused.
    pub(crate) unnames: Vec<Number>,
    /// The same, beside the watched directories.
    pub(crate) forgets: Vec<Number>,
    /// Whether it reads or writes a pipe or a socket, and may wait for another contender.
    pub(crate) is_stream: bool,
    /// Whether it releases an `flock` before it tries to take another one.
    pub(crate) converts: bool,
    /// Whether it opens a watched pipe with a name.
    pub(crate) uses_pipe: bool,
    /// Whether it changes what paths elsewhere lead to.
    pub(crate) moves_elsewhere: bool,
    /// What it finds at the end of its path or descriptor, if that is beside the watched directories.
    pub(crate) finds: Found,
    /// Why its effects are not tracked.
    pub(crate) refused: Option<String>,
}

/// What a call finds beside the watched directories.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) enum Found {
    /// Not known.
    #[default]
    Unknown,
    /// There is nothing.
    Nothing,
    /// This inode, whose times are none newer than that, since 1970.
    Inode(Number, Duration),
}

/// What the footprint of a call depends on, besides its arguments.
pub(crate) struct Around<'a> {
    pub(crate) tree: &'a WatchedTree,
    pub(crate) locks: &'a HeldLocks,
    pub(crate) sockets: &'a Sockets,
    /// Whether the file system reuses inode numbers.
    pub(crate) reuses: bool,
}

/// Collects the footprint of a call.
pub(super) struct FootprintBuilder<'a> {
    pub(super) touched: Touched,
    pub(super) class: SyscallClass,
    pub(super) flags: Flags,
    reuses: bool,
    /// Where the object is that is looked at.
    pub(super) side: Side,
    pub(super) path: PathBuf,
    /// What a rename moves.
    moved: Option<Inode>,
    sockets: &'a Sockets,
    /// Whether the call makes a directory the working directory.
    enters: bool,
}

/// What the call at which a task is stopped will touch.
pub(crate) fn touched(at: &AtCall<'_>, decoded: &Decoded, around: &Around<'_>) -> Touched {
    let tree = around.tree;
    let flags = match flags(at, decoded) {
        Ok(flags) => flags,
        Err(error) => {
            let refused = Some(format!("makes a call whose arguments cannot be read ({error})"));
            return Touched {
                refused,
                ..Touched::default()
            };
        }
    };
    let mut builder = FootprintBuilder {
        touched: Touched::default(),
        class: decoded.class,
        flags,
        reuses: around.reuses,
        side: Side::Elsewhere,
        path: PathBuf::new(),
        moved: None,
        sockets: around.sockets,
        enters: matches!(decoded.system.name, "chdir" | "fchdir"),
    };
    for (position, place) in decoded.path_arguments.iter().enumerate() {
        builder.path.clone_from(&place.path);
        builder.name(tree.resolve(at, place, builder.flags.follows), position, tree);
    }
    if builder.class == SyscallClass::Socket
        && let Some(kind) = around.sockets.access(at, decoded, tree)
    {
        builder.socket(kind);
    }
    for fd in decoded.read.iter().chain(&decoded.written) {
        builder.without_file(at, *fd, tree);
    }
    for fd in &decoded.read {
        let kind = match builder.class {
            SyscallClass::Map => decoded.maps,
            _ => AccessKind::Load,
        };
        builder.descriptor(tree.descriptor(at.task, *fd), kind);
    }
    for fd in &decoded.written {
        builder.descriptor(tree.descriptor(at.task, *fd), AccessKind::Store);
    }
    if matches!(builder.class, SyscallClass::Flock | SyscallClass::Fcntl) {
        builder.locks(at, decoded, around);
    }
    if matches!(builder.class, SyscallClass::Close | SyscallClass::Execute) {
        match around.locks.closed_by(at, decoded, tree) {
            Ok(closed) => builder.closes(&closed),
            Err(why) => builder.refuse(why),
        }
    }
    builder.touched
}

impl FootprintBuilder<'_> {
    pub(super) fn load(&mut self, object: Object) {
        self.add(object, AccessKind::Load);
    }

    pub(super) fn store(&mut self, object: Object) {
        self.add(object, AccessKind::Store);
    }

    pub(super) fn add(&mut self, object: Object, kind: AccessKind) {
        let access = Access { object, kind };
        match self.side {
            Side::Watched => self.touched.watched.get_or_insert_default().push(access),
            Side::Elsewhere => self.touched.elsewhere.push((self.path.clone(), access)),
        }
    }

    /// Kernel locks, sockets and devices are controlled wherever they are: they end with the process.
    pub(super) fn add_step(&mut self, object: Object, kind: AccessKind) {
        self.touched
            .watched
            .get_or_insert_default()
            .push(Access { object, kind });
    }

    fn socket(&mut self, kind: AccessKind) {
        self.add_step(Object::Network, kind);
    }

    pub(super) fn refuse(&mut self, why: impl Into<String>) {
        self.touched.refused.get_or_insert_with(|| why.into());
    }

    /// A path among the arguments, the first or the second.
    fn name(&mut self, target: Target, position: usize, tree: &WatchedTree) {
        let Target { read, end } = target;
        for read in &read {
            self.side = read.side;
            self.path.clone_from(&read.path);
            self.load(read.object.clone());
        }
        match end {
            End::Own if self.class == SyscallClass::Attributes => {
                self.refuse("changes attributes through /proc, or of a descriptor without a file");
            }
            End::Own | End::Nowhere => {}
            End::Figures(_) if self.only_looks() => {}
            End::Figures(why) | End::Hidden(why) => self.refuse(why),
            End::Socket(socket) if self.sockets.is_shared(socket) => self.socket(AccessKind::Load),
            End::Socket(_) => {}
            End::Process { of, path } => {
                let opens = self.class == SyscallClass::Open && !self.flags.creates && !self.flags.truncates;
                self.process(of, self.only_looks() || opens && shown_files::shown(&path).is_some());
            }
            End::Object(there) => {
                self.touched.finds = Found::Inode(there.number, there.newest);
                self.object(&there, AccessKind::Load);
            }
            End::Name { there, real } => {
                let inode = |there: &Inode| Found::Inode(there.number, there.newest);
                self.touched.finds = there.as_ref().map_or(Found::Nothing, inode);
                let entry = read.last().expect("the name itself was read");
                self.side = entry.side;
                if entry.side == Side::Elsewhere && tree.leads_to_roots(&real) {
                    self.above(there.as_ref());
                } else {
                    self.entry(&entry.object, there.as_ref(), &real, position);
                }
            }
        }
    }

    /// Whether it asks for nothing but the attributes of a file.
    fn only_looks(&self) -> bool {
        let looks = matches!(
            self.class,
            SyscallClass::Stat | SyscallClass::Lstat | SyscallClass::LookUp
        );
        looks && !self.enters
    }

    /// A directory above a watched one.
    fn above(&mut self, there: Option<&Inode>) {
        if matches!(
            self.class,
            SyscallClass::Rename | SyscallClass::Unlink | SyscallClass::RemoveDirectory
        ) {
            self.refuse("moves or removes a directory above the watched one");
        } else if let Some(there) = there {
            self.object(there, AccessKind::Load);
        }
    }

    /// A name in a directory, which was read.
    fn entry(&mut self, entry: &Object, there: Option<&Inode>, real: &Path, position: usize) {
        match (self.class, there) {
            (SyscallClass::Open, None) if self.flags.creates => self.makes(entry, real),
            (SyscallClass::Open, Some(_)) if self.flags.exclusively => {}
            (SyscallClass::Make, None) => self.makes(entry, real),
            (SyscallClass::Socket, None) if self.flags.binds => self.makes(entry, real),
            (SyscallClass::Socket, Some(_)) if self.flags.binds => {}
            // The first is the old name, the second the new one.
            (SyscallClass::Link, None) if position == 1 => {
                self.store(entry.clone());
                self.touched.makes.push(real.to_owned());
            }
            (SyscallClass::Link, Some(_)) if position == 1 => {}
            (SyscallClass::Rename, Some(there)) if position == 0 => {
                self.store(entry.clone());
                self.store(Object::Times(there.id));
                self.moves(there);
                self.moved = Some(there.clone());
            }
            (SyscallClass::Rename, Some(_)) if self.flags.keeps => {}
            (SyscallClass::Rename, there) if position == 1 => self.replaces(entry, there, real),
            (SyscallClass::Unlink, Some(there)) if !self.flags.of_directory => {
                self.store(entry.clone());
                self.loses(there);
            }
            (SyscallClass::Unlink | SyscallClass::RemoveDirectory, Some(there)) if there.is_directory() => {
                self.load(Object::Listing(there.id));
                self.store(entry.clone());
                self.loses(there);
            }
            (_, Some(there)) => self.object(there, AccessKind::Load),
            (_, None) => {}
        }
    }

    /// The new name of a rename.
    fn replaces(&mut self, entry: &Object, there: Option<&Inode>, real: &Path) {
        let moved = self.moved.as_ref().map(|moved| moved.number);
        if !self.flags.exchanges && moved.is_some() && there.map(|there| there.number) == moved {
            // Two names of one inode: rename(2) changes nothing.
            let accesses = self.touched.watched.iter_mut().flatten();
            let accesses = accesses.chain(self.touched.elsewhere.iter_mut().map(|(_, access)| access));
            accesses.for_each(|access| access.kind = AccessKind::Load);
            return;
        }
        self.store(entry.clone());
        self.touched.makes.push(real.to_owned());
        let Some(there) = there else { return };
        self.moves(there);
        if self.flags.exchanges {
            self.store(Object::Times(there.id));
            return;
        }
        if there.is_directory() {
            self.load(Object::Listing(there.id));
        }
        self.loses(there);
    }

    fn makes(&mut self, entry: &Object, real: &Path) {
        self.store(entry.clone());
        self.touched.makes.push(real.to_owned());
        self.touched.moves_elsewhere |= self.side == Side::Elsewhere && self.class == SyscallClass::Make;
        self.takes_number();
    }

    /// A directory or a symbolic link elsewhere is known by the paths through it.
    fn moves(&mut self, there: &Inode) {
        let leads = matches!(there.kind, InodeKind::Directory | InodeKind::Link);
        self.touched.moves_elsewhere |= self.side == Side::Elsewhere && leads;
    }

    /// A new inode takes a number; one that is gone frees its own.
    pub(super) fn takes_number(&mut self) {
        if self.reuses && self.side == Side::Watched {
            self.store(Object::Allocator);
        }
    }

    /// It loses a name. Whether its number is free then, or when its last descriptor is closed, makes no difference here.
    fn loses(&mut self, there: &Inode) {
        self.store(Object::Links(there.id));
        self.moves(there);
        if there.links <= 1 || there.is_directory() {
            self.takes_number();
            match self.side {
                Side::Watched => self.touched.unnames.push(there.number),
                Side::Elsewhere => self.touched.forgets.push(there.number),
            }
        }
    }

    fn descriptor(&mut self, end: End, kind: AccessKind) {
        match end {
            End::Object(there) => self.object(&there, kind),
            End::Socket(_) if self.class == SyscallClass::Other && !self.flags.asks_socket => {
                self.refuse("reads or changes a network interface, or how a socket sends signals");
            }
            End::Socket(socket) if self.sockets.is_shared(socket) => {
                let kind = match self.class {
                    SyscallClass::Stat | SyscallClass::Other if self.flags.counts_input => AccessKind::Load,
                    SyscallClass::Stat | SyscallClass::Sync => return,
                    _ => AccessKind::Store,
                };
                self.touched.is_stream = true;
                self.socket(kind);
            }
            End::Process { of, .. } => {
                let passes = matches!(self.class, SyscallClass::Stat)
                    || self.class == SyscallClass::Read && kind == AccessKind::Load;
                // There is no ioctl for it.
                if !matches!(
                    self.class,
                    SyscallClass::Close | SyscallClass::Seek | SyscallClass::Other
                ) {
                    self.process(of, passes);
                }
            }
            End::Figures(why) | End::Hidden(why) => self.refuse(why),
            _ => {}
        }
    }

    /// What another contender shows of itself in `/proc`; most calls on it do not pass.
    fn process(&mut self, of: ProcessId, passes: bool) {
        self.add_step(Object::Liveness(of), AccessKind::Load);
        self.add_step(Object::Process(of), AccessKind::Load);
        let (object, kind) = (Object::Process(of), AccessKind::Load);
        self.touched
            .elsewhere
            .push((PathBuf::from("/proc"), Access { object, kind }));
        if !passes {
            self.refuse("uses a file of another contender in /proc in a way that is not tracked");
        }
    }

    /// The inode of a descriptor without a file may be one for all contenders. What is in it is its own, but not its locks and
    /// attributes.
    fn without_file(&mut self, at: &AtCall<'_>, fd: i32, tree: &WatchedTree) {
        let why = match self.class {
            SyscallClass::Flock | SyscallClass::Fcntl => "locks a descriptor without a file, such as an eventfd",
            SyscallClass::Attributes => "changes the attributes of a descriptor without a file",
            SyscallClass::Other if descriptor_links::is_pidfd(at.task, fd) => "asks about the process of a pidfd",
            _ => return,
        };
        let is_own_socket = || matches!(tree.descriptor(at.task, fd), End::Socket(_));
        if descriptor_links::has_no_file(at.task, fd) && (self.class != SyscallClass::Attributes || !is_own_socket()) {
            self.refuse(why);
        }
    }

    /// A kernel lock is taken, released or asked about.
    fn locks(&mut self, at: &AtCall<'_>, decoded: &Decoded, around: &Around<'_>) {
        let [fd] = decoded.read[..] else { return };
        let there = match around.tree.descriptor(at.task, fd) {
            End::Object(there) => there,
            // The memory of one contender has locks of its own. What has no file is refused.
            End::Own | End::Nowhere | End::Socket(_) | End::Process { .. } | End::Name { .. } => return,
            End::Figures(why) | End::Hidden(why) => return self.refuse(why),
        };
        let locks = Object::Locks(there.id);
        if self.flags.odd {
            return self.refuse("makes a call on a file that others use, which is not tracked");
        }
        if self.flags.asks {
            return self.add_step(locks, AccessKind::Load);
        }
        let released = if self.flags.gives_back {
            around.locks.given_back(at, fd, &there, self.class, around.tree)
        } else {
            if self.class == SyscallClass::Flock {
                match around.locks.converts(at, fd, self.flags.exclusive) {
                    Ok(converts) => self.touched.converts = converts,
                    Err(why) => return self.refuse(why),
                }
            }
            around.locks.taken_again(at, fd, self.class, self.flags.exclusive)
        };
        match released {
            Ok(Released::Nothing) => self.add_step(locks, AccessKind::Load),
            Ok(Released::Something) => self.add_step(locks, AccessKind::Store),
            Err(why) => self.refuse(why),
        }
    }

    fn closes(&mut self, closed: &[Closed]) {
        for closed in closed {
            match closed {
                Closed::Socket(socket) if self.sockets.is_shared(*socket) => self.socket(AccessKind::Store),
                Closed::Socket(_) => {}
                Closed::Object { there, frees } => self.closes_object(there, *frees),
            }
        }
    }

    fn closes_object(&mut self, there: &Inode, frees: Released) {
        self.side = there.side;
        self.path.clone_from(&there.path);
        if there.side == Side::Watched {
            self.touched.watched.get_or_insert_default();
        }
        if self.reuses && there.side == Side::Watched && !there.is_directory() {
            self.load(Object::Links(there.id));
            if there.links == 0 {
                self.store(Object::Opens(there.id));
                self.takes_number();
            }
        }
        if there.kind == InodeKind::Pipe && there.side == Side::Watched {
            self.store(Object::Opens(there.id));
        }
        if frees == Released::Something {
            self.add_step(Object::Locks(there.id), AccessKind::Store);
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
