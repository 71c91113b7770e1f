//! The identities of inodes and tasks in one execution, and which inodes are watched.
//!
//! Watched inodes are identified by their creator, because the file system may reuse a number immediately. Every change of a
//! watched directory is a step, so a new inode is noticed when it appears. An inode elsewhere is identified by the path at which
//! it was first seen. A path elsewhere that contenders share is watched too, with all below it. Knows no call; `path_walk.rs`
//! resolves paths.

use std::cell::RefCell;
use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ffi::OsStr;
use std::fs::{self, Metadata};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{FileTypeExt, MetadataExt};
use std::path::{Component, Path, PathBuf};
use std::time::Duration;

use super::process_numbers::{Owner, ProcessNumbers};
use crate::sys::machine;
use onewinner_core::access::{InodeId, Object};
use onewinner_core::id::ProcessId;

/// Added to the serial numbers of inodes that are not watched.
const ELSEWHERE: u32 = 1 << 31;

/// What an inode is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InodeKind {
    File,
    Directory,
    Link,
    /// A pipe with a name.
    Pipe,
    /// The name of a socket.
    Socket,
    /// A device, with its number.
    Device(u64),
}

/// Whether calls on an object are steps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// They are: it is in a watched directory.
    Watched,
    /// They are made immediately, and recorded.
    Elsewhere,
}

/// An inode.
#[derive(Clone, Debug)]
pub(crate) struct Inode {
    pub(crate) id: InodeId,
    pub(crate) side: Side,
    pub(crate) kind: InodeKind,
    pub(crate) links: u64,
    pub(crate) size: u64,
    /// The bits of `st_mode` that chmod(2) sets.
    pub(crate) mode: u32,
    pub(crate) user: u32,
    pub(crate) group: u32,
    pub(crate) number: Number,
    pub(crate) path: PathBuf,
    /// The newest of its times of access, modification and change, since 1970.
    pub(crate) newest: Duration,
}

impl Inode {
    pub(crate) fn is_directory(&self) -> bool {
        self.kind == InodeKind::Directory
    }
}

/// The newest of the times of a file. One before 1970 counts as 1970. Not that of its birth, which is never newer than all others
/// unless somebody has set these, and then the change is as new as that.
fn newest(metadata: &Metadata) -> Duration {
    let times = [
        (metadata.atime(), metadata.atime_nsec()),
        (metadata.mtime(), metadata.mtime_nsec()),
        (metadata.ctime(), metadata.ctime_nsec()),
    ];
    let since = times.map(|(seconds, rest)| {
        let rest = u32::try_from(rest).unwrap_or(0);
        u64::try_from(seconds).map_or(Duration::ZERO, |seconds| Duration::new(seconds, rest))
    });
    since.into_iter().fold(Duration::ZERO, Duration::max)
}

/// An object that was read on the way of a path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Read {
    pub(crate) object: Object,
    pub(crate) side: Side,
    /// Where it is, without symbolic links.
    pub(crate) path: PathBuf,
}

/// The numbers of a device and of an inode on it. They do not identify an inode over time.
pub(crate) type Number = (u64, u64);

/// The watched directories, and the identities of inodes and tasks.
pub(crate) struct WatchedTree {
    /// The directory of each mount, without symbolic links.
    pub(super) roots: Vec<PathBuf>,
    /// Paths elsewhere that are watched, without symbolic links.
    shared: Vec<PathBuf>,
    /// The devices of the roots, if there are several: these are mounts of one store.
    mounts: BTreeSet<u64>,
    known: HashMap<Number, InodeId>,
    /// Those among them that have lost their last name: their numbers may be reused.
    nameless: BTreeSet<Number>,
    /// Inodes that are not watched.
    elsewhere: RefCell<HashMap<Number, InodeId>>,
    created: BTreeMap<Option<ProcessId>, u32>,
    /// The named pipes through which contenders read and print. The tracer has made them, for all executions.
    pub(crate) streams: BTreeMap<Number, ProcessId>,
    /// Every task of the execution, with its contender and the number of its process.
    pub(crate) tasks: BTreeMap<i32, (ProcessId, i32)>,
    pub(crate) numbers: ProcessNumbers,
    /// Directories elsewhere, by the absolute paths used for them, over all executions: without symbolic links, and the names
    /// read on the way.
    pub(super) resolved: RefCell<HashMap<PathBuf, (PathBuf, Vec<Read>)>>,
}

impl WatchedTree {
    /// `shared` are the paths elsewhere that are watched.
    pub(crate) fn new(shared: Vec<PathBuf>) -> Self {
        Self {
            roots: Vec::new(),
            shared,
            mounts: BTreeSet::new(),
            known: HashMap::new(),
            nameless: BTreeSet::new(),
            elsewhere: RefCell::default(),
            created: BTreeMap::new(),
            streams: BTreeMap::new(),
            tasks: BTreeMap::new(),
            numbers: ProcessNumbers::default(),
            resolved: RefCell::default(),
        }
    }

