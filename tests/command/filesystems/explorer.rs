//! The explorer with real processes, on each file system: what it decides, and that inode numbers decide where they come again.

use std::collections::HashSet;
use std::fs::{self, File};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::{Duration, Instant};

use serde_json::Value;

use super::place::{Place, Tried};

/// What the command reports about a lock there, or why this machine forbids tracing.
fn explored(ways: &[PathBuf], arguments: &[&str]) -> Result<Value, String> {
    let mut command = Command::new(env!("CARGO_BIN_EXE_onewinner"));
    command.arg("explore").args(arguments);
    for way in ways {
        command.arg("--dir").arg(way);
    }
    // Counterexamples are written where the command runs.
    let output = command
        .args(["--json", "--seed", "1"])
        .current_dir(&ways[0])
        .output()
        .expect("the command runs");
    let said = String::from_utf8_lossy(&output.stderr);
    let document: Value = serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {said}"));
    let result = document["results"][0].clone();
    match result["reason"].as_str() {
        Some(reason) if reason.contains("failed to trace a process") => Err(reason.to_owned()),
        _ => Ok(result),
    }
}

/// Looks that the answer is this verdict, and if it is *violated*, of this property.
fn decides(place: &Place, arguments: &[&str], verdict: &str, property: Option<&str>) -> Tried {
    decides_by(&place.ways, arguments, verdict, property)
}

/// The same, through these mounts.
fn decides_by(ways: &[PathBuf], arguments: &[&str], verdict: &str, property: Option<&str>) -> Tried {
    let result = explored(ways, arguments)?;
    let found = (result["verdict"].as_str(), result["property"].as_str());
    assert_eq!(
        found,
        (Some(verdict), property),
        "{arguments:?} by {ways:?}: {result:#}"
    );
    Ok(())
}

pub(crate) fn it_decides_with_real_processes(place: &Place) -> Tried {
    let few = ["-n", "2"];
    let violated = Some("at-most-one-winner");
    decides(place, &[&["create-new"][..], &few].concat(), "holds", None)?;
    decides(place, &[&["stat-then-write"][..], &few].concat(), "violated", violated)?;
    for lock in ["mkdir", "symlink", "rename-new", "flock", "record-lock", "flock-nlink"] {
        let arguments = [&[lock, "--scenario", "cycle"][..], &few].concat();
        if (lock, place.name) == ("rename-new", "fuse2fs") {
            // fuse2fs does not know the flag; the verdict is inconclusive and names the call.
            let result = explored(&place.ways, &arguments)?;
            let reason = result["reason"].as_str().unwrap_or_default();
            assert_eq!(result["verdict"], "inconclusive", "{result:#}");
            assert!(reason.contains("renameat2(") && reason.contains("EINVAL"), "{reason}");
            continue;
        }
        decides(place, &arguments, "holds", None)?;
    }
    Ok(())
}

/// Breaks a stale lock by its inode number: where the file system reuses the number immediately, a process that looked at the
/// old lock takes the new one for it.
const BY_NUMBER: [&str; 7] = [
    "break-rename-restore-inode",
    "--stale",
    "1h",
    "-n",
    "2",
    "--scenario",
    "cycle",
];

pub(crate) fn numbers_that_are_used_again_let_a_second_process_in(place: &Place) -> Tried {
    let again = Numbers::of(&place.ways[0]);
    let result = explored(&place.ways, &BY_NUMBER)?;
    assert_eq!(result["verdict"], "violated", "{result:#}");
    let property = result["property"].as_str().expect("a violation names it");
    // What the explorer takes for possible is a part of what calls touch.
    let taken_for = if result["execution"].to_string().contains("Allocator") {
        "used again"
    } else {
        "never used again"
    };
    let (wanted, properties, takes) = match place.name {
        "ext4" => (Numbers::AtOnce, &["mutual-exclusion"][..], "used again"),
        // When it is used again depends on a worker of the kernel, so that either may be seen.
        "xfs" => (Numbers::Later, &["mutual-exclusion", "only-own"][..], "used again"),
        "btrfs" | "tmpfs" => (Numbers::Never, &["only-own"][..], "never used again"),
        // Of its upper directory, which is on tmpfs here; the overlay does not tell what that is.
        "overlay" => (Numbers::Never, &["only-own"][..], "used again"),
        other => panic!("nothing is known of numbers on {other}"),
    };
    // Even a moment may be long enough for that worker.
    let is_wanted = again == wanted || wanted == Numbers::Later && again == Numbers::AtOnce;
    assert!(is_wanted, "{}: numbers are used again {again:?}", place.name);
    assert!(properties.contains(&property), "{}: {property}", place.name);
    assert_eq!(taken_for, takes, "{}", place.name);
    // The compare is sound while a descriptor pins the inode, whatever becomes of numbers.
    decides(
        place,
        &["flock-same-inode", "-n", "2", "--scenario", "cycle"],
        "holds",
        None,
    )
}

/// When the number of a file that is gone is given to another one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Numbers {
    /// To the next one.
    AtOnce,
    /// To one that comes a moment later.
    Later,
    /// To none of those that were looked at.
    Never,
}

impl Numbers {
    fn of(directory: &Path) -> Self {
        const FILES: usize = 40;
        const MOMENT: Duration = Duration::from_millis(20);
        const LIMIT: Duration = Duration::from_secs(300);
        let number = || {
            let path = directory.join("numbered");
            let file = File::create_new(&path).expect("the directory is ours");
            fs::remove_file(&path).expect("it was made just now");
            file.metadata().expect("it is open").ino()
        };
        if number() == number() {
            return Self::AtOnce;
        }
        let began = Instant::now();
        let mut seen = HashSet::new();
        while seen.len() < FILES {
            if !seen.insert(number()) {
                return Self::Later;
            }
            assert!(
                began.elapsed() < LIMIT,
                "{FILES} files are not made within {LIMIT:?}: {seen:?}"
            );
            std::thread::sleep(MOMENT);
        }
        Self::Never
    }
}

pub(crate) fn two_mounts_keep_existence_locks_and_no_kernel_locks(place: &Place) -> Tried {
    assert_eq!(place.ways.len(), 2);
    for lock in ["create-new", "mkdir", "symlink"] {
        decides(place, &[lock, "-n", "2"], "holds", None)?;
        decides(place, &[lock, "-n", "2", "--scenario", "cycle"], "holds", None)?;
    }
    for lock in ["flock", "record-lock", "ofd-lock"] {
        decides(place, &[lock, "-n", "2"], "violated", Some("at-most-one-winner"))?;
        // By one mount alone they hold.
        decides_by(&place.ways[..1], &[lock, "-n", "2"], "holds", None)?;
    }
    Ok(())
}
