//! The watched directories of one execution: what a path or a descriptor of a stopped task means in them.
//!
//! Inodes are identified by their creator, because the file system may reuse a number immediately. Every change of a watched
//! directory is a step, so a new inode is noticed when it appears. Paths are resolved as the kernel does, and each name on the
//! way counts as read. Knows no call.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::fs::{self, Metadata};
use std::io;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Component, Path, PathBuf};

use super::decode::{Base, PathArgument};
use super::interpreter::AtCall;
use crate::sys::{bits, machine};
use onewinner_core::access::{InodeId, Object};
use onewinner_core::id::ProcessId;

/// How many symbolic links are followed; the kernel follows 40 ([path_resolution(7)](https://man7.org/linux/man-pages/man7/path_resolution.7.html)).
const MOST_LINKS: u32 = 40;

/// The inode at a name.
#[derive(Clone, Debug)]
pub(crate) struct Inode {
    pub(crate) id: InodeId,
    pub(crate) is_directory: bool,
    pub(crate) links: u64,
    pub(crate) size: u64,
    pub(crate) number: Number,
}

/// The numbers of a device and of an inode on it. They do not identify an inode over time.
pub(crate) type Number = (u64, u64);

/// What a path of a task leads to.
#[derive(Clone, Debug)]
pub(crate) enum Target {
    /// A name in a watched directory.
    Inside {
        /// The names read on the way, then this one.
        read: Vec<Object>,
        /// The inode, if there is one.
        there: Option<Inode>,
        /// Its path without symbolic links.
        real: PathBuf,
    },
    /// A watched directory itself, or the watched object of a descriptor.
    Object(Inode),
    /// A name that cannot be reached, because of the names read on the way.
    Nowhere(Vec<Object>),
    /// A file of a contender in `/proc`.
    Process(ProcessId),
    /// Its own files in `/proc`, a pipe, a terminal: nothing that contenders share.
    Own,
    /// A file that is not watched.
    Outside {
        /// Its path, without symbolic links.
        path: PathBuf,
        /// Whether it exists.
        exists: bool,
    },
}

/// The watched directories, and the identities of inodes and tasks.
pub(crate) struct WatchedTree {
    /// The directory of each mount, without symbolic links.
    roots: Vec<PathBuf>,
    known: HashMap<Number, InodeId>,
    /// Those among them that have lost their last name: their numbers may be reused.
    nameless: BTreeSet<Number>,
    created: BTreeMap<Option<ProcessId>, u32>,
    /// Every task of the execution, with its contender and the number of its process.
    pub(crate) tasks: BTreeMap<i32, (ProcessId, i32)>,
    /// Resolved directories outside, by the paths used for them, over all executions.
    elsewhere: RefCell<HashMap<PathBuf, PathBuf>>,
}

impl WatchedTree {
    pub(crate) fn new() -> Self {
        Self {
            roots: Vec::new(),
            known: HashMap::new(),
            nameless: BTreeSet::new(),
            created: BTreeMap::new(),
            tasks: BTreeMap::new(),
            elsewhere: RefCell::default(),
        }
    }

    /// Forgets the last execution, and learns which files exist.
    pub(crate) fn begin(&mut self, directories: &[PathBuf]) -> io::Result<()> {
        self.known.clear();
        self.nameless.clear();
        self.created.clear();
        self.tasks.clear();
        self.roots = directories.iter().map(fs::canonicalize).collect::<io::Result<_>>()?;
        for root in self.roots.clone() {
            let number = self.number(&fs::metadata(&root)?);
            self.known.insert(number, InodeId::ROOT);
            self.learn(&root)?;
        }
        Ok(())
    }

