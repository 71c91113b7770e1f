//! A test of libtest that is executed again, in a process of its own: as a contender, as a worker, or to race.
//!
//! Only the test itself knows a lock that is one of its functions. So its binary is executed once more, with arguments that
//! select this test and one that gives the role of the process. libtest takes the role for the name of another test, which
//! does not exist; the test reaches its exploration, which finds the role.
//!
//! libtest runs each test in a thread, but a worker forks, and only a process with a single thread may. libtest uses its main
//! thread if it cannot start another. So the first thread gets a stack that no address space has room for: [`MIN_STACK`] is
//! the documented way to set it. The code that depends on a single thread counts the threads.
//!
//! Knows no lock and no search.

use std::ffi::OsString;
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};
use std::process::Command;

use super::command_line::{LineError, words};
use onewinner_core::scenario::{EXACT, Program, ProgramKind};

/// The variable for the stack size of threads: `std::thread`, *Stack size*.
pub const MIN_STACK: &str = "RUST_MIN_STACK";
/// 4 EiB: no address space has that much. `pthread_create` returns `EAGAIN`, and libtest goes on without a thread.
pub const NO_STACK: &str = "4611686018427387904";

/// The first line of a worker that is a test. Lines before it come from libtest or the test.
pub const GREETING: &str = "onewinner worker";

const CONTENDER: &str = "onewinner-contender=";
const WORKER: &str = "onewinner-worker=";
const KNOWING: &str = "onewinner-worker-knowing=";
const RACE: &str = "onewinner-race=";

/// The role of a test that was executed again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Role {
    /// It contends, with the function of the exploration with this number, counted from 0.
    Contender {
        /// Which exploration.
        place: usize,
        /// Where the lock is.
        lock: PathBuf,
    },
    /// It traces contenders of that exploration.
    Worker {
        /// Which exploration.
        place: usize,
    },
    /// It traces contenders of the lock of this name, which an exploration of the test provides.
    Knowing {
        /// The lock.
        lock: String,
    },
    /// It runs the races of that exploration.
    Race {
        /// Which exploration.
        place: usize,
        /// The process that started it.
        parent: u32,
    },
}

/// Why a test cannot be executed again.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ReExecError {
    /// This is not a thread of libtest.
    #[error(
        "failed to find the test that this is: {0}; explore from the body of a `#[test]` itself, under `cargo test` or \
         `cargo nextest` (not from a thread that it starts, a doc test, or a test binary with `harness = false`), or give \
         `onewinner explore --driver` a program that locks"
    )]
    NoTest(String),
    /// The binary is unknown.
    #[error("failed to find the binary of this test: {0}; mount /proc")]
    Binary(#[source] std::io::Error),
    /// Its path has no text form.
    #[error("failed to start {0:?} again: its path is not UTF-8; build in another directory")]
    Path(PathBuf),
}

/// The test that this thread runs, as a way to execute it again.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Test {
    /// Its name, with that of its modules.
    pub name: String,
    binary: String,
}

impl Test {
    /// The test that this thread runs: libtest gives the thread its name.
    ///
    /// # Errors
    ///
    /// When this is not a thread of a test.
    pub fn of_this_thread() -> Result<Self, ReExecError> {
        let thread = std::thread::current();
        let name = match thread.name() {
            Some("main") => exact(std::env::args()).ok_or("the main thread runs no test by name"),
            Some(name) if name.contains(char::is_whitespace) => Err("its thread is named as no function is"),
            Some(name) => Ok(name.to_owned()),
            None => Err("its thread has no name"),
        };
        let name = name.map_err(|why| ReExecError::NoTest(why.to_owned()))?;
        let binary = std::env::current_exe().map_err(ReExecError::Binary)?;
        let binary = binary.into_os_string().into_string();
        let binary = binary.map_err(|path| ReExecError::Path(path.into()))?;
        Ok(Self { name, binary })
    }

    /// The program for the function of the exploration with this number; each of its processes is a contender.
    ///
    /// # Panics
    ///
    /// Never: no path and no name has a zero byte.
    pub fn program(&self, place: usize) -> Program {
        let argument = format!("{CONTENDER}{place}={{lock}}");
        let line = self.words(&argument);
        let line = shlex::try_join(line.iter().map(String::as_str)).expect("no word has a zero byte");
        Program::new(ProgramKind::Test, line)
    }

    /// The command that runs the races of that exploration, in a process with a single thread.
    pub fn race(&self, place: usize) -> Command {
        let parent = std::process::id();
        command(self.words(&format!("{RACE}{place}={parent}")))
    }

