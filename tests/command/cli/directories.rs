//! Unusable directories: missing, a file, read-only, full.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::command::{BINARY, Ran, directory, left_in, onewinner_in, run};
use crate::harness::{Capability, Test, ignore, tests, workspace};

/// A user that owns nothing: the overflow user of user_namespaces(7).
const NOBODY: &str = "65534";

#[track_caller]
fn refused(ran: &Ran, advice: &str) {
    assert_eq!((ran.code, &*ran.stdout), (Some(2), ""), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains(advice), "{advice:?} is missing: {}", ran.stderr);
}

/// Whether a tool is installed and succeeds.
fn works(tool: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(tool);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

fn a_missing_directory_and_a_file_are_named() {
    let directory = directory();
    fs::write(directory.path().join("file"), "").expect("writable");
    for (place, advice) in [
        ("absent", "there is no such directory; create it, or name another"),
        ("file", "it is not a directory; name one"),
        ("file/below", "it is not a directory; name one"),
        ("/sys", "make it writable for this user, or name another"),
    ] {
        for json in ["", "--json"] {
            let ran = onewinner_in(directory.path(), &format!("race create-new --dir {place} {json}"));
            refused(&ran, advice);
        }
    }
    assert_eq!(left_in(directory.path()), ["file"]);
}

fn a_read_only_directory_is_refused_to_a_normal_user() {
    let place = directory();
    let copy = directory();
    // Another user cannot reach the build directory, nor a temporary one of mode 0700.
    let binary = copy.path().join("onewinner");
    fs::copy(BINARY, &binary).expect("room for a copy");
    for path in [place.path(), copy.path()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o555)).expect("ours");
    }
    let root = fs::write(place.path().join("probe"), "").is_ok();
    let mut command = if root {
        fs::remove_file(place.path().join("probe")).expect("just written");
        let identity = ["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"];
        if !works("setpriv", &[&identity[..], &["true"]].concat()) {
            ignore(
                Capability::Program("setpriv"),
                "root may write anywhere, and setpriv does not work",
            );
        }
        let mut command = Command::new("setpriv");
        command.args(identity).arg(&binary);
        command
    } else {
        Command::new(&binary)
    };
    command.args(["race", "create-new", "--dir"]).arg(place.path());
    refused(&run(command), "make it writable for this user, or name another");
    for path in [place.path(), copy.path()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("ours");
    }
}

/// Runs `race` on a new file system with this number of inodes; `None` if it cannot be mounted here.
fn on_a_disk_with(inodes: u32, arguments: &str) -> Option<Ran> {
    let place = directory();
    let namespace = [&["-m"][..], &["-rm"]].into_iter().find(|flags| {
        let probe = format!("mount -t tmpfs none {}", place.path().display());
        works("unshare", &[flags, &["sh", "-c", &probe][..]].concat())
    })?;
    let script = r#"mount -t tmpfs -o size=64k,nr_inodes="$1" none "$2" && shift && cd "$1" && shift && exec "$@""#;
    let mut command = Command::new("unshare");
    command.args(namespace).args(["sh", "-c", script, "sh"]);
    command.arg(inodes.to_string()).arg(place.path()).arg(BINARY);
    command.args(arguments.split(' ')).env("TMPDIR", place.path());
    Some(run(command))
}

fn a_full_disk_is_refused_or_inconclusive_and_never_a_violation() {
    // The base directory, the run directory, a round directory: the disk may be full at each of them.
    for inodes in 1..=2 {
        let Some(ran) = on_a_disk_with(inodes, "race create-new -n 4 --rounds 10 --dir .") else {
            ignore(Capability::Namespaces, "unshare cannot make one");
        };
        refused(&ran, "make room");
    }
    let ran = on_a_disk_with(3, "race create-new -n 4 --rounds 10 --dir .").expect("it worked before");
    let ran = ran.exits(3).says(&[
        "  inconclusive: 40 attempts failed with no space",
        "(ENOSPC); make room",
    ]);
    assert!(!ran.stdout.contains("forbidden"), "{}", ran.stdout);
}

fn doctor_reports_an_unusable_directory() {
    let directory = directory();
    let absent = Path::new("absent").display().to_string();
    onewinner_in(directory.path(), &format!("doctor --dir {absent}"))
        .exits(3)
        .says(&["name an existing directory that you may enter"]);
    onewinner_in(directory.path(), "doctor --dir . --dir /sys")
        .exits(3)
        .says(&["writable", "name another"]);
}