    fn learn(&mut self, directory: &Path) -> io::Result<()> {
        let mut entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            self.identify(&entry.path(), None, New::IfUnknown)?;
            if entry.file_type()?.is_dir() {
                self.learn(&entry.path())?;
            }
        }
        Ok(())
    }

    /// Several roots are mounts of one store: their device numbers differ, inode numbers do not.
    fn number(&self, metadata: &Metadata) -> Number {
        let device = if self.roots.len() > 1 { 0 } else { metadata.dev() };
        (device, metadata.ino())
    }

    /// The contender whose process, or thread, has this number.
    pub(crate) fn contender(&self, task: i32) -> Option<ProcessId> {
        self.tasks.get(&task).map(|(process, _)| *process)
    }

    /// Identifies the inode at a path, which a call of `process` has put there.
    pub(crate) fn identify(&mut self, real: &Path, process: Option<ProcessId>, new: New) -> io::Result<()> {
        let number = self.number(&fs::symlink_metadata(real)?);
        self.name(number, process, new);
        Ok(())
    }

    /// The same for an open file.
    pub(crate) fn identify_open(&mut self, task: i32, fd: i32, process: ProcessId) -> io::Result<()> {
        let number = self.number(&fs::metadata(format!("/proc/{task}/fd/{fd}"))?);
        self.name(number, Some(process), New::Always);
        Ok(())
    }

    fn name(&mut self, number: Number, process: Option<ProcessId>, new: New) {
        if new == New::IfUnknown && self.known.contains_key(&number) {
            return;
        }
        let serial = self.created.entry(process).or_default();
        *serial += 1;
        let id = InodeId {
            creator: process,
            serial: *serial,
        };
        self.nameless.remove(&number);
        self.known.insert(number, id);
    }

    /// The name of a file in footprints: with symbols instead of process numbers.
    pub(crate) fn canonical(&self, name: &str) -> String {
        let mut canonical = String::with_capacity(name.len());
        let mut rest = name;
        while let Some(start) = rest.find(|letter: char| letter.is_ascii_digit()) {
            let (before, digits) = rest.split_at(start);
            let end = digits.find(|letter: char| !letter.is_ascii_digit());
            let (digits, behind) = digits.split_at(end.unwrap_or(digits.len()));
            canonical.push_str(before);
            match digits.parse::<i32>().ok().and_then(|task| self.symbol(task)) {
                Some(symbol) => canonical.push_str(&symbol),
                None => canonical.push_str(digits),
            }
            rest = behind;
        }
        canonical + rest
    }

    /// The symbol of a process or thread: `<P0>`, and `<P0.2>` for the third task of the contender.
    fn symbol(&self, task: i32) -> Option<String> {
        let (process, _) = self.tasks.get(&task)?;
        let own = self.tasks.iter().filter(|(_, (other, _))| other == process);
        let place = own.map(|(number, _)| *number).position(|number| number == task)?;
        Some(match place {
            0 => format!("<{process}>"),
            place => format!("<{process}.{place}>"),
        })
    }

    /// An inode has lost its last name.
    pub(crate) fn unname(&mut self, number: Number) {
        self.nameless.insert(number);
    }

    /// Whether the target of a link in `/proc` is watched.
    fn is_watched(&self, metadata: &Metadata, link: &str) -> bool {
        let number = self.number(metadata);
        let ours = || {
            let path = fs::read_link(link).unwrap_or_default();
            self.roots.iter().any(|root| path.starts_with(root))
        };
        self.known.contains_key(&number) && (!self.nameless.contains(&number) || ours())
    }

    fn there(&self, metadata: &Metadata) -> Inode {
        // A file that no contender made has no creator.
        let nobodys = InodeId {
            creator: None,
            serial: u32::MAX,
        };
        Inode {
            id: self.known.get(&self.number(metadata)).copied().unwrap_or(nobodys),
            is_directory: metadata.is_dir(),
            links: metadata.nlink(),
            size: metadata.size(),
            number: self.number(metadata),
        }
    }

    /// What an open descriptor leads to; `None` for one that is closed.
    pub(crate) fn descriptor(&self, at: &AtCall<'_>, fd: i32) -> Option<Target> {
        let link = format!("/proc/{}/fd/{fd}", at.task);
        let metadata = fs::metadata(&link).ok()?;
        if self.is_watched(&metadata, &link) {
            return Some(Target::Object(self.there(&metadata)));
        }
        let kind = metadata.file_type();
        let path = fs::read_link(link).ok()?;
        if !(kind.is_file() || kind.is_dir()) || has_no_name(&path) {
            return Some(Target::Own);
        }
        let exists = true;
        Some(Target::Outside { path, exists })
    }

    /// Whether an open descriptor leads to `/dev/random` or `/dev/urandom` (`Documentation/admin-guide/devices.txt`).
    pub(crate) fn is_random(&self, at: &AtCall<'_>, fd: i32) -> bool {
        fs::metadata(format!("/proc/{}/fd/{fd}", at.task)).is_ok_and(|there| {
            there.file_type().is_char_device() && [bits::RANDOM_DEVICE, bits::URANDOM_DEVICE].contains(&there.rdev())
        })
    }

    /// The watched objects of the descriptors of a task, one for each descriptor.
    pub(crate) fn open(&self, task: i32) -> Vec<(i32, Inode)> {
        let Ok(entries) = fs::read_dir(format!("/proc/{task}/fd")) else {
            return Vec::new();
        };
        let mut open: Vec<_> = entries
            .filter_map(|entry| {
                let entry = entry.ok()?;
                let fd = entry.file_name().to_str()?.parse().ok()?;
                let metadata = fs::metadata(entry.path()).ok()?;
                let watched = self.is_watched(&metadata, &format!("/proc/{task}/fd/{fd}"));
                watched.then(|| (fd, self.there(&metadata)))
            })
            .collect();
        open.sort_unstable_by_key(|(fd, _)| *fd);
        open
    }

    /// What a path of a stopped task leads to; a symbolic link at its end is followed if `follow`.
    pub(crate) fn spot(&self, at: &AtCall<'_>, place: &PathArgument, follow: bool) -> Target {
        if place.path.as_os_str().is_empty() {
            return match place.base {
                Base::Descriptor(fd) => self.descriptor(at, fd).unwrap_or(Target::Own),
                Base::WorkingDirectory => Target::Own,
            };
        }
        let base = match place.base {
            _ if place.path.is_absolute() => PathBuf::from("/"),
            Base::WorkingDirectory => fs::read_link(format!("/proc/{}/cwd", at.task)).unwrap_or_default(),
            Base::Descriptor(fd) => fs::read_link(format!("/proc/{}/fd/{fd}", at.task)).unwrap_or_default(),
        };
        if !base.is_absolute() {
            return Target::Own; // The descriptor leads to no directory: the call fails.
        }
        self.walk(at, &base.join(&place.path), follow, 0)
    }

    fn walk(&self, at: &AtCall<'_>, path: &Path, follow: bool, links: u32) -> Target {
        let path = self.of_the_task(at, path);
        if let Some(spot) = self.process(at, &path, follow, links) {
            return spot;
        }
        if let Some(root) = self.roots.iter().position(|root| path.starts_with(root)) {
            let inside = path.strip_prefix(&self.roots[root]).expect("it begins so").to_owned();
            return self.inside(at, root, &inside, follow, links);
        }
        let (Some(parent), Some(name)) = (path.parent(), path.file_name()) else {
            return self.outside(&path);
        };
        let Some(parent) = self.elsewhere(parent) else {
            let exists = false;
            return Target::Outside { path, exists };
        };
        let real = parent.join(name);
        if self.roots.iter().any(|root| real.starts_with(root)) {
            return self.walk(at, &real, follow, links);
        }
        match fs::read_link(&real) {
            Ok(target) if follow && links < MOST_LINKS => self.walk(at, &parent.join(target), follow, links + 1),
            _ => self.outside(&real),
        }
    }

    fn outside(&self, path: &Path) -> Target {
        let there = fs::symlink_metadata(path);
        match &there {
            Ok(there) if there.file_type().is_char_device() || there.file_type().is_fifo() => Target::Own,
            _ => Target::Outside {
                path: path.to_owned(),
                exists: there.is_ok(),
            },
        }
    }

    /// A directory outside, without symbolic links; `None` if it is absent.
    fn elsewhere(&self, directory: &Path) -> Option<PathBuf> {
        if let Some(real) = self.elsewhere.borrow().get(directory) {
            return Some(real.clone());
        }
        let real = fs::canonicalize(directory).ok()?;
        // A watched one does not exist in the next execution.
        if !self.roots.iter().any(|root| real.starts_with(root)) {
            self.elsewhere.borrow_mut().insert(directory.to_owned(), real.clone());
        }
        Some(real)
    }

    /// The path with `/proc/self`, `/dev/fd` and the like resolved for the task.
    fn of_the_task(&self, at: &AtCall<'_>, path: &Path) -> PathBuf {
        if !path.starts_with("/proc") && !path.starts_with("/dev") {
            return path.to_owned();
        }
        let own = PathBuf::from(format!("/proc/{}", at.group));
        let descriptors = own.join("fd");
        let aliases = [
            ("/proc/self", own.clone()),
            ("/proc/thread-self", own),
            ("/dev/fd", descriptors.clone()),
            ("/dev/stdin", descriptors.join("0")),
            ("/dev/stdout", descriptors.join("1")),
            ("/dev/stderr", descriptors.join("2")),
        ];
        let alias = aliases
            .iter()
            .find_map(|(alias, meant)| Some((path.strip_prefix(alias).ok()?, meant)));
        match alias {
            Some((rest, meant)) if rest.as_os_str().is_empty() => meant.clone(),
            Some((rest, meant)) => meant.join(rest),
            None => path.to_owned(),
        }
    }

    /// The target of a path below `/proc` that belongs to a contender.
    fn process(&self, at: &AtCall<'_>, path: &Path, follow: bool, links: u32) -> Option<Target> {
        let mut names = path.strip_prefix("/proc").ok()?.iter();
        let number: i32 = names.next()?.to_str()?.parse().ok()?;
        let process = self.contender(number)?;
        if process != at.process {
            return Some(Target::Process(process));
        }
        // Links of the task itself that lead elsewhere.
        let mut link = PathBuf::from(format!("/proc/{number}"));
        let kind = names.next()?;
        link.push(kind);
        let fd = (kind == "fd").then(|| names.next()).flatten();
        link.extend(fd);
        let rest: PathBuf = names.collect();
        if (fd.is_some() || kind == "cwd" || kind == "root") && !rest.as_os_str().is_empty() && links < MOST_LINKS {
            let base = fs::read_link(link).ok()?;
            return Some(self.walk(at, &base.join(rest), follow, links + 1));
        }
        let fd = fd.and_then(|fd| fd.to_str()?.parse().ok());
        Some(fd.and_then(|fd| self.descriptor(at, fd)).unwrap_or(Target::Own))
    }

    /// Resolves a path from a watched directory on.
    fn inside(&self, at: &AtCall<'_>, root: usize, path: &Path, follow: bool, links: u32) -> Target {
        let root = self.roots[root].clone();
        let mut read = Vec::new();
        let mut real = root.clone();
        let mut names = path.components().peekable();
        let mut there = match fs::symlink_metadata(&root) {
            Ok(metadata) => self.there(&metadata),
            Err(_) => return Target::Nowhere(read),
        };
        while let Some(name) = names.next() {
            let name = match name {
                Component::Normal(name) => name,
                Component::CurDir => continue,
                // The names read so far decide nothing that another contender can change later.
                Component::ParentDir | Component::RootDir | Component::Prefix(_) => {
                    let rest: PathBuf = names.collect();
                    let above = real.parent().unwrap_or(Path::new("/")).join(rest);
                    return with(read, self.walk(at, &above, follow, links + 1));
                }
            };
            if !there.is_directory {
                return Target::Nowhere(read);
            }
            let entry = self.canonical(&name.to_string_lossy());
            read.push(Object::Entry(there.id, entry.into_boxed_str()));
            let parent = real.clone();
            real.push(name);
            let last = names.peek().is_none();
            let metadata = fs::symlink_metadata(&real);
            match metadata {
                Ok(metadata) if metadata.is_symlink() && (follow || !last) => {
                    if links == MOST_LINKS {
                        return Target::Nowhere(read);
                    }
                    let target = fs::read_link(&real).unwrap_or_default();
                    let rest: PathBuf = names.collect();
                    let onwards = if rest.as_os_str().is_empty() {
                        parent.join(target)
                    } else {
                        parent.join(target).join(rest)
                    };
                    return with(read, self.walk(at, &onwards, follow, links + 1));
                }
                Ok(metadata) => {
                    there = self.there(&metadata);
                    if last {
                        let there = Some(there);
                        return Target::Inside { read, there, real };
                    }
                }
                Err(_) if last => {
                    let there = None;
                    return Target::Inside { read, there, real };
                }
                Err(_) => return Target::Nowhere(read),
            }
        }
        Target::Object(there)
    }

    /// An inode number that is the same in each execution.
    pub(crate) fn stable_number(&self, number: u64) -> u64 {
        let known = self.known.iter().find(|((_, known), _)| *known == number);
        known.map_or(0, |(_, id)| {
            let creator = id.creator.map_or(0, |process| u64::from(process.0) + 1);
            creator * 1_000_000 + u64::from(id.serial)
        })
    }

    /// Whether a path lies in a watched directory, as it is written.
    pub(crate) fn is_inside(&self, path: &Path) -> bool {
        self.roots.iter().any(|root| path.starts_with(root))
    }

    /// A path as it is shown: relative to its watched directory.
    pub(crate) fn shown(&self, path: &Path) -> PathBuf {
        let inside = self.roots.iter().find_map(|root| path.strip_prefix(root).ok());
        let shown = inside.map_or_else(|| path.to_owned(), |inside| Path::new("/").join(inside));
        PathBuf::from(self.canonical(&shown.to_string_lossy()))
    }
}

