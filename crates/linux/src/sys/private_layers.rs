//! Private layers over the places that programs write to, such as `/tmp` and the home directory: what is written there never
//! reaches the machine, and is gone before the next execution.
//!
//! ```text
//!  /tmp as programs see it = an overlay: the machine's /tmp below, an empty directory of a private tmpfs above
//! ```
//!
//! All of this is in the mount namespace of the caller, and ends with it:
//! [mount_namespaces(7)](https://man7.org/linux/man-pages/man7/mount_namespaces.7.html), `Documentation/filesystems/overlayfs.rst`.
//! Knows nothing of locks.

use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs::{self, File};
use std::io;
use std::os::fd::AsRawFd;
use std::os::unix::ffi::OsStringExt;
use std::os::unix::fs::{MetadataExt, OpenOptionsExt, chown};
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access};

use super::namespace::{Rights, bind, mount_new, unmount};

/// Where programs write without being asked.
const PLACES: [&str; 6] = ["/tmp", "/var/tmp", "/dev/shm", "/run", "/var/lock", "/var/lib"];

/// The directory for temporary files, which is the last one that is covered: layers are kept below it.
const TEMPORARY: &str = "/tmp";

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
    rights: Rights,
}

impl PrivateLayers {
    /// Covers the places of programs, and mounts the directories of a run at paths that are always the same. Returns these
    /// paths.
    ///
    /// # Errors
    ///
    /// When the kernel refuses. Then nothing is covered.
    pub fn mount(run: &[PathBuf], rights: Rights) -> io::Result<(Self, Vec<PathBuf>)> {
        let here = std::env::current_dir()?;
        let run = run.iter().map(|path| directory(path)).collect::<io::Result<Vec<_>>>()?;
        let mounts = mount_points()?;
        let mut places = Vec::new();
        for path in distinct_places(rights) {
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
            rights,
        };
        match all.cover_all() {
            Ok(paths) => {
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
        self.mount_run()
    }

    fn uncover(&mut self) -> io::Result<()> {
        for place in self.places.iter().rev().filter(|place| place.is_covered) {
            unmount(&place.path).map_err(io::Error::from)?;
        }
        unmount(Path::new(TEMPORARY)).map_err(io::Error::from)
    }

    /// Removes what was written to the layers since they were mounted. Returns whether a layer was replaced: then descriptors of
    /// processes that still run lead to the old one.
    ///
    /// # Errors
    ///
    /// When the kernel refuses.
    pub fn renew(&mut self) -> io::Result<bool> {
        let mut replaced = false;
        for place in 0..self.places.len() {
            let upper = self.upper(&self.places[place]);
            let keeps = (self.places[place].path == Path::new(TEMPORARY)).then_some(RUN);
            let merged = self.places[place].path.clone();
            if clean(&upper, &merged, &link(&self.places[place].below), keeps)? {
                continue;
            }
            unmount(&merged).map_err(io::Error::from)?;
            self.places[place].is_covered = false;
            self.cover(place)?;
            replaced = true;
        }
        if replaced {
            self.mount_run()?;
        }
        Ok(replaced)
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

/// The places that this user may write to, without those inside others. The temporary directory comes last.
fn distinct_places(rights: Rights) -> Vec<PathBuf> {
    let variables = [
        "HOME",
        "XDG_RUNTIME_DIR",
        "XDG_CACHE_HOME",
        "XDG_STATE_HOME",
        "XDG_DATA_HOME",
        "TMPDIR",
    ];
    let mut named: Vec<PathBuf> = PLACES.iter().map(PathBuf::from).collect();
    named.extend(variables.iter().filter_map(std::env::var_os).map(PathBuf::from));
    named.extend(std::env::current_dir().ok());
    let real: BTreeSet<PathBuf> = named.iter().filter_map(|path| path.canonicalize().ok()).collect();
    // A user would be the owner of the layer, and so could write where he may not.
    let is_writable = |path: &Path| rights == Rights::Root || access(path, AccessFlags::W_OK).is_ok();
    let is_place = |path: &PathBuf| path.is_dir() && path.parent().is_some() && is_writable(path);
    let real: Vec<PathBuf> = real.into_iter().filter(is_place).collect();
    let inside = |path: &PathBuf| real.iter().any(|other| other != path && path.starts_with(other));
    let mut places: Vec<PathBuf> = real.iter().filter(|path| !inside(path)).cloned().collect();
    places.sort_by_key(|path| path == Path::new(TEMPORARY));
    places
}

/// Where something is mounted: the fifth field of
/// [proc_pid_mountinfo(5)](https://man7.org/linux/man-pages/man5/proc_pid_mountinfo.5.html).
fn mount_points() -> io::Result<Vec<PathBuf>> {
    let table = fs::read("/proc/self/mountinfo")?;
    let fields = table
        .split(|byte| *byte == b'\n')
        .filter_map(|line| line.split(|byte| *byte == b' ').nth(4));
    Ok(fields
        .map(|field| PathBuf::from(OsString::from_vec(unescape(field))))
        .collect())
}

/// The kernel writes a space as `\040`, and other separators likewise.
fn unescape(field: &[u8]) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(field.len());
    let mut rest = field;
    while let Some((first, behind)) = rest.split_first() {
        let digits = behind.get(..3).filter(|_| *first == b'\\');
        let byte = digits.and_then(|digits| u8::from_str_radix(str::from_utf8(digits).ok()?, 8).ok());
        match byte {
            Some(byte) => {
                bytes.push(byte);
                rest = &behind[3..];
            }
            None => {
                bytes.push(*first);
                rest = behind;
            }
        }
    }
    bytes
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

/// Removes what a layer adds to the machine's directory, through the merged directory. Returns false if it also changes or
/// hides something there: then only a new layer helps.
fn clean(upper: &Path, merged: &Path, below: &Path, keeps: Option<&str>) -> io::Result<bool> {
    for entry in fs::read_dir(upper)? {
        let entry = entry?;
        let name = entry.file_name();
        if keeps.is_some_and(|kept| name == kept) {
            continue;
        }
        let (merged, below) = (merged.join(&name), below.join(&name));
        let is_directory = entry.file_type()?.is_dir();
        match fs::symlink_metadata(&below) {
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                if is_directory {
                    fs::remove_dir_all(&merged)?;
                } else {
                    fs::remove_file(&merged)?;
                }
            }
            // A directory of the machine in which something was made.
            Ok(there) if there.is_dir() && is_directory && merged.is_dir() => {
                if !clean(&entry.path(), &merged, &below, None)? {
                    return Ok(false);
                }
            }
            _ => return Ok(false),
        }
    }
    Ok(true)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mount_point_is_read_as_the_kernel_escapes_it() {
        for (field, path) in [
            ("/a\\040b", "/a b"),
            ("/a\\134", "/a\\"),
            ("/a\\9", "/a\\9"),
            ("/a\\04", "/a\\04"),
        ] {
            assert_eq!(unescape(field.as_bytes()), path.as_bytes(), "{field}");
        }
        assert!(mount_points().unwrap().contains(&PathBuf::from("/proc")));
    }

    #[test]
    fn what_a_layer_adds_is_removed_and_what_it_changes_needs_a_new_one() {
        let there = tempfile::tempdir().unwrap();
        let [upper, merged, below] = ["upper", "merged", "below"].map(|name| there.path().join(name));
        for directory in [&upper, &merged, &below] {
            fs::create_dir_all(directory.join("kept")).unwrap();
        }
        for directory in [&upper, &merged] {
            fs::create_dir_all(directory.join("made/inside")).unwrap();
            fs::write(directory.join("kept/new"), "").unwrap();
        }
        // Without a mount the two are not connected: what counts is what is removed through the merged one.
        assert!(clean(&upper, &merged, &below, None).unwrap());
        assert!(!merged.join("made").exists() && !merged.join("kept/new").exists() && merged.join("kept").exists());
        for directory in [&upper, &merged, &below] {
            fs::write(directory.join("changed"), "").unwrap();
        }
        fs::remove_dir_all(upper.join("made")).unwrap();
        fs::remove_file(upper.join("kept/new")).unwrap();
        assert!(!clean(&upper, &merged, &below, None).unwrap());
        assert!(clean(&upper, &merged, &below, Some("changed")).unwrap());
    }
}
