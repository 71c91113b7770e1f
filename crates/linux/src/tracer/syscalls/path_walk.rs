//! Resolves a path of a stopped task as the kernel does, name by name, and keeps what was read on the way.
//!
//! The links of `/proc` lead where they lead for the task, not for the tracer. `proc_walk.rs` resolves names below `/proc`.
//! Changes nothing, and knows no call.

use std::ffi::{OsStr, OsString};
use std::fs;
use std::io::ErrorKind;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::decode::{Base, PathArgument};
use super::interpreter::AtCall;
use super::watched_tree::{Inode, InodeKind, Read, Side, WatchedTree};
use onewinner_core::access::Object;
use onewinner_core::id::ProcessId;

/// How many symbolic links are followed; the kernel follows 40 ([path_resolution(7)](https://man7.org/linux/man-pages/man7/path_resolution.7.html)).
const MOST_LINKS: u32 = 40;

/// What a path or a descriptor of a task leads to.
#[derive(Clone, Debug)]
pub(crate) struct Target {
    /// The names read on the way, in order.
    pub(crate) read: Vec<Read>,
    pub(crate) end: End,
}

/// What is at the end of a way.
#[derive(Clone, Debug)]
pub(crate) enum End {
    /// A name in a directory: the last that was read.
    Name {
        /// The inode, if there is one.
        there: Option<Inode>,
        /// Its path without symbolic links.
        real: PathBuf,
    },
    /// An inode without a name that was read: that of a descriptor, or of a path that ends in `.` or `..`.
    Object(Inode),
    /// The name cannot be reached, because of the names read on the way.
    Nowhere,
    /// The folder of another contender in `/proc`, or a file there.
    Process { of: ProcessId, path: PathBuf },
    /// A socket, by its inode number.
    Socket(u64),
    /// Its own files in `/proc`, a pipe without a name, a closed descriptor: nothing that contenders share.
    Own,
    /// A file that exists in each execution. What it shows cannot be controlled, for this reason.
    Figures(String),
    /// It cannot be controlled, for this reason.
    Hidden(String),
}

impl From<End> for Target {
    fn from(end: End) -> Self {
        let read = Vec::new();
        Self { read, end }
    }
}

impl WatchedTree {
    /// What an open descriptor leads to.
    pub(crate) fn descriptor(&self, task: i32, fd: i32) -> End {
        let link = format!("/proc/{task}/fd/{fd}");
        let found = fs::metadata(&link).and_then(|metadata| Ok((metadata, fs::read_link(&link)?)));
        let (metadata, path) = match found {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => return End::Own,
            Err(error) => return End::Hidden(format!("has a descriptor that cannot be examined ({error})")),
        };
        match self.owner_of_stream(&metadata) {
            Some(owner) if self.contender(task).is_some_and(|process| process != owner) => {
                return End::Hidden("has the standard input or output of another contender open".to_owned());
            }
            Some(_) => return End::Own,
            None => {}
        }
        let inode = self.inode(&metadata, &path);
        match inode.kind {
            InodeKind::Socket if !path.is_absolute() => End::Socket(metadata.ino()),
            // `pipe:[7]`, `anon_inode:[eventpoll]`, and memory without a name.
            _ if !path.is_absolute() || has_no_name(&path) => End::Own,
            _ => self.of_a_contender(task, &path).unwrap_or(End::Object(inode)),
        }
    }

    /// The shared objects of the descriptors of a task, one for each descriptor.
    ///
    /// # Errors
    ///
    /// When they cannot be listed; the text says why.
    pub(crate) fn open(&self, task: i32) -> Result<Vec<(i32, End)>, String> {
        let unlisted = |error: std::io::Error| format!("has descriptors that cannot be listed ({error})");
        let mut open = Vec::new();
        let entries = match fs::read_dir(format!("/proc/{task}/fd")) {
            Ok(entries) => entries,
            // It has ended.
            Err(error) if error.kind() == ErrorKind::NotFound => return Ok(open),
            Err(error) => return Err(unlisted(error)),
        };
        for entry in entries {
            let name = entry.map_err(unlisted)?.file_name();
            let Some(fd) = name.to_str().and_then(|name| name.parse().ok()) else {
                continue;
            };
            match self.descriptor(task, fd) {
                End::Own => {}
                there => open.push((fd, there)),
            }
        }
        open.sort_unstable_by_key(|(fd, _)| *fd);
        Ok(open)
    }

