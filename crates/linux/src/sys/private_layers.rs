//! Private layers over the places that programs write to, such as `/tmp` and the home directory: what is written there never
//! reaches the machine, and is gone before the next execution.
//!
//! ```text
//!  /tmp as programs see it = an overlay: the machine's /tmp below, an empty directory of a private tmpfs above
//! ```
//!
//! Everywhere else the machine is read-only for programs. All of this is in the mount namespace of the caller, and ends with it:
//! [mount_namespaces(7)](https://man7.org/linux/man-pages/man7/mount_namespaces.7.html), `Documentation/filesystems/overlayfs.rst`.
//! Knows nothing of locks.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use super::layer_contents::{Apart, clean, copy_up, remove};
use super::layer_places::{TEMPORARY, distinct_places, existing_above, without_links};
use super::mount_points::mount_points;
use super::namespace::{Rights, bind, make_read_only, mount_new, unmount};

/// Below `/tmp`: where the directories of a run are mounted, so that their paths are the same in each run.
const RUN: &str = "onewinner";

/// A directory with a private layer.
#[derive(Debug)]
struct Place {
    path: PathBuf,
    /// Its name among the layers.
    name: String,
    /// The machine's directory.
    below: File,
    /// What is mounted below it on the machine, and where: a layer would hide it.
    mounts: Vec<(PathBuf, File)>,
    /// How often a layer was made for it.
    layers: u32,
    is_covered: bool,
}

/// The private layers of a mount namespace.
#[derive(Debug)]
pub struct PrivateLayers {
    /// The private file system that holds all layers; nothing is mounted there any more, so that it has no path.
    layers: File,
    places: Vec<Place>,
    /// The directories of the run.
    run: Vec<File>,
    apart: Apart,
    rights: Rights,
    /// What could not be made read-only, and why.
    writable: Vec<(PathBuf, io::Error)>,
}

impl PrivateLayers {
    /// Covers the places of programs, and mounts the directories of a run at paths that are always the same. Returns these
    /// paths. `lock_at` is the place of the lock, if the program has one of its own: there it finds no file at first.
    ///
    /// # Errors
    ///
    /// When the kernel refuses, or the place of the lock cannot be covered. Then nothing is covered.
    pub fn mount(run: &[PathBuf], lock_at: Option<&Path>, rights: Rights) -> io::Result<(Self, Vec<PathBuf>)> {
        let hidden = lock_at.map(without_links).transpose()?;
        let here = std::env::current_dir()?;
        let run = run.iter().map(|path| directory(path)).collect::<io::Result<Vec<_>>>()?;
        let mounts = mount_points()?;
        let mut places = Vec::new();
        for path in distinct_places(rights, hidden.as_deref().and_then(existing_above), &mounts) {
            let name = places.len().to_string();
            let below = directory(&path)?;
            let inside = mounts
                .iter()
                .filter(|mount| *mount != &path && mount.starts_with(&path));
            // One that this user may not open is not for its programs either.
            let inside = inside.filter_map(|mount| Some((mount.clone(), open_path(mount).ok()?)));
            places.push(Place {
                mounts: inside.collect(),
                path,
                name,
                below,
                layers: 0,
                is_covered: false,
            });
        }
        mount_new("tmpfs", Path::new(TEMPORARY), "mode=0700").map_err(io::Error::from)?;
        let layers = directory(Path::new(TEMPORARY))?;
        let mut all = Self {
            layers,
            places,
            run,
            apart: Apart {
                kept: Some(Path::new(TEMPORARY).join(RUN)),
                hidden,
            },
            rights,
            writable: Vec::new(),
        };
        match all.cover_all() {
            Ok(paths) => {
                all.protect(&paths)?;
                // As it is through the layers.
                std::env::set_current_dir(here)?;
                Ok((all, paths))
            }
            Err(error) => {
                all.uncover()?;
                Err(error)
            }
        }
    }

    fn cover_all(&mut self) -> io::Result<Vec<PathBuf>> {
        for place in 0..self.places.len() {
            self.cover(place)?;
        }
        if let Some(hidden) = &self.apart.hidden {
            if !self.is_covered(hidden) {
                return Err(io::Error::other(
                    "the directory does not exist, or this user may not write there",
                ));
            }
            remove(hidden)?;
        }
        self.mount_run()
    }

    /// Whether what is written to this path stays in a layer.
    fn is_covered(&self, path: &Path) -> bool {
        let below = |above: &PathBuf| path != above && path.starts_with(above);
        self.covered().iter().any(below) && !self.open_mounts().iter().any(|mount| path.starts_with(mount))
    }

    /// Makes read-only what has no layer, except the directories of the run.
    fn protect(&mut self, run: &[PathBuf]) -> io::Result<()> {
        let mounts: BTreeSet<PathBuf> = mount_points()?.into_iter().collect();
        let covered = self.covered();
        for mount in mounts {
            // The tracer writes to files of its contenders in /proc.
            if covered.contains(&mount) || run.contains(&mount) || mount.starts_with("/proc") {
                continue;
            }
            match make_read_only(&mount).map_err(io::Error::from) {
                // Another mount hides it.
                Err(error) if error.kind() == io::ErrorKind::NotFound => {}
                Err(error) => self.writable.push((mount, error)),
                Ok(()) => {}
            }
        }
        Ok(())
    }

