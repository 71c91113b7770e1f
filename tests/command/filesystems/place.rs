//! File systems made by the recipes of `onewinner matrix --make`, in namespaces of their own; nothing of them stays.

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use onewinner_command::mount::need::obstacle;
use onewinner_command::mount::program::ProgramError;
use onewinner_command::mount::verify::{VerifyError, mounted, one_store};
use onewinner_command::mount::{self, MakeError};
use onewinner_linux::sys::namespace::{Rights, unmount};

/// What a fact answers: nothing, or why it could not be tried here.
pub(crate) type Tried = Result<(), String>;

/// How long what a program mounts in the background may take to be there.
const SETTLED: Duration = Duration::from_secs(60);
const POLL: Duration = Duration::from_millis(10);

/// A file system, with the mounts of it.
pub(crate) struct Place {
    pub(crate) name: &'static str,
    pub(crate) ways: Vec<PathBuf>,
}

impl Place {
    /// Makes and mounts it below a directory that goes with the namespace; or returns what this machine lacks.
    ///
    /// # Panics
    ///
    /// When a program fails that is there, or what is made is not what it should be.
    pub(crate) fn make(name: &'static str, ground: &Path, rights: Rights) -> Result<Self, String> {
        let recipe = mount::by_name(name).expect("a recipe that is listed");
        if let Some(reason) = obstacle(recipe, rights) {
            return Err(reason);
        }
        let directory = ground.join(name);
        std::fs::create_dir(&directory).expect("the ground is ours");
        let ways = match recipe.make(&directory) {
            Ok(ways) => ways,
            // Of the kernel: it does not know the file system, or has no loop device.
            Err(MakeError::Mount { kind, errno }) => return Err(format!("the kernel does not mount {kind}: {errno}")),
            Err(MakeError::Program(ProgramError::Failed { name, said })) if name == "mount" => return Err(said),
            // Of a container: who is root there may be refused what a program needs.
            Err(error) if !is_root_of_the_machine() => return Err(error.to_string()),
            Err(error) => panic!("{error}"),
        };
        let deadline = Instant::now() + SETTLED;
        loop {
            match mounted(recipe, &ways) {
                Err(VerifyError::NoMount { .. }) if Instant::now() < deadline => std::thread::sleep(POLL),
                mounted => break mounted.expect("what was made is mounted, and of its type"),
            }
        }
        one_store(&ways).expect("all ways lead to one store");
        Ok(Self { name, ways })
    }
}

/// Whether root is root outside too: all users are who they are there; user_namespaces(7).
fn is_root_of_the_machine() -> bool {
    let map = std::fs::read_to_string("/proc/self/uid_map").unwrap_or_default();
    map.split_whitespace().eq(["0", "0", "4294967295"])
}

impl Drop for Place {
    fn drop(&mut self) {
        for way in self.ways.iter().rev() {
            // What does not go now goes with the namespace.
            let _gone = unmount(way);
        }
    }
}