    /// What a path of a stopped task leads to; a symbolic link at its end is followed if `follow`.
    pub(crate) fn resolve(&self, at: &AtCall<'_>, place: &PathArgument, follow: bool) -> Target {
        let base = match place.base {
            Base::Descriptor(fd) if place.path.as_os_str().is_empty() => return self.descriptor(at.task, fd).into(),
            Base::Descriptor(fd) => format!("/proc/{}/fd/{fd}", at.task),
            Base::WorkingDirectory => format!("/proc/{}/cwd", at.task),
        };
        let mut walk = Walk::new(self, at);
        walk.push(&place.path);
        if !place.path.is_absolute()
            && let Some(end) = walk.begin_at(&base)
        {
            return walk.ended(end);
        }
        // A slash at the end asks for the directory behind a link.
        let follow = follow || place.path.as_os_str().as_bytes().ends_with(b"/");
        walk.take_known_way(place);
        walk.run(follow)
    }
}

/// A path that is being resolved.
pub(super) struct Walk<'a> {
    pub(super) tree: &'a WatchedTree,
    pub(super) at: &'a AtCall<'a>,
    /// The directory that was reached, without symbolic links.
    pub(super) here: PathBuf,
    /// The names that are left, the next one last.
    pub(super) rest: Vec<OsString>,
    read: Vec<Read>,
    links: u32,
}

impl<'a> Walk<'a> {
    /// A walk that begins at the root.
    pub(super) fn new(tree: &'a WatchedTree, at: &'a AtCall<'a>) -> Self {
        Self {
            tree,
            at,
            here: PathBuf::from("/"),
            rest: Vec::new(),
            read: Vec::new(),
            links: 0,
        }
    }
}