    /// The places that have a layer.
    pub fn covered(&self) -> Vec<PathBuf> {
        let covered = self.places.iter().filter(|place| place.is_covered);
        covered.map(|place| place.path.clone()).collect()
    }

    /// What is mounted below these places, and has no layer.
    pub fn open_mounts(&self) -> Vec<PathBuf> {
        let mounts = self.places.iter().flat_map(|place| &place.mounts);
        let paths = mounts
            .map(|(path, _)| path)
            .filter(|path| self.places.iter().all(|place| place.path != **path));
        paths.cloned().collect()
    }

    /// Where the program has its lock, without symbolic links on the way, if that is a place of its own.
    pub fn lock_at(&self) -> Option<&Path> {
        self.apart.hidden.as_deref()
    }

    /// What of the machine contenders can change.
    pub fn notes(&self) -> Vec<String> {
        let note = |(mount, error): &(PathBuf, io::Error)| {
            format!(
                "what contenders write below {} reaches this machine: it cannot be made read-only ({error})",
                mount.display()
            )
        };
        self.writable.iter().map(note).collect()
    }

    fn uncover(&mut self) -> io::Result<()> {
        for place in self.places.iter().rev().filter(|place| place.is_covered) {
            unmount(&place.path).map_err(io::Error::from)?;
        }
        unmount(Path::new(TEMPORARY)).map_err(io::Error::from)
    }

    /// Removes what was written to the layers since they were mounted. Returns whether a layer was replaced: then descriptors of
    /// processes that still run lead to the old one. `shared` are the paths that several contenders use.
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub fn renew(&mut self, shared: &BTreeSet<PathBuf>) -> io::Result<bool> {
        let mut replaced: Vec<PathBuf> = Vec::new();
        for place in 0..self.places.len() {
            let upper = self.upper(&self.places[place]);
            let merged = self.places[place].path.clone();
            // Its mount went with the one above.
            let is_gone = replaced.iter().any(|above| merged.starts_with(above));
            if !is_gone {
                if clean(&upper, &merged, &link(&self.places[place].below), &self.apart)? {
                    continue;
                }
                unmount(&merged).map_err(io::Error::from)?;
            }
            self.places[place].is_covered = false;
            self.cover(place)?;
            replaced.push(merged);
        }
        if !replaced.is_empty() {
            if let Some(hidden) = &self.apart.hidden {
                remove(hidden)?;
            }
            self.mount_run()?;
        }
        copy_up(shared)?;
        Ok(!replaced.is_empty())
    }

    fn upper(&self, place: &Place) -> PathBuf {
        link(&self.layers)
            .join(format!("{}-{}", place.name, place.layers))
            .join("upper")
    }

    /// Mounts a fresh layer over a place.
    fn cover(&mut self, number: usize) -> io::Result<()> {
        self.places[number].layers += 1;
        let place = &self.places[number];
        let upper = self.upper(place);
        let work = upper.with_file_name("work");
        fs::create_dir_all(&upper)?;
        fs::create_dir(&work)?;
        // The layer is the directory that programs see: it has the rights of the one below.
        let below = link(&place.below);
        let there = fs::metadata(&below)?;
        if self.rights == Rights::Root {
            chown(&upper, Some(there.uid()), Some(there.gid()))?;
        }
        fs::set_permissions(&upper, there.permissions())?;
        let user = match self.rights {
            Rights::Root => "",
            // Where the user is mapped, marks of removed files are attributes that a user may set.
            Rights::User => ",userxattr",
        };
        let options = format!(
            "lowerdir={},upperdir={},workdir={}{user}",
            below.display(),
            upper.display(),
            work.display()
        );
        mount_new("overlay", &place.path, &options).map_err(io::Error::from)?;
        for (path, mount) in &place.mounts {
            // If another mount hides it, nobody sees it.
            if path.exists() {
                bind(&link(mount), path).map_err(io::Error::from)?;
                // Before the first execution all of them become read-only, and the failures are noted.
                if self.places[number].layers > 1 && !self.places.iter().any(|place| place.path == *path) {
                    let _noted = make_read_only(path);
                }
            }
        }
        self.places[number].is_covered = true;
        Ok(())
    }

    /// Mounts the directories of the run, and returns their paths.
    fn mount_run(&self) -> io::Result<Vec<PathBuf>> {
        let mut paths = Vec::new();
        for (number, directory) in self.run.iter().enumerate() {
            let path = Path::new(TEMPORARY).join(RUN).join(number.to_string());
            fs::create_dir_all(&path)?;
            bind(&link(directory), &path).map_err(io::Error::from)?;
            paths.push(path);
        }
        Ok(paths)
    }
}

fn directory(path: &Path) -> io::Result<File> {
    let flags = libc::O_PATH | libc::O_DIRECTORY | libc::O_CLOEXEC;
    File::options().read(true).custom_flags(flags).open(path)
}

fn open_path(path: &Path) -> io::Result<File> {
    File::options()
        .read(true)
        .custom_flags(libc::O_PATH | libc::O_CLOEXEC)
        .open(path)
}

/// A path to an open directory.
fn link(directory: &File) -> PathBuf {
    PathBuf::from(format!("/proc/self/fd/{}", directory.as_raw_fd()))
}
