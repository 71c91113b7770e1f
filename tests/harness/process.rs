//! One test in one process: how the parent starts it, and how the child reports.
//!
//! The child is this binary again, called as `--test-in-this-process NAME FILE`. It writes to FILE why it cannot run.

use std::fs::{self, File};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::process::{Command, ExitCode, Stdio};

use super::{Capability, Missing, Test};

/// How the names of the directories begin that tests have to themselves.
pub(crate) const TEST_DIRECTORY: &str = "onewinner-test-";
const FLAG: &str = "--test-in-this-process";
/// The exit code of a test that cannot run here.
const IGNORED: u8 = 77;
const FAILED: u8 = 101;

/// How a test ended.
pub(super) enum Ran {
    Passed,
    Ignored(Missing),
    /// With what it printed.
    Failed(String),
}

/// Runs a test in a child process, with an empty `TMPDIR` that is removed afterwards.
pub(super) fn run_apart(name: &str, limit_seconds: u32, nocapture: bool) -> Ran {
    let place = tempfile::Builder::new().prefix(TEST_DIRECTORY).tempdir();
    let place = place.expect("a temporary directory");
    let (own, why, printed) = ["tmp", "why", "printed"].map(|name| place.path().join(name)).into();
    fs::create_dir(&own).expect("the directory is new");
    // Another user may run parts of a test.
    make_enterable(place.path());
    let mut command = Command::new(std::env::current_exe().expect("this binary has a path"));
    command
        .args([FLAG, name])
        .arg(&why)
        .arg(limit_seconds.to_string())
        .env("TMPDIR", &own)
        .stdin(Stdio::null());
    if !nocapture {
        // A file and not a pipe: a process that is left behind would keep a pipe open.
        let file = File::create(&printed).expect("the directory is new");
        command.stderr(file.try_clone().expect("one more descriptor"));
        command.stdout(file);
    }
    let status = command.status().expect("this binary starts");
    if status.success() {
        return Ran::Passed;
    }
    if status.code() == Some(IGNORED.into()) {
        let text = fs::read_to_string(&why).expect("the child wrote why");
        let (capability, why) = text.split_once('\n').expect("two lines");
        let capability = Capability::by_name(capability).expect("the child knows the same names");
        return Ran::Ignored(Missing::new(capability, why));
    }
    let printed = fs::read(&printed).unwrap_or_default();
    let mut text = String::from_utf8_lossy(&printed).into_owned();
    if status.code() != Some(FAILED.into()) {
        text.push_str(&format!(
            "\n{status}; SIGALRM means that it took more than {limit_seconds} s"
        ));
    }
    Ran::Failed(text)
}

fn make_enterable(directory: &Path) {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(directory, fs::Permissions::from_mode(0o755)).expect("the directory is ours");
}

/// The test that this process is to run, if the parent started it for one.
pub(super) fn test_of_this_process() -> Option<String> {
    let mut arguments = std::env::args().skip(1);
    (arguments.next()? == FLAG).then(|| arguments.next().expect("a test has a name"))
}

/// Runs the test on the main thread of this process.
pub(super) fn run_here(test: &Test) -> ExitCode {
    let mut arguments = std::env::args().skip(3);
    let (why, limit) = (arguments.next(), arguments.next());
    let limit = limit
        .and_then(|limit| limit.parse().ok())
        .expect("the parent gives a limit");
    // SIGALRM ends a test that hangs; what it forked dies with it.
    nix::unistd::alarm::set(limit);
    match catch_unwind(AssertUnwindSafe(|| (test.run)())) {
        Ok(Ok(())) => ExitCode::SUCCESS,
        Ok(Err(missing)) => cannot_run(&missing, why),
        Err(payload) => match payload.downcast::<Missing>() {
            Ok(missing) => cannot_run(&missing, why),
            Err(_) => ExitCode::from(FAILED),
        },
    }
}

fn cannot_run(missing: &Missing, why: Option<String>) -> ExitCode {
    let text = format!("{}\n{}", missing.capability, missing.why.trim());
    fs::write(why.expect("the parent gives a file"), text).expect("the parent reads the file");
    ExitCode::from(IGNORED)
}