impl Walk<'_> {
    /// The names of this path come next. One that is absolute begins anew.
    pub(super) fn push(&mut self, path: &Path) {
        if path.is_absolute() {
            self.here = PathBuf::from("/");
        }
        let names = path.components().map(|component| component.as_os_str().to_owned());
        let names: Vec<_> = names.filter(|name| name != "/").collect();
        self.rest.extend(names.into_iter().rev());
    }

    /// The path begins at a directory of the task; where that leads if it leads nowhere.
    fn begin_at(&mut self, base: &str) -> Option<End> {
        let found = fs::read_link(base).and_then(|link| Ok((link, fs::metadata(base)?)));
        let (link, metadata) = match found {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => return Some(End::Own),
            Err(error) => {
                let why = format!("names a file below a directory that cannot be examined ({error})");
                return Some(End::Hidden(why));
            }
        };
        if !link.is_absolute() {
            return Some(End::Own); // The descriptor leads to no directory: the call fails.
        }
        if metadata.is_dir() && metadata.nlink() == 0 || link.to_string_lossy().ends_with(" (deleted)") {
            // Nothing can be made in a removed directory; which one it is decides that it was removed.
            let directory = self.tree.inode(&metadata, &link);
            self.saw(Read {
                object: Object::Links(directory.id),
                side: directory.side,
                path: link,
            });
            return Some(End::Nowhere);
        }
        self.push(&link);
        None
    }

    /// The way goes on behind a link of `/proc`.
    pub(super) fn through(&mut self, link: &str) -> Option<End> {
        self.links += 1;
        if self.links > MOST_LINKS {
            return Some(End::Nowhere);
        }
        self.begin_at(link)
    }

    /// Skips the names up to a watched directory, or those that were resolved before.
    pub(super) fn take_known_way(&mut self, place: &PathArgument) {
        let whole: PathBuf = [OsStr::new("/")]
            .into_iter()
            .chain(self.rest.iter().rev().map(OsString::as_os_str))
            .collect();
        if let Some(root) = self.tree.roots.iter().find(|root| whole.starts_with(root)) {
            self.rest.truncate(self.rest.len() - root.iter().skip(1).count());
            self.here.clone_from(root);
            return;
        }
        let Some(parent) = whole.parent().filter(|_| !place.path.as_os_str().is_empty()) else {
            return;
        };
        if let Some((real, read)) = self.tree.resolved.borrow().get(parent) {
            self.rest.truncate(1);
            self.here.clone_from(real);
            self.read.extend(read.iter().cloned());
            return;
        }
        if let Some((real, read)) = self.directory_elsewhere(parent) {
            self.rest.truncate(1);
            self.here.clone_from(&real);
            self.read.extend(read.iter().cloned());
            self.tree.resolved.borrow_mut().insert(parent.to_owned(), (real, read));
        }
    }

    /// A directory elsewhere without symbolic links, and the names read on the way. `None` if the way there is absent, watched,
    /// or leads through `/proc`, where it is another one for each task.
    fn directory_elsewhere(&self, path: &Path) -> Option<(PathBuf, Vec<Read>)> {
        let mut walk = Walk::new(self.tree, self.at);
        walk.push(path);
        let follow = true;
        let Target { read, end } = walk.run(follow);
        let (End::Name { there: Some(there), .. } | End::Object(there)) = end else {
            return None;
        };
        let elsewhere = read.iter().all(|read| read.side == Side::Elsewhere) && there.side == Side::Elsewhere;
        let real = there.path.clone();
        let kept = there.is_directory() && elsewhere && !real.starts_with("/proc");
        kept.then_some((real, read))
    }

    pub(super) fn saw(&mut self, read: Read) {
        if !self.read.contains(&read) {
            self.read.push(read);
        }
    }

    fn ended(&mut self, end: End) -> Target {
        let read = std::mem::take(&mut self.read);
        Target { read, end }
    }

    pub(super) fn run(mut self, follow: bool) -> Target {
        while let Some(name) = self.rest.pop() {
            let end = match name.to_str() {
                Some(".") => None,
                Some("..") => {
                    self.here.pop();
                    None
                }
                _ if self.here == Path::new("/proc") => self.in_proc(&name, follow),
                _ => self.step(&name, follow),
            };
            if let Some(end) = end {
                return self.ended(end);
            }
        }
        let end = match fs::symlink_metadata(&self.here) {
            Ok(metadata) => End::Object(self.tree.inode(&metadata, &self.here)),
            Err(_) => End::Nowhere,
        };
        self.ended(end)
    }

    /// Reads a name in the directory that was reached.
    pub(super) fn step(&mut self, name: &OsStr, follow: bool) -> Option<End> {
        let last = self.rest.is_empty();
        let directory = match fs::symlink_metadata(&self.here) {
            Ok(metadata) => self.tree.inode(&metadata, &self.here),
            Err(_) => return Some(End::Nowhere),
        };
        // Whether the directory may be searched.
        self.saw(Read {
            object: Object::Attributes(directory.id),
            side: directory.side,
            path: self.here.clone(),
        });
        let entry = self.tree.canonical(&name.to_string_lossy()).into_boxed_str();
        let real = self.here.join(name);
        let metadata = fs::symlink_metadata(&real);
        // The end of a way is the name that was read last.
        let entry = Read {
            object: Object::Entry(directory.id, entry),
            side: self.tree.side_of_name(directory.side, &real),
            path: real.clone(),
        };
        self.read.retain(|read| *read != entry);
        self.read.push(entry);
        match metadata {
            Ok(metadata) if metadata.is_symlink() && (follow || !last) => {
                self.links += 1;
                if self.links > MOST_LINKS {
                    return Some(End::Nowhere);
                }
                match fs::read_link(&real) {
                    Ok(target) => self.push(&target),
                    Err(error) => return Some(End::Hidden(format!("follows a link that cannot be read ({error})"))),
                }
                None
            }
            Ok(metadata) if last => self.refused(&metadata, &real).or_else(|| {
                let there = Some(self.tree.inode(&metadata, &real));
                Some(End::Name { there, real })
            }),
            Ok(metadata) if metadata.is_dir() => {
                self.here = real;
                None
            }
            Err(error) if last && error.kind() == ErrorKind::NotFound => {
                let there = None;
                Some(End::Name { there, real })
            }
            Ok(_) => Some(End::Nowhere),
            Err(error) if is_what_the_task_gets(error.kind()) => Some(End::Nowhere),
            Err(error) => Some(End::Hidden(format!(
                "uses {}, which cannot be examined ({error})",
                real.display()
            ))),
        }
    }
}

/// Whether the task gets this error too when it resolves the path.
fn is_what_the_task_gets(error: ErrorKind) -> bool {
    use ErrorKind::{InvalidFilename, InvalidInput, NotADirectory, NotFound, PermissionDenied};
    matches!(
        error,
        NotFound | NotADirectory | InvalidFilename | InvalidInput | PermissionDenied
    )
}

/// Whether it is a file of memfd_create(2), by its link in `/proc`: it belongs to the contender.
pub(super) fn has_no_name(path: &Path) -> bool {
    path.to_string_lossy().starts_with("/memfd:")
}

#[cfg(test)]
mod tests {
    use std::os::fd::AsRawFd;
    use std::os::unix::fs::symlink;

    use super::*;
    use crate::sys::trace::Memory;

    /// A watched directory, and this process as the only task.
    struct Place {
        // Removed when it is dropped.
        _directory: tempfile::TempDir,
        root: PathBuf,
        tree: WatchedTree,
        memory: Memory,
    }

