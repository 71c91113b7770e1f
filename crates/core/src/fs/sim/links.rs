//! Symbolic links: creating, reading and following them;
//! [symlink(7)](https://man7.org/linux/man-pages/man7/symlink.7.html).
//!
//! The target of a link never changes, so loading the entry of the link also loads its target. Following a link adds only the
//! entries along its target to a footprint.

use std::path::{Path, PathBuf};

use super::State;
use super::inode::Body;
use super::path::{Location, Slash, Slot, Walk, deepest, text_of};
use super::tables::Actor;
use crate::access::{Accesses, InodeId};
use crate::fs::{Create, Errno};

/// How many links are followed in one path: `MAXSYMLINKS`, `include/linux/namei.h`.
const MOST_FOLLOWED: u32 = 40;

/// Whether a link at the end of a path is followed.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Final {
    Followed,
    Itself,
}

/// What `open` finds.
pub(super) enum Opened {
    There(InodeId),
    /// Nothing: the file is created here.
    Absent(Slot<'static>),
}

impl<'s> Walk<'s, '_> {
    /// The directories from below the root to the entry, which must be a directory or a link to one.
    pub(super) fn enter(&mut self, mut slot: Slot<'_>) -> Result<Vec<InodeId>, Errno> {
        let next = self.state.look_up(&slot, self.accesses)?.ok_or(Errno::ENOENT)?;
        match &self.state.inodes.get(next).body {
            Body::Directory(_) => {
                slot.ancestors.push(next);
                Ok(slot.ancestors)
            }
            Body::File(_) => Err(Errno::ENOTDIR),
            Body::Symlink(target) => match self.follow(slot, target)? {
                Location::Entry(slot) => self.enter(slot),
                Location::Unnamed(_, ancestors) => Ok(ancestors),
            },
        }
    }

    /// Follows the target of the link in the entry, from the directory of that entry.
    fn follow(&mut self, slot: Slot<'_>, target: &'s str) -> Result<Location<'s>, Errno> {
        self.followed += 1;
        if self.followed > MOST_FOLLOWED {
            return Err(Errno::ELOOP);
        }
        self.along(slot.ancestors, target)
    }

    /// The inode at a place. A slash at the end of the path, or of the target of a followed link, requires a directory, and follows.
    fn arrive<'t>(&mut self, mut place: Location<'t>, end: Final) -> Result<InodeId, Errno>
    where
        's: 't,
    {
        let mut slash = Slash::Absent;
        loop {
            let slot = match place {
                Location::Unnamed(_, ancestors) => return Ok(deepest(&ancestors)),
                Location::Entry(slot) => slot,
            };
            if slot.slash == Slash::Trailing {
                slash = Slash::Trailing;
            }
            let id = self.state.look_up(&slot, self.accesses)?.ok_or(Errno::ENOENT)?;
            match &self.state.inodes.get(id).body {
                Body::Symlink(target) if end == Final::Followed || slash == Slash::Trailing => {
                    place = self.follow(slot, target)?;
                }
                Body::Symlink(_) | Body::Directory(_) => return Ok(id),
                Body::File(_) if slash == Slash::Trailing => return Err(Errno::ENOTDIR),
                Body::File(_) => return Ok(id),
            }
        }
    }

    /// What an open with `O_CREAT` finds. With `O_EXCL` a link at the end is not followed.
    fn arrive_to_create<'t>(&mut self, mut place: Location<'t>, create: Create) -> Result<Opened, Errno>
    where
        's: 't,
    {
        loop {
            let slot = match place {
                Location::Unnamed(_, ancestors) => return Ok(Opened::There(deepest(&ancestors))),
                // Whatever exists there is an error, and is not looked at (fs/namei.c, lookup_fast_for_open).
                Location::Entry(slot) if slot.slash == Slash::Trailing => return Err(Errno::EISDIR),
                Location::Entry(slot) => slot,
            };
            let Some(id) = self.state.look_up(&slot, self.accesses)? else {
                return Ok(Opened::Absent(slot.into_owned()));
            };
            match &self.state.inodes.get(id).body {
                Body::Symlink(target) if create == Create::IfAbsent => place = self.follow(slot, target)?,
                _ => return Ok(Opened::There(id)),
            }
        }
    }
}

impl State {
    /// Resolves a whole path.
    pub(super) fn find(&self, path: &Path, end: Final, accesses: &mut Accesses) -> Result<InodeId, Errno> {
        let mut walk = Walk::new(self, accesses);
        let place = walk.along(Vec::new(), text_of(path)?)?;
        walk.arrive(place, end)
    }

    /// Resolves a whole path to what `open` opens, or to the place where it creates a file.
    pub(super) fn find_to_open(&self, path: &Path, create: Create, accesses: &mut Accesses) -> Result<Opened, Errno> {
        let mut walk = Walk::new(self, accesses);
        let place = walk.along(Vec::new(), text_of(path)?)?;
        match create {
            Create::Never => walk.arrive(place, Final::Followed).map(Opened::There),
            Create::IfAbsent | Create::Exclusively => walk.arrive_to_create(place, create),
        }
    }

    pub(super) fn symlink(
        &mut self,
        actor: Actor,
        target: &Path,
        path: &Path,
        touched: &mut Accesses,
    ) -> Result<(), Errno> {
        // The kernel copies the target like a path, and before the path (fs/namei.c, do_symlinkat).
        let target = text_of(target)?;
        let slot = self.free_slot(path, touched)?;
        self.create(actor, &slot, Body::Symlink(target.into()), touched);
        Ok(())
    }

