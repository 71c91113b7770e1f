//! What a machine may lack, and how to find out.
//!
//! `ONEWINNER_REQUIRE=ptrace,root` makes a test that cannot run for such a reason fail.

use std::fmt;
use std::fs::File;
use std::process::{Command, Stdio};

use nix::sys::ptrace::{self, Options};
use nix::unistd::{Pid, geteuid};

use super::Missing;

/// Names the capabilities whose absence is a failure, separated by commas.
pub(super) const VARIABLE: &str = "ONEWINNER_REQUIRE";
/// The names under which Chromium is installed.
const BROWSERS: [&str; 4] = ["chromium", "chromium-browser", "google-chrome", "google-chrome-stable"];

/// What a test may need.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Capability {
    /// To trace a child.
    Ptrace,
    /// To make a mount namespace, as root or in a user namespace.
    Namespaces,
    /// To be root, and to act as another user.
    Root,
    /// File systems of user space: `/dev/fuse`.
    Fuse,
    /// A browser.
    Chromium,
    /// What a file system needs: its programs, and a kernel that mounts it or uses inode numbers again.
    FileSystems,
    /// Packages of the registries, which `tests/command/packages/install` has installed.
    Packages,
    /// A program on the `PATH`: an interpreter, a compiler, or a tool.
    Program(&'static str),
}

/// All programs that tests use.
const PROGRAMS: &[&str] = &[
    "bash",
    "bindfs",
    "cargo",
    "cc",
    "dotlockfile",
    "flock",
    "go",
    "java",
    "javac",
    "lockfile",
    "mkdir",
    "node",
    "perl",
    "python3",
    "ruby",
    "script",
    "sh",
    "setpriv",
    "strace",
    "timeout",
    "touch",
    "unshare",
    "xmllint",
];

const OTHERS: [(Capability, &str); 7] = [
    (Capability::Ptrace, "ptrace"),
    (Capability::Namespaces, "namespaces"),
    (Capability::Root, "root"),
    (Capability::Fuse, "fuse"),
    (Capability::Chromium, "chromium"),
    (Capability::FileSystems, "file-systems"),
    (Capability::Packages, "packages"),
];

impl fmt::Display for Capability {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Program(name) => f.write_str(name),
            other => {
                let named = OTHERS.iter().find(|(capability, _)| capability == other);
                f.write_str(named.expect("the list has each").1)
            }
        }
    }
}

impl Capability {
    /// The capability of this name in [`VARIABLE`].
    pub(crate) fn by_name(name: &str) -> Option<Self> {
        let other = OTHERS
            .iter()
            .find(|(_, own)| *own == name)
            .map(|(capability, _)| *capability);
        other.or_else(|| Self::program(name))
    }

    /// The program of this name, if tests use it.
    pub(crate) fn program(name: &str) -> Option<Self> {
        PROGRAMS
            .iter()
            .find(|own| **own == name)
            .map(|name| Self::Program(name))
    }

    /// If its absence is a failure.
    pub(crate) fn is_required(self) -> bool {
        required().is_ok_and(|required| required.contains(&self))
    }
}

/// The capabilities that [`VARIABLE`] names.
///
/// # Errors
///
/// When there is none of that name.
pub(super) fn required() -> Result<Vec<Capability>, String> {
    let value = std::env::var(VARIABLE).unwrap_or_default();
    let words = value.split(',').map(str::trim).filter(|word| !word.is_empty());
    let each = words.map(|word| {
        Capability::by_name(word).ok_or_else(|| {
            let others = OTHERS.map(|(_, name)| name);
            format!(
                "{VARIABLE}: no capability is named {word:?}; there are {} {}",
                others.join(" "),
                PROGRAMS.join(" ")
            )
        })
    });
    each.collect()
}

/// Looks if the machine has it.
///
/// # Errors
///
/// When it does not, with the reason.
pub(crate) fn require(capability: Capability) -> Result<(), Missing> {
    let found = match capability {
        Capability::Ptrace => may_trace(),
        Capability::Namespaces => makes_namespaces(),
        Capability::Root => geteuid()
            .is_root()
            .then_some(())
            .ok_or_else(|| "this user is not root".to_owned()),
        Capability::Fuse => File::options()
            .read(true)
            .write(true)
            .open("/dev/fuse")
            .map(drop)
            .map_err(|error| format!("/dev/fuse: {error}")),
        Capability::Chromium => installed_browser().map(drop),
        // It differs from one file system to the next: the test finds out.
        Capability::FileSystems | Capability::Packages => Ok(()),
        Capability::Program(name) => is_on_the_path(name)
            .then_some(())
            .ok_or_else(|| "it is not on the PATH".to_owned()),
    };
    found.map_err(|why| Missing::new(capability, why))
}

/// The name under which Chromium is installed.
///
/// # Errors
///
/// When it is not.
pub(crate) fn installed_browser() -> Result<&'static str, String> {
    let found = BROWSERS
        .into_iter()
        .find(|name| answers(Command::new(name).arg("--version")));
    found.ok_or_else(|| format!("none of {} is installed", BROWSERS.join(", ")))
}

fn is_on_the_path(name: &str) -> bool {
    let paths = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&paths).any(|folder| folder.join(name).is_file())
}

fn answers(command: &mut Command) -> bool {
    let status = command
        .stdin(Stdio::null())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .status();
    status.is_ok_and(|status| status.success())
}

fn makes_namespaces() -> Result<(), String> {
    let flags = if geteuid().is_root() { "-m" } else { "-rm" };
    let made = answers(Command::new("unshare").args([flags, "true"]));
    made.then_some(())
        .ok_or_else(|| format!("`unshare {flags} true` fails"))
}

/// Traces a child that waits for its input, and lets it end.
fn may_trace() -> Result<(), String> {
    let mut child = Command::new("sh");
    let child = child.args(["-c", "read -r end"]).stdin(Stdio::piped()).spawn();
    let mut child = child.map_err(|error| format!("sh: {error}"))?;
    let pid = Pid::from_raw(child.id().cast_signed());
    let traced = ptrace::seize(pid, Options::PTRACE_O_EXITKILL);
    let _ = child.kill();
    let _ = child.wait();
    traced.map_err(|errno| format!("ptrace: {errno}"))
}
