//! How a program is started: file, arguments, environment.
//!
//! Starts nothing, and knows nothing of what the program prints.

use std::ffi::{CString, OsStr};
use std::fs::File;
use std::io::Read;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::command_line::words;
use super::find::{ProgramError, find};
use super::re_exec::{MIN_STACK, NO_STACK};
use crate::sys::launch::Image;
use onewinner_core::scenario::{Program, ProgramKind};

/// Variables set for every program, so that it does the same each time and leaves no other files.
const SETTINGS: &[(&str, &str)] = &[
    ("LC_ALL", "C"),
    ("PYTHONHASHSEED", "0"),
    ("PYTHONDONTWRITEBYTECODE", "1"),
    // Otherwise it reads a random device.
    ("PERL_HASH_SEED", "0"),
    ("PERL_INTERNAL_RAND_SEED", "0"),
    // Otherwise all of them would use one shared file.
    (
        "JDK_JAVA_OPTIONS",
        "-XX:-UsePerfData -XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    ),
];

/// More variables for a test: see `re_exec.rs`.
const SETTINGS_OF_A_TEST: &[(&str, &str)] = &[
    (MIN_STACK, NO_STACK),
    // Where coverage is measured, contenders would write one file.
    ("LLVM_PROFILE_FILE", "/dev/null"),
];

/// Why a program cannot be started.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum StartError {
    /// Its command line starts nothing.
    #[error(transparent)]
    Program(#[from] ProgramError),
    /// A word holds a zero byte.
    #[error("failed to start `{0}`: it holds a zero byte")]
    Zero(String),
}

/// How a program is started, except for the path of the lock.
#[derive(Clone, Debug)]
pub struct Starter {
    pub(crate) program: Program,
    hold: Vec<String>,
    /// The first word, if it names a script of a version manager: the interpreter is executed instead.
    replaced: Option<String>,
    file: CString,
    environment: Vec<CString>,
}

impl Starter {
    /// Finds the file of a program; `hold` is the command that replaces `{hold}`.
    ///
    /// # Errors
    ///
    /// When the command line starts nothing.
    pub fn new(program: &Program, hold: Vec<String>) -> Result<Self, StartError> {
        let holds: Vec<&str> = hold.iter().map(String::as_str).collect();
        let words = words(program, Path::new("/lock"), &holds).map_err(ProgramError::from)?;
        let file = find(program)?;
        let interpreter = interpreter(&file);
        let file = interpreter.clone().unwrap_or(file);
        let settings = match program.kind {
            ProgramKind::Test => [SETTINGS, SETTINGS_OF_A_TEST].concat(),
            ProgramKind::Driver | ProgramKind::Wrap => SETTINGS.to_owned(),
        };
        let changed = |name: &OsStr| settings.iter().any(|(setting, _)| name == *setting);
        let kept = std::env::vars_os().filter(|(name, _)| !changed(name));
        let kept = kept.map(|(name, value)| [name.as_bytes(), b"=", value.as_bytes()].concat());
        let set = settings
            .iter()
            .map(|(name, value)| format!("{name}={value}").into_bytes());
        let text = |bytes: Vec<u8>| CString::new(bytes).map_err(|_| StartError::Zero(program.line.clone()));
        Ok(Self {
            program: program.clone(),
            hold,
            replaced: interpreter.map(|_| words[0].clone()),
            file: text(file.into_os_string().as_bytes().to_owned())?,
            environment: kept.chain(set).map(text).collect::<Result<_, _>>()?,
        })
    }

    /// The file that is executed.
    pub fn file(&self) -> &Path {
        Path::new(OsStr::from_bytes(self.file.as_bytes()))
    }

    /// What differs from the command line.
    pub fn note(&self) -> Option<String> {
        let word = self.replaced.as_ref()?;
        Some(format!(
            "{word} is a script that selects a version; the tracer runs {} instead",
            self.file().display()
        ))
    }

    /// Lets the program make its temporary files in this directory.
    ///
    /// # Errors
    ///
    /// When its path holds a zero byte.
    pub(crate) fn set_temporary(&mut self, directory: &Path) -> Result<(), StartError> {
        let variable = [b"TMPDIR=", directory.as_os_str().as_bytes()].concat();
        let variable = CString::new(variable).map_err(|_| StartError::Zero(self.program.line.clone()))?;
        self.environment
            .retain(|other| !other.as_bytes().starts_with(b"TMPDIR="));
        self.environment.push(variable);
        Ok(())
    }

    pub(crate) fn image(&self, lock: &Path) -> Result<Image, StartError> {
        let holds: Vec<&str> = self.hold.iter().map(String::as_str).collect();
        let mut words = words(&self.program, lock, &holds).map_err(ProgramError::from)?;
        if self.replaced.is_some() {
            words[0] = self.file().to_string_lossy().into_owned();
        }
        let text = |word: String| {
            CString::new(word)
                .map_err(|error| StartError::Zero(String::from_utf8_lossy(&error.into_vec()).into_owned()))
        };
        Ok(Image {
            file: self.file.clone(),
            arguments: words.into_iter().map(text).collect::<Result<_, _>>()?,
            environment: self.environment.clone(),
        })
    }
}

/// The interpreter that a version manager's script `python` runs: the script costs more time than the interpreter.
fn interpreter(file: &Path) -> Option<PathBuf> {
    let name = file.file_name()?.to_str()?;
    let mut head = [0; 2];
    File::open(file).ok()?.read_exact(&mut head).ok()?;
    if !name.starts_with("python") || head != *b"#!" {
        return None;
    }
    let asked = Command::new(file)
        .args(["-c", "import sys; print(sys.executable)"])
        .output()
        .ok()?;
    let path = PathBuf::from(String::from_utf8(asked.stdout).ok()?.trim());
    Some(path).filter(|path| path.is_absolute() && path.is_file())
}