    pub(super) fn readlink(&self, path: &Path, touched: &mut Accesses) -> Result<PathBuf, Errno> {
        let id = self.find(path, Final::Itself, touched)?;
        match &self.inodes.get(id).body {
            Body::Symlink(target) => Ok(PathBuf::from(&**target)),
            Body::File(_) | Body::Directory(_) => Err(Errno::EINVAL),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::access::Object;
    use crate::fs::call::{Call, Reply, Value};
    use crate::fs::{Errno, Mode, OpenFlags};
    use crate::id::ProcessId;

    const P: ProcessId = ProcessId(0);

    fn linked(links: &[(&str, &str)]) -> State {
        let mut state = State::new(1);
        let mkdir = Call::Mkdir {
            path: "/d".into(),
            mode: Mode::DIRECTORY,
        };
        state.prepare(&mkdir).expect("an empty file system takes it");
        for (path, target) in links {
            let (path, target) = (path.into(), target.into());
            let made = state.prepare(&Call::Symlink { target, path });
            made.expect("the names are free");
        }
        state
    }

    fn open(path: &str, flags: OpenFlags) -> Call {
        Call::Open {
            path: path.into(),
            flags,
            mode: Mode::FILE,
        }
    }

    #[track_caller]
    fn check(links: &[(&str, &str)], call: &Call, expected: Reply) {
        assert_eq!(linked(links).step(P, call).0, expected, "{call} with {links:?}");
    }

    #[test]
    fn a_relative_target_starts_at_the_link_and_an_absolute_one_at_the_root() {
        for (path, target, found) in [
            ("/d/l", "f", "/d/f"),
            ("/d/l", "../f", "/f"),
            ("/d/l", "/f", "/f"),
            ("/l", "d/f", "/d/f"),
            ("/l", "d/../d/./f", "/d/f"),
        ] {
            let mut state = linked(&[(path, target)]);
            let created = state.step(P, &open(path, OpenFlags::APPEND)).0;
            assert!(created.is_ok(), "{path} -> {target}");
            let names: Vec<_> = state.tree().into_iter().map(|node| node.path).collect();
            assert!(names.contains(&found.into()), "{path} -> {target} made {names:?}");
        }
    }

    #[test]
    fn a_link_inside_a_path_is_followed_and_each_entry_is_loaded() {
        let mut state = linked(&[("/l", "m"), ("/m", "d")]);
        let stat = Call::Stat { path: "/l/a".into() };
        let (reply, accesses) = state.step(P, &stat);
        assert_eq!(reply, Err(Errno::ENOENT));
        let names = accesses.iter().map(|access| match &access.object {
            Object::Entry(_, name) => &**name,
            other => panic!("{other:?} is not an entry"),
        });
        assert_eq!(names.collect::<Vec<_>>(), ["l", "m", "d", "a"][..].to_owned());
    }

    #[test]
    fn a_name_means_the_link_and_a_name_with_a_slash_means_its_target() {
        let links = &[("/l", "d"), ("/x", "absent")];
        let path = |text: &str| PathBuf::from(text);
        let target = || path("t");
        check(links, &Call::Readlink { path: path("/l") }, Ok(Value::Path("d".into())));
        check(links, &Call::Readlink { path: path("/l/") }, Err(Errno::EINVAL));
        check(links, &Call::Readlink { path: path("/x/") }, Err(Errno::ENOENT));
        check(links, &Call::Readlink { path: path("/d") }, Err(Errno::EINVAL));
        check(links, &Call::Unlink { path: path("/l") }, Ok(Value::Done));
        check(links, &Call::Unlink { path: path("/l/") }, Err(Errno::ENOTDIR));
        check(links, &Call::Rmdir { path: path("/l") }, Err(Errno::ENOTDIR));
        check(links, &Call::Stat { path: path("/x") }, Err(Errno::ENOENT));
        check(links, &open("/x", OpenFlags::CREATE_NEW), Err(Errno::EEXIST));
        check(links, &open("/l", OpenFlags::APPEND), Err(Errno::EISDIR));
        check(
            links,
            &Call::Symlink {
                target: target(),
                path: path("/x"),
            },
            Err(Errno::EEXIST),
        );
        check(
            links,
            &Call::Symlink {
                target: target(),
                path: path("/y/"),
            },
            Err(Errno::ENOENT),
        );
        check(
            links,
            &Call::Symlink {
                target: path(""),
                path: path("/x"),
            },
            Err(Errno::ENOENT),
        );
        let (existing, new) = (path("/x"), path("/y"));
        check(links, &Call::Link { existing, new }, Ok(Value::Done));
    }

    #[test]
    fn forty_links_are_followed_and_not_one_more() {
        let names: Vec<String> = (0..=41).map(|number| format!("l{number}")).collect();
        let chain = |length: usize| {
            let mut state = linked(&[]);
            for number in 0..length {
                let (path, target) = (names[number].clone().into(), names[number + 1].clone().into());
                state
                    .prepare(&Call::Symlink { target, path })
                    .expect("the names are free");
            }
            state.step(P, &open("l0", OpenFlags::APPEND)).0
        };
        assert!(chain(40).is_ok());
        assert_eq!(chain(41), Err(Errno::ELOOP));
        check(&[("/l", "l/a")], &Call::Stat { path: "/l/b".into() }, Err(Errno::ELOOP));
    }
}
