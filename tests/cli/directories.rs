//! Directories in which no race can be: missing, a file, read-only, full.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::command::{BINARY, Ran, directory, left_in, onewinner_in, run};

/// A user that owns nothing: the overflow user of user_namespaces(7).
const NOBODY: &str = "65534";

#[track_caller]
fn refused(ran: &Ran, advice: &str) {
    assert_eq!((ran.code, &*ran.stdout), (Some(2), ""), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.contains(advice), "{advice:?} is missing: {}", ran.stderr);
}

/// Whether a tool is there and does what is asked of it.
fn works(tool: &str, arguments: &[&str]) -> bool {
    let mut command = Command::new(tool);
    command.args(arguments).stdout(Stdio::null()).stderr(Stdio::null());
    command.status().is_ok_and(|status| status.success())
}

#[test]
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

#[test]
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
    let mut command = match root {
        false => Command::new(&binary),
        true => {
            fs::remove_file(place.path().join("probe")).expect("just written");
            let identity = ["--reuid", NOBODY, "--regid", NOBODY, "--clear-groups"];
            if !works("setpriv", &[&identity[..], &["true"]].concat()) {
                return println!("skipped: root may write anywhere, and setpriv does not work here");
            }
            let mut command = Command::new("setpriv");
            command.args(identity).arg(&binary);
            command
        }
    };
    command.args(["race", "create-new", "--dir"]).arg(place.path());
    refused(&run(command), "make it writable for this user, or name another");
    for path in [place.path(), copy.path()] {
        fs::set_permissions(path, fs::Permissions::from_mode(0o755)).expect("ours");
    }
}

/// Runs `race` on a file system of so many inodes, mounted for it alone; nothing if that cannot be done here.
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

#[test]
fn a_full_disk_is_refused_or_inconclusive_and_never_a_violation() {
    // The directory itself, the run's, its owner file, the round's: each may be the one that there is no room for.
    for inodes in 1..=3 {
        let Some(ran) = on_a_disk_with(inodes, "race create-new -n 4 --rounds 10 --dir .") else {
            return println!("skipped: no mount namespace can be made here");
        };
        refused(&ran, "make room");
    }
    let ran = on_a_disk_with(4, "race create-new -n 4 --rounds 10 --dir .").expect("it worked before");
    let ran = ran
        .exits(3)
        .says(&["  inconclusive: 40 attempts met no space", "(ENOSPC); make room"]);
    assert!(!ran.stdout.contains("forbidden"), "{}", ran.stdout);
}

#[test]
fn doctor_tells_what_hinders_a_race_in_a_directory() {
    let directory = directory();
    let absent = Path::new("absent").display().to_string();
    onewinner_in(directory.path(), &format!("doctor --dir {absent}"))
        .exits(3)
        .says(&["name a directory that exists and may be reached"]);
    onewinner_in(directory.path(), "doctor --dir . --dir /sys")
        .exits(3)
        .says(&["writable", "name another"]);
}