    fn me() -> i32 {
        std::process::id().cast_signed()
    }

    impl Place {
        fn new() -> Self {
            let directory = tempfile::tempdir().unwrap();
            let root = fs::canonicalize(directory.path()).unwrap().join("watched");
            fs::create_dir(&root).unwrap();
            let mut tree = WatchedTree::new(Vec::new());
            tree.begin(std::slice::from_ref(&root)).unwrap();
            tree.tasks.insert(me(), (ProcessId(0), me()));
            tree.tasks.insert(1, (ProcessId(1), 1));
            tree.numbers.starts(1);
            Self {
                _directory: directory,
                root,
                tree,
                memory: Memory::of(me()).unwrap(),
            }
        }

        fn leads(&self, base: Base, path: &str) -> Target {
            let at = AtCall::of_this_process(&self.memory, [0; 6]);
            let path = PathBuf::from(path);
            let follow = true;
            self.tree.resolve(&at, &PathArgument { base, path }, follow)
        }

        /// The watched name that a path leads to.
        fn name(&self, path: &str) -> Option<PathBuf> {
            let Target { read, end } = self.leads(Base::WorkingDirectory, path);
            match end {
                End::Name { real, .. } if read.last()?.side == Side::Watched => Some(real),
                _ => None,
            }
        }
    }

    #[test]
    fn each_way_to_a_watched_name_leads_there() {
        let place = Place::new();
        let root = place.root.display();
        let directory = fs::File::open(&place.root).unwrap();
        symlink(&place.root, place.root.with_file_name("link")).unwrap();
        let fd = directory.as_raw_fd();
        let expected = Some(place.root.join("lock"));
        for path in [
            format!("{root}/lock"),
            format!("{root}/./lock"),
            format!("{root}/../watched/lock"),
            format!("{root}/../link/lock"),
            format!("/usr/..{root}/lock"),
            format!("/proc/self/fd/{fd}/lock"),
            format!("/dev/fd/{fd}/lock"),
            format!("/proc/{}/fd/{fd}/lock", me()),
            format!("/proc/self/task/{}/root{root}/lock", me()),
            format!("/proc/thread-self/root{root}/lock"),
            format!("/proc/self/../self/root{root}/lock"),
        ] {
            // Once resolved, and once remembered.
            assert_eq!(place.name(&path), expected, "{path}");
            assert_eq!(place.name(&path), expected, "{path}");
        }
    }

    #[test]
    fn what_shows_others_is_not_taken_for_its_own() {
        let place = Place::new();
        let leads = |path: &str| place.leads(Base::WorkingDirectory, path).end;
        for hidden in [
            "/proc/locks",
            "/proc/self/../locks",
            "/proc/net/tcp",
            "/proc/self/net/unix",
            "/proc/sysvipc/sem",
            "/usr/../proc/locks",
            "/proc/net/dev",
            "/proc/1/task/1",
            "/proc/1/fd/0",
            "/proc/2/status",
            "/proc/2/task/2/children",
        ] {
            assert!(matches!(leads(hidden), End::Hidden(_)), "{hidden}");
        }
        for own in ["/proc/self/status", "/proc/self/net/if_inet6", "/proc/self/fd"] {
            assert!(matches!(leads(own), End::Own), "{own}");
        }
        assert!(matches!(leads("/proc/1/stat"), End::Process { of: ProcessId(1), .. }));
    }

    #[test]
    fn nothing_is_made_in_a_removed_directory() {
        let place = Place::new();
        let inside = place.root.join("inside");
        fs::create_dir(&inside).unwrap();
        let directory = fs::File::open(&inside).unwrap();
        fs::remove_dir(&inside).unwrap();
        let Target { read, end } = place.leads(Base::Descriptor(directory.as_raw_fd()), "lock");
        assert!(matches!(end, End::Nowhere));
        assert!(matches!(
            read[..],
            [Read {
                object: Object::Links(_),
                ..
            }]
        ));
    }

    #[test]
    fn a_name_elsewhere_is_one_object_for_each_path_to_it() {
        let place = Place::new();
        let outside = place.root.with_file_name("outside");
        symlink(".", place.root.with_file_name("here")).unwrap();
        let last = |path: &Path| {
            let target = place.leads(Base::WorkingDirectory, path.to_str().unwrap());
            target.read.last().cloned()
        };
        let detour = place.root.with_file_name("here").join("outside");
        assert_eq!(last(&outside), last(&detour));
        assert_eq!(last(&outside).unwrap().side, Side::Elsewhere);
    }
}