/// Whether it is a file of memfd_create(2), by its link in `/proc`: it belongs to the contender.
fn has_no_name(path: &Path) -> bool {
    path.to_string_lossy().starts_with("/memfd:")
}

/// File systems that never reuse an inode number: `mm/shmem.c`, `fs/btrfs/inode.c`. Not xfs: it frees an inode a moment
/// after its file is gone (`fs/xfs/xfs_icache.c`, `xfs_inodegc_queue`), and then its number is the first that is given.
const COUNTING_ON: [&str; 2] = ["tmpfs", "btrfs"];

/// Whether the file system of a directory may reuse inode numbers: all that are not known to count on. A trial would prove
/// nothing, because another process may take the number meanwhile.
///
/// # Errors
///
/// When it cannot be examined.
pub(crate) fn reuses_inode_numbers(directory: &Path) -> io::Result<bool> {
    let kind = machine::file_system(directory)?.kind;
    Ok(!COUNTING_ON.contains(&kind.as_str()))
}

/// The same target, reached through a symbolic link that was read before.
fn with(mut before: Vec<Object>, spot: Target) -> Target {
    match spot {
        Target::Inside { read, there, real } => {
            before.extend(read);
            let read = before;
            Target::Inside { read, there, real }
        }
        Target::Nowhere(read) => {
            before.extend(read);
            Target::Nowhere(before)
        }
        // The link itself is watched; its target is not.
        Target::Outside { .. } | Target::Own | Target::Process(_) if !before.is_empty() => Target::Nowhere(before),
        other => other,
    }
}

/// Whether an inode is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum New {
    /// It was just made: the last inode with its number no longer exists.
    Always,
    /// It may have existed elsewhere.
    IfUnknown,
}