    /// Forgets the last execution, and learns which files exist.
    pub(crate) fn begin(&mut self, directories: &[PathBuf]) -> io::Result<()> {
        self.known.clear();
        self.nameless.clear();
        self.elsewhere.borrow_mut().clear();
        self.created.clear();
        self.tasks.clear();
        self.numbers.begin();
        self.mounts.clear();
        self.roots = directories.iter().map(fs::canonicalize).collect::<io::Result<_>>()?;
        if self.roots.len() > 1 {
            let devices = self.roots.iter().map(|root| Ok(fs::metadata(root)?.dev()));
            self.mounts = devices.collect::<io::Result<_>>()?;
        }
        for root in self.roots.clone() {
            let number = self.number(&fs::metadata(&root)?);
            self.known.insert(number, InodeId::ROOT);
            self.learn_below(&root, None)?;
        }
        for shared in self.shared.clone() {
            if fs::symlink_metadata(&shared).is_ok() {
                self.identify(&shared, None, New::IfUnknown)?;
                self.learn_below(&shared, None)?;
            }
        }
        Ok(())
    }

    /// Identifies the files in a directory, which `process` has put there. Anything else has none.
    pub(crate) fn learn_below(&mut self, directory: &Path, process: Option<ProcessId>) -> io::Result<()> {
        if !fs::symlink_metadata(directory)?.is_dir() {
            return Ok(());
        }
        let mut entries = fs::read_dir(directory)?.collect::<io::Result<Vec<_>>>()?;
        entries.sort_by_key(fs::DirEntry::file_name);
        for entry in entries {
            self.identify(&entry.path(), process, New::IfUnknown)?;
            self.learn_below(&entry.path(), process)?;
        }
        Ok(())
    }

    /// Several roots are mounts of one store: their device numbers differ, inode numbers do not.
    fn number(&self, metadata: &Metadata) -> Number {
        self.without_mount((metadata.dev(), metadata.ino()))
    }

    fn without_mount(&self, (device, inode): Number) -> Number {
        let device = if self.mounts.contains(&device) { 0 } else { device };
        (device, inode)
    }

    /// Whether the number of an [`Inode`] is that which programs see: those on the file system of the lock have no device.
    pub(super) fn has_device((device, _): Number) -> bool {
        device != 0
    }

    /// The contender whose process, or thread, has this number.
    pub(crate) fn contender(&self, task: i32) -> Option<ProcessId> {
        self.tasks.get(&task).map(|(process, _)| *process)
    }

