//! Directories made ready: given ones looked at, others made and mounted, each in a process that can be killed.

use std::path::{Path, PathBuf};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::column::{Column, Standing};
use super::limited::{Wish, limited};
use crate::mount::need::obstacle;
use crate::mount::verify::{Identity, VerifyError, answering, mounted, one_store, told_apart};
use crate::mount::{self, Recipe};
use onewinner_linux::sys::namespace::{Rights, mount_new, unmount};
use onewinner_linux::sys::supervisor::IsolatedError;

/// How long a directory may take to be looked at.
const LOOK_LIMIT: Duration = Duration::from_secs(15);
/// How long a file system may take to be made: several programs, each with its own limit.
const MAKE_LIMIT: Duration = Duration::from_secs(90);
/// Where file systems are made: a directory that is everywhere and in nobody's way, so that nothing has to be made on disk.
/// The tmpfs over it is seen in our own namespace alone.
const GROUNDS: [&str; 4] = ["/mnt", "/media", "/srv", "/tmp"];

/// What is asked for.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) enum Asked {
    /// Directories that are there.
    Given(Vec<PathBuf>),
    /// A recipe, by its name.
    Made(String),
}

impl Asked {
    /// What it is called.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Given(ways) => {
                let ways: Vec<String> = ways.iter().map(|way| way.display().to_string()).collect();
                ways.join(",")
            }
            Self::Made(name) => name.clone(),
        }
    }

    /// The directories that are there.
    pub(super) fn given(&self) -> &[PathBuf] {
        match self {
            Self::Given(ways) => ways,
            Self::Made(_) => &[],
        }
    }
}

/// A directory that was made ready.
pub(super) struct Place {
    pub(super) ways: Vec<PathBuf>,
    identities: Vec<Identity>,
    /// Whether it is ours to take away.
    pub(super) made: bool,
}

/// What a process that made something ready tells.
type Told = Result<(Vec<PathBuf>, Vec<Identity>), Standing>;

/// Mounts the tmpfs below which file systems are made.
pub(super) fn ground() -> Result<PathBuf, String> {
    let mut failure = "there is no directory".to_owned();
    for ground in GROUNDS.map(Path::new).into_iter().filter(|ground| ground.is_dir()) {
        match mount_new("tmpfs", ground, "size=75%,mode=0755") {
            Ok(()) => return Ok(ground.to_owned()),
            Err(errno) => failure = format!("{ground:?}: {} ({errno})", errno.text()),
        }
    }
    Err(format!("failed to mount a tmpfs to work in: {failure}"))
}

/// Makes ready what is asked for. `column` is told what is there.
pub(super) fn ready(asked: &Asked, ground: &Ground, wish: &Wish, column: &mut Column) -> Option<Place> {
    let (limit, made) = match asked {
        Asked::Given(ways) => {
            if let Err(error) = ways.iter().try_for_each(|way| answering(way)) {
                column.standing = failed(&error);
                return None;
            }
            (LOOK_LIMIT, false)
        }
        Asked::Made(_) => (MAKE_LIMIT, true),
    };
    let told: Result<Told, IsolatedError> = limited(limit, wish, || match asked {
        Asked::Given(ways) => given(ways),
        Asked::Made(name) => ground.make(name),
    });
    match told {
        Ok(Ok((ways, identities))) => {
            column.ways.clone_from(&ways);
            column.kinds = identities.iter().map(|identity| identity.kind.clone()).collect();
            Some(Place { ways, identities, made })
        }
        Ok(Err(standing)) => {
            column.standing = standing;
            None
        }
        Err(error) => {
            let what = if made { "make it" } else { "look at it" };
            let reason = format!("failed to {what}: {error}");
            column.standing = Standing::Failed { reason };
            None
        }
    }
}

fn failed(error: &dyn std::error::Error) -> Standing {
    Standing::Failed {
        reason: error.to_string(),
    }
}

fn given(ways: &[PathBuf]) -> Told {
    let found = told_apart(ways).and_then(|identities| one_store(ways).map(|()| identities));
    match found {
        Ok(identities) => Ok((ways.to_vec(), identities)),
        Err(error) if error.is_misuse() => Err(Standing::Misused {
            reason: error.to_string(),
        }),
        Err(error) => Err(failed(&error)),
    }
}

/// Where file systems are made, and with whose rights.
pub(super) enum Ground {
    /// There, with these.
    At(PathBuf, Rights),
    /// Nowhere, for this reason.
    Nowhere(String),
}

impl Ground {
    fn make(&self, name: &str) -> Told {
        let skipped = |reason: String| Err(Standing::Skipped { reason });
        let recipe = mount::by_name(name).expect("the command asks for recipes that are listed");
        let (ground, rights) = match self {
            Self::At(ground, rights) => (ground, *rights),
            Self::Nowhere(reason) => return skipped(reason.clone()),
        };
        if let Some(reason) = obstacle(recipe, rights) {
            return skipped(reason);
        }
        let identities = |points: &[PathBuf]| points.iter().map(|point| Identity::of(point)).collect();
        let made = || -> Result<(Vec<PathBuf>, Vec<Identity>), Box<dyn std::error::Error>> {
            let place = ground.join(name);
            std::fs::create_dir(&place)?;
            let points = recipe.make(&place)?;
            settled(recipe, &points)?;
            one_store(&points)?;
            let identities: Result<Vec<_>, _> = identities(&points);
            Ok((points, identities?))
        };
        made().map_err(|error| failed(&*error))
    }
}

/// Waits until what a program mounts in the background is there.
fn settled(recipe: &dyn Recipe, points: &[PathBuf]) -> Result<(), VerifyError> {
    const POLLS: u32 = 100;
    const POLL: Duration = Duration::from_millis(20);
    for _ in 1..POLLS {
        match mounted(recipe, points) {
            Err(VerifyError::NoMount { .. }) => std::thread::sleep(POLL),
            other => return other,
        }
    }
    mounted(recipe, points)
}

impl Place {
    /// Whether it answers, and is what it was.
    pub(super) fn look(&self, wish: &Wish) -> Result<(), String> {
        let answer = self.ways.iter().try_for_each(|way| answering(way));
        answer.map_err(|error| error.to_string())?;
        let checked = limited(LOOK_LIMIT, wish, || {
            let checked = self.identities.iter().try_for_each(Identity::check);
            checked.map_err(|error| error.to_string())
        });
        match checked {
            Ok(checked) => checked,
            // That nobody wants to know says nothing of the directory.
            Err(IsolatedError::Interrupted) => Ok(()),
            Err(error) => Err(format!("failed to look at it: {error}")),
        }
    }

    /// Takes away what was made for the run: the memory is needed for the next one.
    pub(super) fn leave(&self, wish: &Wish) {
        if self.made {
            // What does not go now goes with the namespace.
            let _left = limited(LOOK_LIMIT, wish, || {
                // What waits for a file system that hangs is let go.
                for way in self.ways.iter().rev() {
                    let _gone = unmount(way);
                }
                if let Some(place) = self.ways.first().and_then(|way| way.parent()) {
                    let _gone = std::fs::remove_dir_all(place);
                }
            });
        }
    }
}
