//! What programs see beside the lock: process numbers, and the places where they write.
//!
//! Where the machine allows it, all of that is the same in each execution, and nothing of it reaches the machine.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use crate::sys::private_layers::PrivateLayers;
use crate::sys::sealed::{NextNumber, Unsealed, World};
use crate::tracer::error::Refusal;
use crate::tracer::syscalls::sharing::Sharing;
use crate::tracer::system::Refresh;

/// The surroundings of the contenders of a session.
pub(super) struct Surroundings {
    /// The directories of the run, as contenders see them.
    pub(super) roots: Vec<PathBuf>,
    /// Chooses process numbers; `None` where the kernel does.
    pub(super) numbers: Option<Rc<NextNumber>>,
    layers: Option<Rc<RefCell<PrivateLayers>>>,
    /// Where the program has its lock, without symbolic links on the way, if that is a place of its own.
    pub(super) lock_at: Option<PathBuf>,
    /// What is not sealed, and why.
    pub(super) notes: Vec<String>,
}

impl Surroundings {
    /// Those of a world, if there is one; `roots` are the directories of the run on the machine, `lock_at` is the place of the
    /// lock if the program has one of its own.
    ///
    /// # Errors
    ///
    /// When the place of the lock cannot be made private: contenders would take the lock of the machine.
    pub(super) fn of(
        world: Result<World, Unsealed>,
        roots: &[PathBuf],
        lock_at: Option<&Path>,
    ) -> Result<Self, Refusal> {
        let refused = |why: &dyn std::fmt::Display| {
            lock_at.map_or(Ok(()), |place| {
                Err(Refusal::Program(format!(
                    "failed to make a private copy of the directory of the lock {place:?}: {why}; let the program take the path of the lock as {{lock}}"
                )))
            })
        };
        let open = |numbers, notes| Self {
            roots: roots.to_vec(),
            numbers,
            layers: None,
            lock_at: None,
            notes,
        };
        let world = match world {
            Ok(world) => world,
            Err(why) => {
                refused(&why)?;
                let note =
                    format!("contenders share process numbers, network and temporary files with this machine: {why}");
                return Ok(open(None, vec![note]));
            }
        };
        let numbers = Some(Rc::new(world.numbers));
        match PrivateLayers::mount(roots, lock_at, world.rights) {
            Ok((layers, roots)) => Ok(Self {
                roots,
                numbers,
                lock_at: layers.lock_at().map(Path::to_owned),
                notes: layers.notes(),
                layers: Some(Rc::new(RefCell::new(layers))),
            }),
            Err(error) => {
                refused(&error)?;
                let note = format!("contenders share temporary files with this machine: {error}");
                Ok(open(numbers, vec![note]))
            }
        }
    }

    /// What of the machine is private.
    pub(super) fn sharing(&self) -> Sharing {
        let Some(layers) = &self.layers else {
            return Sharing::default();
        };
        let layers = layers.borrow();
        let mut sharing = Sharing::default();
        sharing.layers = layers.covered();
        sharing.open_mounts = layers.open_mounts();
        sharing.lock_at.clone_from(&self.lock_at);
        sharing
    }

    /// Removes what the last execution has left in the places where programs write. `shared` are the paths there that several
    /// contenders use.
    pub(super) fn refresh(&self, shared: &BTreeSet<PathBuf>) -> Refresh {
        let layers = self.layers.clone();
        let shared = shared.clone();
        Box::new(move || match &layers {
            Some(layers) => layers.borrow_mut().renew(&shared),
            None => Ok(false),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_lock_in_a_place_of_its_own_is_refused_where_that_cannot_be_private() {
        let unsealed = || {
            Err(Unsealed {
                step: "namespaces are refused".to_owned(),
                error: "EPERM".to_owned(),
            })
        };
        let roots = [PathBuf::from("/tmp/run")];
        let refused = Surroundings::of(unsealed(), &roots, Some(Path::new("/run/lock")));
        assert!(matches!(refused, Err(Refusal::Program(why)) if why.contains("namespaces are refused")));
        let open = Surroundings::of(unsealed(), &roots, None).unwrap_or_else(|_| panic!("the rest is explored"));
        assert_eq!((open.notes.len(), open.roots), (1, roots.to_vec()));
    }
}