    /// Whose process or thread has this number, for a contender that asks.
    pub(crate) fn owner(&self, by: ProcessId, number: i32) -> Owner {
        self.numbers.owner(by, number, self.contender(number))
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

    /// An inode has lost its last name.
    pub(crate) fn unname(&mut self, number: Number) {
        self.nameless.insert(number);
    }

    /// An inode elsewhere is about to lose its last name: its number may be reused.
    pub(crate) fn forget(&self, number: Number) {
        self.elsewhere.borrow_mut().remove(&number);
    }

    /// A directory or a symbolic link elsewhere has changed: paths through it lead elsewhere now.
    pub(crate) fn forget_ways(&self) {
        self.resolved.borrow_mut().clear();
    }

    /// The inode with these attributes, found at this path.
    pub(super) fn inode(&self, metadata: &Metadata, path: &Path) -> Inode {
        let number = self.number(metadata);
        let known = self.known.get(&number).copied();
        // The number of an inode without a name may be that of a new file elsewhere.
        let known = known.filter(|_| !self.nameless.contains(&number) || self.is_inside(path));
        let (id, side) = match known {
            Some(id) => (id, Side::Watched),
            // Something that no contender has made: another process uses the directory.
            None if self.is_inside(path) => (self.id_elsewhere(number, path), Side::Watched),
            None => (self.id_elsewhere(number, path), Side::Elsewhere),
        };
        let file_type = metadata.file_type();
        let kind = match () {
            () if file_type.is_dir() => InodeKind::Directory,
            () if file_type.is_symlink() => InodeKind::Link,
            () if file_type.is_fifo() => InodeKind::Pipe,
            () if file_type.is_socket() => InodeKind::Socket,
            () if file_type.is_file() => InodeKind::File,
            () => InodeKind::Device(metadata.rdev()),
        };
        Inode {
            id,
            side,
            kind,
            links: metadata.nlink(),
            size: metadata.size(),
            mode: metadata.mode() & 0o7777,
            user: metadata.uid(),
            group: metadata.gid(),
            number,
            path: path.to_owned(),
            newest: newest(metadata),
        }
    }

    fn id_elsewhere(&self, number: Number, path: &Path) -> InodeId {
        let mut elsewhere = self.elsewhere.borrow_mut();
        *elsewhere.entry(number).or_insert_with(|| {
            let mut hasher = DefaultHasher::new();
            self.canonical(&path.to_string_lossy()).hash(&mut hasher);
            // Two inodes with one hash are one object: that costs executions, and hides nothing.
            let serial = ELSEWHERE | hasher.finish() as u32;
            let creator = None;
            InodeId { creator, serial }
        })
    }

    /// Whether a path lies in a watched directory, or is watched itself, as it is written.
    pub(crate) fn is_inside(&self, path: &Path) -> bool {
        let below = |path: &Path| {
            self.roots
                .iter()
                .chain(&self.shared)
                .any(|above| path.starts_with(above))
        };
        // The kernel marks the path of an open file that has lost its name.
        let removed = path.as_os_str().as_bytes().strip_suffix(b" (deleted)");
        below(path) || removed.is_some_and(|path| below(Path::new(OsStr::from_bytes(path))))
    }

    /// Whether calls on a name are steps, in a directory whose calls are or are not.
    pub(super) fn side_of_name(&self, directory: Side, path: &Path) -> Side {
        if self.is_inside(path) { Side::Watched } else { directory }
    }

    /// Whether a path lies in a directory of an execution, as it is written.
    pub(super) fn leads_from_roots(&self, path: &Path) -> bool {
        self.roots.iter().any(|root| path.starts_with(root))
    }

    /// Whether a directory of an execution lies below this path, or is it.
    pub(super) fn leads_to_roots(&self, path: &Path) -> bool {
        self.roots.iter().any(|root| root.starts_with(path))
    }

    /// The contender that reads or prints through this pipe, if the tracer has made it.
    pub(super) fn owner_of_stream(&self, metadata: &Metadata) -> Option<ProcessId> {
        self.streams.get(&(metadata.dev(), metadata.ino())).copied()
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

    /// The identity of the watched inode with these numbers.
    pub(crate) fn identity_of(&self, number: Number) -> Option<InodeId> {
        self.known.get(&self.without_mount(number)).copied()
    }

    /// The identity of an inode that is not watched, found at this path.
    pub(super) fn identity_elsewhere(&self, metadata: &Metadata, path: &Path) -> InodeId {
        self.id_elsewhere(self.number(metadata), path)
    }

    /// The identity of the inode with these numbers, if it was seen and is not watched.
    pub(super) fn known_elsewhere(&self, number: Number) -> Option<InodeId> {
        self.elsewhere.borrow().get(&self.without_mount(number)).copied()
    }

    /// A path as it is shown: relative to its watched directory.
    pub(crate) fn shown(&self, path: &Path) -> PathBuf {
        let path = &without_detours(path);
        let inside = self.roots.iter().find_map(|root| path.strip_prefix(root).ok());
        let shown = inside.map_or_else(|| path.to_owned(), |inside| Path::new("/").join(inside));
        // Behind a link such as `/proc/self/root` it begins anew.
        PathBuf::from(self.canonical(&self.without_roots(&shown.to_string_lossy())))
    }

    /// A text without the paths of the watched directories, which differ between executions.
    pub(crate) fn without_roots(&self, text: &str) -> String {
        let roots = self.roots.iter().filter_map(|root| root.to_str());
        roots.fold(text.to_owned(), |text, root| text.replace(root, ""))
    }
}

/// The path without `.` and `..`, as it is shown. Where a symbolic link precedes `..`, it leads elsewhere.
pub(crate) fn without_detours(path: &Path) -> PathBuf {
    let mut short = PathBuf::new();
    for component in path.components() {
        match component {
            Component::ParentDir if short.parent().is_some() => {
                short.pop();
            }
            Component::ParentDir if short.has_root() => {}
            other => short.push(other),
        }
    }
    short
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

/// Whether an inode is new.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum New {
    /// It was just made: the last inode with its number no longer exists.
    Always,
    /// It may have existed elsewhere.
    IfUnknown,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_shared_path_is_watched_with_all_below_it_and_after_it_is_removed() {
        let directory = tempfile::tempdir().unwrap();
        let elsewhere = directory.path().canonicalize().unwrap();
        let [root, shared] = ["root", "shared"].map(|name| elsewhere.join(name));
        fs::create_dir(&root).unwrap();
        fs::create_dir(&shared).unwrap();
        fs::write(shared.join("file"), "").unwrap();
        let mut tree = WatchedTree::new(vec![shared.clone()]);
        tree.begin(std::slice::from_ref(&root)).unwrap();
        let side = |path: &Path| tree.side_of_name(Side::Elsewhere, path);
        assert_eq!(side(&shared), Side::Watched);
        assert_eq!(side(&shared.join("file")), Side::Watched);
        assert_eq!(side(&elsewhere.join("shared (deleted)")), Side::Watched);
        assert_eq!(side(&elsewhere.join("shared-not")), Side::Elsewhere);
        let metadata = fs::metadata(shared.join("file")).unwrap();
        // Under another name it is the same inode.
        let renamed = tree.inode(&metadata, &elsewhere.join("renamed"));
        assert_eq!(renamed.side, Side::Watched);
        assert_eq!(tree.identity_of((metadata.dev(), metadata.ino())), Some(renamed.id));
        assert_eq!(tree.identity_of((metadata.dev() + 1, metadata.ino())), None);
    }

    #[test]
    fn a_detour_is_not_shown() {
        for (path, shown) in [
            ("/usr/../tmp/lock", "/tmp/lock"),
            ("/../a/./b", "/a/b"),
            ("../a", "../a"),
            ("a/../b", "b"),
        ] {
            assert_eq!(without_detours(Path::new(path)), Path::new(shown), "{path}");
        }
    }
}
