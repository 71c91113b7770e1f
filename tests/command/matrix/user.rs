//! A normal user: existing directories, file systems that user namespaces allow, and reasons for the others.

use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};

use super::command::{cell, column, is_done, is_refused, start};
use super::mounted::folder;
use crate::harness::{Capability, Test, ignore, tests};

/// The user nobody.
const USER: u32 = 65_534;

/// A directory that any user may enter, with the command in it; prints why if this user cannot become another one.
fn place() -> tempfile::TempDir {
    if !nix::unistd::geteuid().is_root() {
        ignore(Capability::Root, "only root becomes another user");
    }
    let place = tempfile::tempdir().expect("root has the rights");
    fs::set_permissions(place.path(), fs::Permissions::from_mode(0o755)).expect("root has the rights");
    // That user may not have access to the directory of the build.
    fs::copy(env!("CARGO_BIN_EXE_onewinner"), place.path().join("onewinner")).expect("root has the rights");
    place
}

fn as_user(program: impl AsRef<std::ffi::OsStr>) -> Command {
    let mut command = Command::new(program);
    command.uid(USER).gid(USER).current_dir("/");
    command
}

fn text(path: &Path) -> &str {
    path.to_str().expect("the names of tests are text")
}

fn a_normal_user_has_given_directories_and_what_user_namespaces_allow() {
    let place = place();
    let place = place.path();
    let (own, foreign) = (folder(place, "own"), folder(place, "foreign"));
    std::os::unix::fs::chown(&own, Some(USER), Some(USER)).unwrap();
    fs::set_permissions(&foreign, fs::Permissions::from_mode(0o755)).unwrap();
    let hidden = folder(place, "hidden");
    fs::set_permissions(&hidden, fs::Permissions::from_mode(0o700)).unwrap();
    let inside = folder(&hidden, "inside");
    let mut command = as_user(place.join("onewinner"));
    command.args(["matrix", "create-new", "--json", "--quick", "--rounds", "60", "-n", "4"]);
    for directory in [&own, &foreign, &inside] {
        command.arg("--dir").arg(directory);
    }
    command.args(["--make", "ext4,tmpfs,overlay,bind,bindfs"]);
    let (code, document, stderr) = start(command).end().report();
    assert_eq!(code, 3, "{stderr}");
    is_done(&document, text(&own));
    assert_eq!(fs::read_dir(&own).unwrap().count(), 0);
    is_refused(
        &document,
        text(&foreign),
        "failed",
        &["Permission denied", "make it writable"],
    );
    is_refused(&document, text(&inside), "failed", &["Permission denied"]);
    is_refused(&document, "ext4", "skipped", &[]);
    // It is made if its program exists and any user may open the device, and skipped otherwise; it never fails.
    let standing = &column(&document, "bindfs")["standing"];
    assert!(standing == "ready" || standing == "skipped", "{document:#}");
    let allowed = as_user("unshare")
        .args([
            "--user",
            "--map-root-user",
            "--mount",
            "--pid",
            "--fork",
            "mount",
            "-t",
            "tmpfs",
            "none",
            "/mnt",
        ])
        .stderr(Stdio::null())
        .status();
    match allowed {
        Ok(status) if status.success() => {
            for name in ["tmpfs", "overlay", "bind"] {
                assert_eq!(
                    cell(column(&document, name), "create-new")["answer"],
                    "holds",
                    "{document:#}"
                );
            }
        }
        _ => println!("not covered: a normal user has no namespaces here"),
    }
}

fn without_namespaces_what_is_made_is_skipped_and_given_directories_are_done() {
    let place = place();
    let place = place.path();
    let own = folder(place, "own");
    // A user namespace that allows no further one, without the rights to mount.
    let script = r#"echo 0 > /proc/sys/user/max_user_namespaces || exit 99
        exec setpriv --no-new-privs --bounding-set=-all --inh-caps=-all "$@""#;
    let mut command = Command::new("unshare");
    command.args(["--user", "--map-root-user", "sh", "-c", script, "sh"]);
    command.arg(place.join("onewinner")).args([
        "matrix",
        "create-new",
        "--json",
        "--quick",
        "--rounds",
        "60",
        "-n",
        "4",
    ]);
    command.arg("--dir").arg(&own).args(["--make", "tmpfs,ext4"]);
    let ran = start(command).end();
    if ran.stdout.is_empty() {
        ignore(Capability::Namespaces, format!("no way to forbid them: {}", ran.stderr));
    }
    let (code, document, stderr) = ran.report();
    assert_eq!(code, 3, "{stderr}");
    is_done(&document, text(&own));
    for name in ["tmpfs", "ext4"] {
        is_refused(&document, name, "skipped", &["namespace", "user.max_user_namespaces"]);
    }
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_normal_user_has_given_directories_and_what_user_namespaces_allow,
        without_namespaces_what_is_made_is_skipped_and_given_directories_are_done,
    ]
}
