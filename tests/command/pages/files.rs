//! The file of a page: refused before the work where it cannot be, and whole or as it was.

use std::fs;
use std::os::unix::fs::{FileTypeExt, PermissionsExt};
use std::path::Path;
use std::process::{Command, Output, Stdio};

use tempfile::TempDir;

use super::BINARY;
use crate::harness::{Capability, Test, ignore, tests};

/// A command that takes no time, with a page.
const EXPLORE: &[&str] = &["explore", "create-new", "--backend", "sim", "-n", "2"];
const MATRIX: &[&str] = &["matrix", "create-new", "--quick", "--rounds", "20", "-n", "2"];

fn run(arguments: &[&str], directory: &Path, file: &str) -> Output {
    let mut command = Command::new(BINARY);
    command.args(arguments).args(["--seed", "1", "--html", file]);
    let command = command
        .current_dir(directory)
        .env("TMPDIR", directory)
        .stdin(Stdio::null());
    command.output().expect("onewinner starts")
}

fn left_in(directory: &Path) -> Vec<String> {
    let entries = fs::read_dir(directory).expect("it is there").flatten();
    let mut names: Vec<String> = entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    names
}

fn a_page_that_cannot_be_written_is_reported_in_one_line_before_anything_is_run() {
    let directory = TempDir::new().expect("a temporary directory");
    fs::create_dir(directory.path().join("folder")).expect("it is ours");
    for arguments in [EXPLORE, MATRIX] {
        for (file, why) in [
            ("absent/page.html", "No such file"),
            ("folder", "is a directory"),
            ("/sys/page.html", ""),
        ] {
            let ran = run(arguments, directory.path(), file);
            let stderr = String::from_utf8_lossy(&ran.stderr);
            assert_eq!(
                (ran.status.code(), &*ran.stdout),
                (Some(2), &b""[..]),
                "{file}: {stderr}"
            );
            let advice = "name a file in an existing folder that you may write to";
            assert!(
                stderr.lines().count() == 1 && stderr.contains(why) && stderr.contains(advice),
                "{file}: {stderr}"
            );
        }
    }
    assert_eq!(left_in(directory.path()), ["folder"]);
}

fn a_page_takes_the_place_of_an_older_one_and_nothing_else_is_left() {
    let directory = TempDir::new().expect("a temporary directory");
    let page = directory.path().join("page.html");
    fs::write(&page, "older").expect("it is ours");
    fs::set_permissions(&page, fs::Permissions::from_mode(0o640)).expect("it is ours");
    std::os::unix::fs::symlink("page.html", directory.path().join("link")).expect("it is ours");
    for arguments in [EXPLORE, MATRIX] {
        for file in ["page.html", "link"] {
            assert_eq!(run(arguments, directory.path(), file).status.code(), Some(0));
            let text = fs::read_to_string(&page).expect("it is there");
            assert!(
                text.starts_with("<!DOCTYPE html>") && text.ends_with("</html>"),
                "{text}"
            );
            fs::write(&page, "older").expect("it is still ours");
        }
    }
    assert_eq!(left_in(directory.path()), ["link", "page.html"]);
    assert!(directory.path().join("link").is_symlink());
    let mode = fs::metadata(&page).expect("it is there").permissions().mode();
    assert_eq!(mode & 0o777, 0o640, "who may read it is as before");
}

fn a_device_is_written_to_and_never_replaced() {
    let directory = TempDir::new().expect("a temporary directory");
    let ran = run(EXPLORE, directory.path(), "/dev/full");
    let stderr = String::from_utf8_lossy(&ran.stderr);
    assert!(
        ran.status.code() == Some(2) && stderr.contains("No space left") && stderr.contains("make room"),
        "{stderr}"
    );
    assert!(
        String::from_utf8_lossy(&ran.stdout).contains("holds"),
        "the verdict is printed all the same"
    );
    let is_device = fs::metadata("/dev/full")
        .expect("it is there")
        .file_type()
        .is_char_device();
    assert!(is_device, "it is as it was");
}

fn on_a_full_disk_the_older_page_stays_and_no_part_of_the_new_one() {
    // A page of memory for the older one, and one for the rest.
    let script = "mount -t tmpfs -o size=8k tmpfs \"$1\" && printf older > \"$1/page.html\" || exit 99; shift;
        \"$@\"; echo \"$?\"; cat \"$PAGES/page.html\"; ls -A \"$PAGES\"";
    let directory = TempDir::new().expect("a temporary directory");
    let disk = directory.path().join("disk");
    fs::create_dir(&disk).expect("it is ours");
    let ran = Command::new("unshare")
        .args(["-rm", "sh", "-c", script, "sh"])
        .arg(&disk)
        .arg(BINARY)
        .args(EXPLORE)
        .args(["--seed", "1", "--html"])
        .arg(disk.join("page.html"))
        .env("PAGES", &disk)
        .current_dir(directory.path())
        .output();
    let stderr = |output: &Output| String::from_utf8_lossy(&output.stderr).into_owned();
    match ran {
        Ok(ran) if ran.status.success() => {
            assert!(
                stderr(&ran).contains("No space left") && stderr(&ran).contains("make room"),
                "{}",
                stderr(&ran)
            );
            let text = String::from_utf8_lossy(&ran.stdout).into_owned();
            assert!(text.ends_with("2\nolderpage.html\n"), "{text}");
        }
        Ok(ran) => ignore(Capability::Namespaces, stderr(&ran)),
        Err(error) => ignore(Capability::Program("unshare"), error),
    }
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_page_that_cannot_be_written_is_reported_in_one_line_before_anything_is_run,
        a_page_takes_the_place_of_an_older_one_and_nothing_else_is_left,
        a_device_is_written_to_and_never_replaced,
        on_a_full_disk_the_older_page_stays_and_no_part_of_the_new_one,
    ]
}
