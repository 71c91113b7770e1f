//! Which specs there are, in a fixed order, and which of them are one part of several.

use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};
use std::str::FromStr;

use super::spec::Spec;
use super::spec_error::SpecError;

/// What is in a folder of specs and is none.
const CONTENTS: &str = "README.md";

/// All specs that the paths name, by their names: each file, and of each folder every `.md` but its README.
///
/// # Errors
///
/// When a path cannot be read, a spec is wrong, or two share a name.
pub fn find(paths: &[PathBuf]) -> Result<Vec<Spec>, SpecError> {
    let mut specs: BTreeMap<String, Spec> = BTreeMap::new();
    for path in paths {
        for file in files(path)? {
            let spec = Spec::read(&file)?;
            match specs.get(&spec.name) {
                Some(other) if is_same(&other.path, &file) => {}
                Some(other) => {
                    return Err(SpecError::Twins {
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
        let is_spec = file.extension().is_some_and(|ending| ending == "md") && !file.ends_with(CONTENTS);
        if is_spec && !file.is_dir() {
            files.push(file);
        }
    }
    files.sort();
    Ok(files)
}

/// Whether two paths name one file: a folder and a spec in it may both be given.
fn is_same(one: &Path, other: &Path) -> bool {
    match (one.canonicalize(), other.canonicalize()) {
        (Ok(one), Ok(other)) => one == other,
        _ => one == other,
    }
}

/// One part of several: the specs are dealt out, one after another, and each is in exactly one part.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Partition {
    /// Which, from 1.
    part: usize,
    /// Of how many.
    of: usize,
}

impl Partition {
    /// The most parts: more is a typing error.
    const MOST: usize = 1_000;

    /// Those of the specs that are in this part.
    pub fn of_specs(self, specs: Vec<Spec>) -> Vec<Spec> {
        let dealt = specs.into_iter().enumerate();
        let mine = dealt.filter(|(position, _)| position % self.of == self.part - 1);
        mine.map(|(_, spec)| spec).collect()
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
                "give M/N: part M of N, from 1/N to N/N, of {} at most",
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
