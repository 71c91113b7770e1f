//! Finds spec files, in a fixed order, and selects one partition of them.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::spec::Spec;
use super::spec_error::SpecError;

/// The file of a spec folder that is not a spec.
const README: &str = "README.md";

/// Reads all specs that the paths name, sorted by name. A folder stands for every `.md` in it, except its README.
///
/// # Errors
///
/// If a path cannot be read, a spec is malformed, or two specs share a name.
pub fn find(paths: &[PathBuf]) -> Result<Vec<Spec>, SpecError> {
    let mut specs: BTreeMap<String, Spec> = BTreeMap::new();
    for path in paths {
        for file in files(path)? {
            let spec = Spec::read(&file)?;
            match specs.get(&spec.name) {
                Some(other) if is_same(&other.path, &file) => {}
                Some(other) => {
                    return Err(SpecError::DuplicateName {
                        one: other.path.clone(),
                        other: file,
                    });
                }
                None => {
                    specs.insert(spec.name.clone(), spec);
                }
            }
        }
    }
    Ok(specs.into_values().collect())
}

fn files(path: &Path) -> Result<Vec<PathBuf>, SpecError> {
    let unreadable = |source| SpecError::Unreadable {
        path: path.to_owned(),
        source,
    };
    if !std::fs::metadata(path).map_err(unreadable)?.is_dir() {
        return Ok(vec![path.to_owned()]);
    }
    let mut files = Vec::new();
    for entry in std::fs::read_dir(path).map_err(unreadable)? {
        let file = entry.map_err(unreadable)?.path();
        let is_spec = file.extension().is_some_and(|ending| ending == "md") && !file.ends_with(README);
        if is_spec && !file.is_dir() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// Whether two paths name the same file: the user may give a folder and a spec in it.
fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// One part of several, for CI jobs that run side by side. Each spec is in exactly one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// The number of the part, from 1.
    part: usize,
    /// The number of parts.
    of: usize,
}

impl Partition {
    /// The most parts; a larger number is taken for a typing error.
    const MOST: usize = 1_000;

    /// The specs of this part.
    pub fn select(self, specs: Vec<Spec>) -> Vec<Spec> {
        let numbered = specs.into_iter().enumerate();
        let selected = numbered.filter(|(position, _)| position % self.of == self.part - 1);
        selected.map(|(_, spec)| spec).collect()
    }
}

impl FromStr for Partition {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let numbers = text
            .split_once('/')
            .and_then(|(part, of)| Some((part.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((part, of)) if 1 <= part && part <= of && of <= Self::MOST => Ok(Self { part, of }),
            _ => Err(format!(
                "give M/N for part M of N parts, with M from 1 to N and N at most {}",
                Self::MOST
            )),
        }
    }
}

impl fmt::Display for Partition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.part, self.of)
    }
}