    /// The command of a worker that knows the lock of that name.
    pub(crate) fn worker_knowing(&self, lock: &str) -> Command {
        command(self.words(&format!("{KNOWING}{lock}")))
    }

    fn words(&self, argument: &str) -> Vec<String> {
        let Self { name, binary } = self;
        let words = [binary, EXACT, name, "--include-ignored", "--test-threads=1", argument];
        words.map(str::to_owned).into()
    }
}

/// The command of a worker for a program that is a test: that test, executed again.
///
/// # Errors
///
/// When its line cannot be split.
pub(crate) fn worker(program: &Program) -> Result<Command, LineError> {
    let mut words = words(program, Path::new(""), &[])?;
    for word in &mut words {
        if let Some(place) = word.strip_prefix(CONTENDER) {
            *word = format!("{WORKER}{}", place.trim_end_matches('='));
        }
    }
    Ok(command(words))
}

fn command(words: Vec<String>) -> Command {
    let mut command = Command::new(&words[0]);
    command.args(&words[1..]).env(MIN_STACK, NO_STACK);
    command
}

/// The word after `--exact` among the arguments of a test binary.
fn exact(mut arguments: impl Iterator<Item = String>) -> Option<String> {
    arguments.find(|argument| argument == EXACT)?;
    arguments.next()
}

/// The role of this process; `None` if it is not a test that was executed again.
pub fn role() -> Option<Role> {
    std::env::args_os().skip(1).find_map(|argument| role_of(&argument))
}

fn role_of(argument: &OsString) -> Option<Role> {
    if let Some(rest) = argument.as_bytes().strip_prefix(CONTENDER.as_bytes()) {
        let end = rest.iter().position(|byte| *byte == b'=')?;
        let place = std::str::from_utf8(&rest[..end]).ok()?.parse().ok()?;
        let lock = std::ffi::OsStr::from_bytes(&rest[end + 1..]).into();
        return Some(Role::Contender { place, lock });
    }
    let text = argument.to_str()?;
    if let Some(lock) = text.strip_prefix(KNOWING) {
        let lock = lock.to_owned();
        return Some(Role::Knowing { lock });
    }
    if let Some(place) = text.strip_prefix(WORKER) {
        let place = place.parse().ok()?;
        return Some(Role::Worker { place });
    }
    let (place, parent) = text.strip_prefix(RACE)?.split_once('=')?;
    let (place, parent) = (place.parse().ok()?, parent.parse().ok()?);
    Some(Role::Race { place, parent })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test() -> Test {
        Test {
            name: "own::two_are_in".to_owned(),
            binary: "/target/de ps/own-1".to_owned(),
        }
    }

    fn role_in(command: &Command) -> Option<Role> {
        command.get_args().find_map(|argument| role_of(&argument.to_owned()))
    }

    #[test]
    fn what_a_process_is_for_is_read_as_it_was_written() {
        let lock = Path::new("/tmp/a b=c/lock");
        let words = words(&test().program(7), lock, &[]).unwrap();
        assert_eq!(words[..3], ["/target/de ps/own-1", "--exact", "own::two_are_in"]);
        let contender = Role::Contender {
            place: 7,
            lock: lock.to_owned(),
        };
        let roles: Vec<_> = words.iter().filter_map(|word| role_of(&word.into())).collect();
        assert_eq!(roles, [contender]);
        let worker = worker(&test().program(7)).unwrap();
        assert_eq!(role_in(&worker), Some(Role::Worker { place: 7 }));
        assert_eq!(worker.get_program(), "/target/de ps/own-1");
        let parent = std::process::id();
        assert_eq!(role_in(&test().race(2)), Some(Role::Race { place: 2, parent }));
        let lock = "my-lock".to_owned();
        assert_eq!(role_in(&test().worker_knowing(&lock)), Some(Role::Knowing { lock }));
        for other in ["worker", "onewinner", "onewinner-worker=x", "onewinner-contender=1"] {
            assert_eq!(role_of(&other.into()), None, "{other}");
        }
    }

    #[test]
    fn this_test_is_found_by_the_name_of_its_thread_and_another_thread_is_refused() {
        let found = Test::of_this_thread().unwrap();
        assert!(
            found
                .name
                .ends_with("::this_test_is_found_by_the_name_of_its_thread_and_another_thread_is_refused")
        );
        let refused = std::thread::spawn(Test::of_this_thread).join().unwrap();
        let error = refused.unwrap_err().to_string();
        assert!(error.contains("explore from the body of a `#[test]` itself"), "{error}");
        let words = ["x", "--exact", "a::b", "onewinner-worker=1"].map(str::to_owned);
        assert_eq!(exact(words.into_iter()), Some("a::b".to_owned()));
    }
}
