//! What programs see beside the lock: process numbers, and the places where they write.
//!
//! Where the machine allows it, all of that is the same in each execution, and nothing of it reaches the machine.

use std::cell::RefCell;
use std::path::PathBuf;
use std::rc::Rc;

use crate::sys::private_layers::PrivateLayers;
use crate::sys::sealed::{NextNumber, Unsealed, World};
use crate::tracer::system::Refresh;

/// The surroundings of the contenders of a session.
pub(super) struct Surroundings {
    /// The directories of the run, as contenders see them.
    pub(super) roots: Vec<PathBuf>,
    /// Chooses process numbers; `None` where the kernel does.
    pub(super) numbers: Option<Rc<NextNumber>>,
    layers: Option<Rc<RefCell<PrivateLayers>>>,
    /// What is not sealed, and why.
    pub(super) notes: Vec<String>,
}

impl Surroundings {
    /// Those of a world, if there is one; `roots` are the directories of the run on the machine.
    pub(super) fn of(world: Result<World, Unsealed>, roots: &[PathBuf]) -> Self {
        let open = |numbers, notes| Self {
            roots: roots.to_vec(),
            numbers,
            layers: None,
            notes,
        };
        let world = match world {
            Ok(world) => world,
            Err(why) => {
                let note =
                    format!("contenders share process numbers, network and temporary files with this machine: {why}");
                return open(None, vec![note]);
            }
        };
        let numbers = Some(Rc::new(world.numbers));
        match PrivateLayers::mount(roots, world.rights) {
            Ok((layers, roots)) => Self {
                roots,
                numbers,
                layers: Some(Rc::new(RefCell::new(layers))),
                notes: Vec::new(),
            },
            Err(error) => {
                let note = format!("contenders share temporary files with this machine: {error}");
                open(numbers, vec![note])
            }
        }
    }

    /// Removes what the last execution has left in the places where programs write.
    pub(super) fn refresh(&self) -> Refresh {
        let layers = self.layers.clone();
        Box::new(move || layers.as_ref().map_or(Ok(false), |layers| layers.borrow_mut().renew()))
    }
}
