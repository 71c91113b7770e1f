//! What a recipe needs, and whether this machine and this user have it.
//!
//! Mounts nothing: a file system that the kernel lacks is noticed when it is mounted.

use std::fs::File;

use super::{Recipe, program};
use onewinner_linux::sys::namespace::Rights;

/// The device through which programs serve file systems.
const FUSE: &str = "/dev/fuse";

/// What the recipe needs, in words.
pub fn needs(recipe: &dyn Recipe) -> String {
    let root = recipe.needs_root().then_some("root");
    let all: Vec<&str> = root.into_iter().chain(recipe.programs().iter().copied()).collect();
    if all.is_empty() {
        "nothing".to_owned()
    } else {
        all.join(", ")
    }
}

/// Why it cannot be made with these rights; `None` if it can.
pub fn obstacle(recipe: &dyn Recipe, rights: Rights) -> Option<String> {
    let missing = |name: &&&str| program::find(name).is_none();
    if let Some(program) = recipe.programs().iter().find(missing) {
        return Some(format!("it needs the program {program}; install it"));
    }
    if rights == Rights::User && recipe.needs_root() {
        return Some("it needs root; run as root".to_owned());
    }
    if recipe.kind() == "fuse"
        && let Err(error) = File::options().read(true).write(true).open(FUSE)
    {
        return Some(format!(
            "it needs {FUSE}: {error}; load the module fuse, give the container that device, or run as root"
        ));
    }
    None
}

#[cfg(test)]
mod tests {
    use std::path::{Path, PathBuf};

    use super::*;
    use crate::mount::{ALL, MakeError};

    struct Needy;

    impl Recipe for Needy {
        fn name(&self) -> &'static str {
            "needy"
        }

        fn kind(&self) -> &'static str {
            "ramfs"
        }

        fn programs(&self) -> &'static [&'static str] {
            &["true", "no-such-program"]
        }

        fn make(&self, _: &Path) -> Result<Vec<PathBuf>, MakeError> {
            Ok(Vec::new())
        }
    }

    #[test]
    fn a_missing_program_is_named() {
        let why = obstacle(&Needy, Rights::Root).expect("it lacks a program");
        assert_eq!(why, "it needs the program no-such-program; install it");
        assert_eq!(needs(&Needy), "true, no-such-program");
    }

    #[test]
    fn a_recipe_that_needs_root_is_refused_to_other_users() {
        for recipe in ALL.iter().filter(|recipe| recipe.needs_root()) {
            assert!(obstacle(*recipe, Rights::User).is_some(), "{}", recipe.name());
            assert!(needs(*recipe).starts_with("root"));
        }
    }
}