/// Runs `explore` with a directory; the test is ignored if the machine forbids tracing.
fn explored(place: &Path, arguments: &str) -> Ran {
    onewinner_in(place, &format!("explore {arguments}")).traced()
}

fn explore_names_unusable_directories_and_those_of_different_stores() {
    let place = directory();
    fs::write(place.path().join("file"), "").expect("writable");
    for made in ["one", "other"] {
        fs::create_dir(place.path().join(made)).expect("writable");
    }
    for (directories, advice) in [
        ("--dir absent", "there is no such directory; create it, or name another"),
        ("--dir file", "it is not a directory; name one"),
        ("--dir /sys", "make it writable for this user, or name another"),
        ("--dir one --dir absent", "name two mounts of one store"),
        ("--dir one --dir file", "name two mounts of one store"),
        ("--dir one --dir other", "name two mounts of one store"),
    ] {
        refused(
            &onewinner_in(place.path(), &format!("explore create-new --quick {directories}")),
            advice,
        );
    }
    for made in ["one", "other"] {
        assert_eq!(left_in(&place.path().join(made)), [""; 0]);
    }
}

fn a_counterexample_is_replayed_where_it_was_found_or_in_another_directory() {
    let place = directory();
    fs::create_dir(place.path().join("here")).expect("writable");
    let search = "stat-then-write --scenario contend -n 2 --dir here --save found.json";
    let ran = explored(place.path(), search);
    ran.exits(1);
    let here = place.path().join("here").display().to_string();
    let saved = fs::read_to_string(place.path().join("found.json")).expect("it was saved");
    assert!(saved.contains(&here), "{saved}");
    // The saved path is absolute, so a replay works from any directory.
    onewinner_in(
        Path::new("/"),
        &format!("replay {}", place.path().join("found.json").display()),
    )
    .exits(1);
    fs::remove_dir(place.path().join("here")).expect("nothing is left in it");
    refused(
        &onewinner_in(place.path(), "replay found.json"),
        "create it, or name another",
    );
    onewinner_in(place.path(), "replay found.json --dir .").exits(1);
}

fn processes_contend_across_two_mounts_of_one_store() {
    let place = directory();
    let script = r#"mkdir one other && mount -t tmpfs none one && mount --bind one other && exec "$@""#;
    for (subject, exit, printed) in [
        (&["create-new"][..], 0, "exactly one winner"),
        (&["stat-then-write"], 1, "2 of 2 hold the lock at once"),
        (&["--driver", "DRIVER {lock}"], 1, "2 of 2 hold the lock at once"),
    ] {
        let directory = place.path().join(exit.to_string() + subject[0]);
        fs::create_dir(&directory).expect("writable");
        let mut command = Command::new("unshare");
        command
            .current_dir(directory)
            .args(["-rm", "sh", "-c", script, "sh", BINARY, "explore"]);
        let driver = workspace().join("examples/stat-then-write.sh");
        let driver = format!("sh {} {{lock}}", driver.display());
        command.args(
            subject
                .iter()
                .map(|word| if word.starts_with("DRIVER") { &*driver } else { word }),
        );
        command.args(["--quick", "--time", "600", "--dir", "one", "--dir", "other"]);
        let ran = run(command);
        if ran.code != Some(exit) && (ran.stderr.contains("unshare") || ran.stderr.contains("mount")) {
            ignore(Capability::Namespaces, &ran.stderr);
        }
        let ran = ran.traced();
        ran.exits(exit)
            .says(&[printed, "stat(\"lock\")"][..1 + usize::from(exit == 1)]);
    }
}

fn a_directory_may_be_named_by_a_symbolic_link() {
    let place = directory();
    fs::create_dir(place.path().join("one")).expect("writable");
    std::os::unix::fs::symlink("one", place.path().join("other")).expect("writable");
    for directories in ["--dir other", "--dir one --dir other"] {
        let ran = explored(place.path(), &format!("create-new --quick --time 600 {directories}"));
        ran.exits(0);
    }
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_missing_directory_and_a_file_are_named,
        a_read_only_directory_is_refused_to_a_normal_user,
        a_full_disk_is_refused_or_inconclusive_and_never_a_violation,
        doctor_reports_an_unusable_directory,
        explore_names_unusable_directories_and_those_of_different_stores,
        a_counterexample_is_replayed_where_it_was_found_or_in_another_directory,
        processes_contend_across_two_mounts_of_one_store,
        a_directory_may_be_named_by_a_symbolic_link,
    ]
}
