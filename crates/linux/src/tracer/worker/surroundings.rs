//! What programs see beside the lock: process numbers, and the places where they write.
//!
//! Where the machine allows it, all of that is the same in each execution, and nothing of it reaches the machine.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::ffi::OsString;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;

use super::above::Above;
use crate::sys::private_layers::PrivateLayers;
use crate::sys::sealed::{NextNumber, Unsealed, World};
use crate::tracer::error::Refusal;
use crate::tracer::syscalls::sharing::Sharing;
use crate::tracer::system::Refresh;

/// The directory for temporary files of programs, in that of the run, where there is no private copy of the machine's.
const TEMPORARY: &str = "temporary";

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

    /// Where programs make their temporary files, if that is not the directory of the machine: what they leave there when they are
    /// killed must not stay.
    pub(super) fn temporary(&self) -> Option<PathBuf> {
        self.layers.is_none().then(|| self.roots[0].join(TEMPORARY))
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

    /// The directories above those of executions, as they are now.
    ///
    /// # Errors
    ///
    /// When one cannot be examined.
    pub(super) fn above(&self) -> io::Result<Rc<AllAbove>> {
        let roots = self.roots.iter().map(|root| Above::of(root));
        let roots = roots.collect::<io::Result<_>>()?;
        // Without layers the directory of the run is in one of the machine, where others write too.
        let parent = self.roots[0].parent().filter(|_| self.layers.is_some());
        let parent = parent.map(Above::of).transpose()?;
        let names = self.roots.iter().filter_map(|root| root.file_name());
        let names = names.map(OsString::from).collect();
        Ok(Rc::new(AllAbove { roots, parent, names }))
    }

    /// Removes what the last execution has left in the places where programs write, and beside its own directory. `shared` are
    /// the paths there that several contenders use; `own` are the names that the tracer has made in the directories of the run.
    pub(super) fn refresh(&self, shared: &BTreeSet<PathBuf>, above: &Rc<AllAbove>, own: BTreeSet<OsString>) -> Refresh {
        let layers = self.layers.clone();
        let (shared, above) = (shared.clone(), Rc::clone(above));
        let temporary = self.temporary();
        Box::new(move || {
            // No snapshot has a file open there that is removed: what two contenders use is watched, and one that has changed a
            // file before its first step is not copied.
            above.restore(&own)?;
            temporary.iter().try_for_each(fs::create_dir)?;
            match &layers {
                Some(layers) => layers.borrow_mut().renew(&shared),
                None => Ok(false),
            }
        })
    }
}

/// All directories above those of executions in which contenders can write.
pub(super) struct AllAbove {
    /// The directories of the run.
    roots: Vec<Above>,
    /// The one that they are in.
    parent: Option<Above>,
    /// Their names there.
    names: BTreeSet<OsString>,
}

impl AllAbove {
    fn restore(&self, own: &BTreeSet<OsString>) -> io::Result<()> {
        self.roots.iter().try_for_each(|root| root.restore(own))?;
        self.parent.iter().try_for_each(|parent| parent.restore(&self.names))
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
        assert_eq!(open.temporary(), Some(PathBuf::from("/tmp/run/temporary")));
        assert_eq!((open.notes.len(), open.roots), (1, roots.to_vec()));
    }
}
