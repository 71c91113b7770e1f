//! How a program is started: its file, its arguments, its environment.
//!
//! Starts nothing, and knows nothing of what it says.

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

/// What is set for every program, so that it does the same each time and leaves no files beside.
const SETTINGS: &[(&str, &str)] = &[
    ("LC_ALL", "C"),
    ("PYTHONHASHSEED", "0"),
    ("PYTHONDONTWRITEBYTECODE", "1"),
    // Or it would read a device of chance.
    ("PERL_HASH_SEED", "0"),
    ("PERL_INTERNAL_RAND_SEED", "0"),
    // A file that all of them would look at.
    (
        "JDK_JAVA_OPTIONS",
        "-XX:-UsePerfData -XX:TieredStopAtLevel=1 -XX:+UseSerialGC",
    ),
];

/// What is set for a test besides: see `reentry.rs`.
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

/// How a program is started: all but the lock, which is another in each execution.
#[derive(Clone, Debug)]
pub struct Starter {
    pub(crate) program: Program,
    hold: Vec<String>,
    /// The first word, if it named a script of a version manager: what that runs is executed instead.
    replaced: Option<String>,
    file: CString,
    environment: Vec<CString>,
}

impl Starter {
    /// For a program whose file is found now; `hold` is the command that `{hold}` stands for.
    ///
    /// # Errors
    ///
    /// When its command line is none, or names no program.
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

    /// What is not as the command line says.
    pub fn note(&self) -> Option<String> {
        let word = self.replaced.as_ref()?;
        Some(format!(
            "{word} is a script that chooses a version; {} is run instead",
            self.file().display()
        ))
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

/// The interpreter that a version manager's script runs as `python`: the script costs more than the interpreter.
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
    let told = PathBuf::from(String::from_utf8(asked.stdout).ok()?.trim());
    Some(told).filter(|told| told.is_absolute() && told.is_file())
}
