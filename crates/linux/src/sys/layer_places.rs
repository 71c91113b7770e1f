//! Which places get a private layer: those that programs write to. Mounts nothing.

use std::collections::BTreeSet;
use std::fs::Metadata;
use std::io;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use nix::unistd::{AccessFlags, access, getegid, geteuid};

use super::namespace::Rights;

/// Where programs write without being asked, and where the data of programs is.
const PLACES: [&str; 14] = [
    "/tmp",
    "/var/tmp",
    "/dev/shm",
    "/run",
    "/var/lock",
    "/var/lib",
    "/var",
    "/etc",
    "/opt",
    "/srv",
    "/home",
    "/root",
    "/usr/local",
    "/mnt",
];

/// The directory for temporary files. It is covered after the others, except those below it: layers are kept there.
pub(super) const TEMPORARY: &str = "/tmp";

/// The path without symbolic links in the directories that exist.
pub(super) fn without_links(path: &Path) -> io::Result<PathBuf> {
    let (Some(directory), Some(name)) = (path.parent(), path.file_name()) else {
        return Err(io::Error::other("it names no file"));
    };
    let directory = match directory.canonicalize() {
        // The program makes it.
        Err(error) if error.kind() == io::ErrorKind::NotFound => without_links(directory)?,
        directory => directory?,
    };
    Ok(directory.join(name))
}

/// The deepest directory above a path that exists.
pub(super) fn existing_above(path: &Path) -> Option<&Path> {
    path.ancestors().skip(1).find(|above| above.is_dir())
}

/// The places that this user may write to, `also` among them, without those inside others; what is mounted inside another is a
/// place too. The temporary directory comes after the others, and those inside another one after that.
pub(super) fn distinct_places(rights: Rights, also: Option<&Path>, mounts: &[PathBuf]) -> Vec<PathBuf> {
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
    named.extend(also.map(Path::to_owned));
    let real: BTreeSet<PathBuf> = named.iter().filter_map(|path| path.canonicalize().ok()).collect();
    // A user would be the owner of the layer, and so could write where he may not.
    let is_writable = |path: &Path| rights == Rights::Root || access(path, AccessFlags::W_OK).is_ok();
    let is_place = |path: &PathBuf| path.is_dir() && path.parent().is_some() && is_writable(path);
    let real: Vec<PathBuf> = real.into_iter().filter(is_place).collect();
    let is_below = |path: &Path, above: &Path| path != above && path.starts_with(above);
    // A user cannot give the directory of another one its owner in the layer: `ovl_copy_up_one` in fs/overlayfs/copy_up.c.
    let is_foreign = |path: &Path| rights == Rights::User && !path.metadata().is_ok_and(|there| is_own(&there));
    let is_covered_by = |path: &Path, other: &Path| {
        let between = |mount: &PathBuf| is_below(mount, other) && path.starts_with(mount);
        let mut inside = path.ancestors().take_while(|above| *above != other);
        is_below(path, other) && !mounts.iter().any(between) && !inside.any(is_foreign)
    };
    let inside = |path: &PathBuf| real.iter().any(|other| is_covered_by(path, other));
    let mut places: Vec<PathBuf> = real.iter().filter(|path| !inside(path)).cloned().collect();
    places.sort_by_key(|path| path.starts_with(TEMPORARY));
    places
}

fn is_own(there: &Metadata) -> bool {
    there.uid() == geteuid().as_raw() && there.gid() == getegid().as_raw()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_path_in_a_directory_that_a_program_will_make_keeps_its_name() {
        let there = tempfile::tempdir().unwrap();
        let real = there.path().canonicalize().unwrap();
        std::os::unix::fs::symlink(".", real.join("link")).unwrap();
        assert_eq!(
            without_links(&real.join("link/absent/lock")).unwrap(),
            real.join("absent/lock")
        );
        assert_eq!(existing_above(&real.join("absent/lock")), Some(&*real));
        assert!(without_links(Path::new("/")).is_err());
    }

    #[test]
    fn a_place_inside_another_one_is_a_mount() {
        let there = tempfile::tempdir_in("/tmp").unwrap();
        let inside = there.path().canonicalize().unwrap();
        let places = |mounts: &[PathBuf]| distinct_places(Rights::Root, Some(&inside), mounts);
        assert!(!places(&[]).contains(&inside));
        let mounted = places(std::slice::from_ref(&inside));
        let position = |path: &Path| mounted.iter().position(|place| place == path);
        assert!(position(Path::new("/tmp")) < position(&inside));
    }
}
