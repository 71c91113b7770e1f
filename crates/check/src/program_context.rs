//! In what surroundings a program ran: saved with its counterexample, so that a replay finds the same program, and names what has
//! changed if it does not do the same.
//!
//! Runs nothing.

use std::collections::BTreeMap;
use std::env;
use std::fs::{self, File};
use std::io::{self, Read};
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};

#[cfg(target_os = "linux")]
use onewinner_core::scenario::Program;
#[cfg(target_os = "linux")]
use onewinner_linux::tracer::program::{command_line::words, find::find};

/// The variables that change what a program is or does, by name. Others may hold secrets.
const VARIABLES: &[&str] = &[
    "PATH",
    "HOME",
    "LANG",
    "LC_ALL",
    "LC_CTYPE",
    "TZ",
    "TMPDIR",
    "XDG_CACHE_HOME",
    "XDG_RUNTIME_DIR",
    "XDG_STATE_HOME",
    "PYTHONPATH",
    "PYTHONHOME",
    "NODE_PATH",
    "NODE_OPTIONS",
    "RUBYLIB",
    "RUBYOPT",
    "PERL5LIB",
    "PERL5OPT",
    "CLASSPATH",
    "GOMAXPROCS",
    "LD_LIBRARY_PATH",
    "LD_PRELOAD",
    "ENV",
    "BASH_ENV",
];

/// The largest file with a checksum, in bytes: reading more takes too long.
const LARGEST_FILE: u64 = 32 * 1024 * 1024;

/// The surroundings of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramContext {
    /// The working directory, in which relative paths of the command line begin.
    pub working_directory: PathBuf,
    /// The environment variables that change what a program is or does.
    #[serde(default, skip_serializing_if = "BTreeMap::is_empty")]
    pub variables: BTreeMap<String, String>,
    /// The program, and the files that its command line names.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<ProgramFile>,
}

/// A file of a program.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ProgramFile {
    /// Its path, from the root.
    pub path: PathBuf,
    /// Its size in bytes.
    pub bytes: u64,
    /// Its checksum, FNV-1a with 64 bits in hexadecimal digits; absent for a large file. It shows changes, not attacks.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub checksum: Option<String>,
}

impl ProgramContext {
    /// The surroundings of a program that is started now; `None` if there is no working directory any more.
    #[cfg(target_os = "linux")]
    pub(crate) fn of(program: &Program) -> Option<Self> {
        let working_directory = env::current_dir().ok()?;
        let named = words(program, Path::new("/lock"), &[]).unwrap_or_default();
        let named = named.into_iter().skip(1).map(PathBuf::from);
        let files = find(program).into_iter().chain(named);
        let files = files.filter_map(|path| ProgramFile::at(&working_directory.join(path)).ok().flatten());
        Some(Self {
            variables: variables(),
            files: files.collect(),
            working_directory,
        })
    }

    /// What is different now, a sentence each.
    pub fn changes(&self) -> Vec<String> {
        let files = self.files.iter().filter_map(|file| {
            let path = &file.path;
            match ProgramFile::at(path) {
                Ok(Some(now)) if now == *file => None,
                Ok(Some(_)) => Some(format!("{path:?} is another file now")),
                Ok(None) => Some(format!("{path:?} is no file any more")),
                Err(error) => Some(format!("{path:?} cannot be read now: {error}")),
            }
        });
        let now = variables();
        let changed = VARIABLES
            .iter()
            .filter(|name| now.get(**name) != self.variables.get(**name));
        let variables = changed.map(|name| {
            let shown =
                |value: Option<&String>| value.map_or_else(|| "not set".to_owned(), |value| format!("{value:?}"));
            let (before, now) = (shown(self.variables.get(*name)), shown(now.get(*name)));
            format!("the variable {name} was {before}, and is {now}")
        });
        files.chain(variables).collect()
    }
}

impl ProgramFile {
    /// The file at this path; `None` if it is not a regular file.
    fn at(path: &Path) -> io::Result<Option<Self>> {
        let found = fs::metadata(path)?;
        if !found.is_file() {
            return Ok(None);
        }
        let bytes = found.len();
        let checksum = if bytes <= LARGEST_FILE {
            Some(format!("{:016x}", checksum(File::open(path)?)?))
        } else {
            None
        };
        Ok(Some(Self {
            path: path.to_owned(),
            bytes,
            checksum,
        }))
    }
}

fn variables() -> BTreeMap<String, String> {
    let values = VARIABLES
        .iter()
        .filter_map(|name| Some(((*name).to_owned(), env::var(name).ok()?)));
    values.collect()
}

/// FNV-1a with 64 bits: <http://www.isthe.com/chongo/tech/comp/fnv/>.
fn checksum(mut file: impl Read) -> io::Result<u64> {
    const OFFSET: u64 = 0xcbf2_9ce4_8422_2325;
    const PRIME: u64 = 0x0100_0000_01b3;
    let (mut hash, mut buffer) = (OFFSET, vec![0; 64 * 1024]);
    loop {
        match file.read(&mut buffer)? {
            0 => return Ok(hash),
            read => {
                for byte in &buffer[..read] {
                    hash = (hash ^ u64::from(*byte)).wrapping_mul(PRIME);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_checksum_is_that_of_the_published_examples() {
        for (text, expected) in [
            ("", 0xcbf2_9ce4_8422_2325),
            ("a", 0xaf63_dc4c_8601_ec8c),
            ("foobar", 0x8594_4171_f739_67e8),
        ] {
            assert_eq!(
                checksum(text.as_bytes()).expect("memory can be read"),
                expected,
                "{text}"
            );
        }
    }
}
