//! Directories that cannot be used, or vanish: each is reported in a line, and the others are done.

use std::fs;
use std::path::Path;
use std::process::Command;

use super::command::{command, is_done, is_refused, start, until};
use super::few;
use super::mounted::{apart, folder, seal, tmpfs, unmount};
use super::traces::runs;
use crate::harness::{Test, tests};

/// Enough locks that a run does not end before the test disturbs it.
const MANY: &[&str] = &[
    "create-new",
    "mkdir",
    "link",
    "symlink",
    "flock",
    "record-lock",
    "ofd-lock",
    "rename-new",
];

fn text(path: &Path) -> &str {
    path.to_str().expect("the names of tests are text")
}

fn a_disk_without_room_or_inodes_and_a_read_only_one_are_reported_and_the_others_are_done() {
    apart(|place| {
        let full = tmpfs(place, "full", "size=64k");
        // Filled to the last block: a file system may need a part of its size.
        let mut filler = fs::File::create(full.join("filler")).unwrap();
        while std::io::Write::write_all(&mut filler, &[1; 512]).is_ok() {}
        let bare = tmpfs(place, "bare", "nr_inodes=1");
        // One inode for the token, but none for the run directory and its files.
        let scarce = tmpfs(place, "scarce", "nr_inodes=3");
        let sealed = tmpfs(place, "sealed", "size=64k");
        seal(&sealed);
        let good = folder(place, "good");
        let all = [&full, &bare, &scarce, &sealed, &good].map(|path| text(path));
        let dirs: Vec<&str> = all.iter().flat_map(|path| ["--dir", path]).collect();
        let (code, document, stderr) = few(&[&["create-new", "mkdir"], &dirs[..]].concat());
        assert_eq!(code, 3, "{stderr}");
        is_refused(&document, all[0], "failed", &["No space left", "make room"]);
        is_refused(&document, all[1], "failed", &["No space left", "make room"]);
        is_refused(&document, all[2], "failed", &["race the controls", "make room"]);
        is_refused(&document, all[3], "failed", &["Read-only", "make it writable"]);
        is_done(&document, all[4]);
    });
}

fn a_file_an_unrelated_pair_and_a_repeated_directory_are_reported_and_the_others_are_done() {
    let place = tempfile::tempdir().unwrap();
    let place = place.path();
    let (one, other) = (folder(place, "one"), folder(place, "other"));
    let inside = folder(&one, "inside");
    let file = place.join("file");
    fs::write(&file, "").unwrap();
    let link = place.join("link");
    std::os::unix::fs::symlink(&one, &link).unwrap();
    let pair = |a: &Path, b: &Path| format!("{},{}", text(a), text(b));
    let [strangers, nested, same, alias] = [
        pair(&one, &other),
        pair(&one, &inside),
        pair(&one, &one),
        pair(&one, &link),
    ];
    let dirs = [text(&file), "/sys", &*strangers, &*nested, &*same, &*alias, text(&one)];
    let dirs: Vec<&str> = dirs.iter().flat_map(|path| ["--dir", path]).collect();
    let (code, document, stderr) = few(&[&["create-new"], &dirs[..]].concat());
    // A wrong use takes precedence over missing results.
    assert_eq!(code, 2, "{stderr}");
    is_refused(&document, text(&file), "misused", &["name an existing directory"]);
    // Not even root can make files in sysfs.
    is_refused(&document, "/sys", "failed", &["make it writable"]);
    is_refused(
        &document,
        &strangers,
        "failed",
        &["a file made in one does not show in the other"],
    );
    is_refused(
        &document,
        &nested,
        "failed",
        &["a file made in one does not show in the other"],
    );
    is_refused(&document, &same, "misused", &["named twice"]);
    is_refused(&document, &alias, "misused", &["named twice"]);
    is_done(&document, text(&one));
    for directory in [&one, &other, &inside] {
        assert_eq!(runs(directory), Vec::<std::path::PathBuf>::new());
    }
    let (code, ..) = few(&["create-new", "--dir", &strangers]);
    assert_eq!(code, 3, "two directories that have nothing in common are no verdict");
}

/// Runs a matrix, and disturbs it once it works in the first directory.
fn meanwhile(directory: &Path, other: &Path, act: impl FnOnce()) {
    let dirs = ["--dir", text(directory), "--dir", text(other), "--cell-time", "30"];
    let run = start(command(
        &[MANY, &dirs[..], &["--quick", "-n", "4", "--rounds", "2000"][..]].concat(),
    ));
    until("a run begins", || !runs(directory).is_empty());
    act();
    let (code, document, stderr) = run.end().report();
    assert_eq!(code, 3, "{document:#} {stderr}");
    let lost = super::command::column(&document, text(directory));
    let cells = lost["cells"].as_array().expect("it has cells");
    let last = cells.last().expect("one for each lock");
    assert_eq!(last["answer"], "missing", "{lost:#}");
    assert!(
        last["reason"].as_str().expect("it says why").contains("failed to"),
        "{lost:#}"
    );
    assert!(cells.iter().all(|cell| cell["answer"] != "violated"), "{lost:#}");
    is_done(&document, text(other));
}

fn a_mount_that_vanishes_in_the_middle_is_reported_and_the_others_are_done() {
    apart(|place| {
        let (mount, good) = (tmpfs(place, "mount", "size=4m"), folder(place, "good"));
        meanwhile(&mount, &good, || unmount(&mount));
        assert_eq!(
            fs::read_dir(&mount).unwrap().count(),
            0,
            "below the mount nothing is left"
        );
    });
}

fn a_directory_that_is_removed_in_the_middle_is_reported_and_the_others_are_done() {
    let place = tempfile::tempdir().unwrap();
    let (gone, good) = (folder(place.path(), "gone"), folder(place.path(), "good"));
    meanwhile(&gone, &good, || {
        // Contenders make files in the meantime.
        until("it is gone", || fs::remove_dir_all(&gone).is_ok() || !gone.exists());
    });
    assert!(!gone.exists());
}

fn a_program_that_is_missing_is_named_and_the_others_are_done() {
    let good = tempfile::tempdir().unwrap();
    let good = text(good.path());
    let mut without: Command = command(&[
        "create-new",
        "--make",
        "bindfs",
        "--dir",
        good,
        "--quick",
        "--rounds",
        "60",
    ]);
    without.env("PATH", "");
    let (code, document, stderr) = start(without).end().report();
    assert_eq!(code, 3, "{stderr}");
    is_refused(&document, "bindfs", "skipped", &[]);
    is_done(&document, good);
}

fn wrong_uses_print_what_to_give() {
    let good = tempfile::tempdir().unwrap();
    let good = text(good.path());
    for (arguments, advice) in [
        (&["create-new", "--make", "no-such-file-system"][..], "possible values"),
        (&["no-such-lock"], "`onewinner list` prints the names"),
        (&["create-new", "--dir", "a,,b"], "A,B"),
        (&["create-new", "--dir", ""], "give a directory"),
        (&["create-new", "--rounds", "0"], "give a number"),
        (&["create-new", "--rounds", "-1"], "give a number"),
        (&["create-new", "-n", "1"], "give a number"),
        (&["create-new", "-n", "100000"], "give a number"),
        (&["create-new", "--cell-time", "0"], "--cell-time"),
        (&["create-new", "--quick", "--frobnicate"], "--frobnicate"),
    ] {
        let ran = start(command(arguments)).end();
        assert_eq!((ran.code, &*ran.stdout), (2, ""), "{arguments:?}: {}", ran.stderr);
        assert!(ran.stderr.contains(advice), "{arguments:?}: {}", ran.stderr);
    }
    let (code, document, _) = few(&["create-new", "--dir", "/no/such/directory", "--dir", good]);
    assert_eq!(code, 2);
    is_refused(
        &document,
        "/no/such/directory",
        "misused",
        &["name an existing directory"],
    );
    is_done(&document, good);
    // A directory that is named twice is used once.
    let (code, document, _) = few(&["create-new", "create-new", "--dir", good, "--dir", good]);
    let columns = document["results"].as_array().unwrap();
    assert_eq!(
        (code, columns.len(), columns[0]["cells"].as_array().unwrap().len()),
        (0, 1, 1)
    );
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        a_disk_without_room_or_inodes_and_a_read_only_one_are_reported_and_the_others_are_done,
        a_file_an_unrelated_pair_and_a_repeated_directory_are_reported_and_the_others_are_done,
        a_mount_that_vanishes_in_the_middle_is_reported_and_the_others_are_done,
        a_directory_that_is_removed_in_the_middle_is_reported_and_the_others_are_done,
        a_program_that_is_missing_is_named_and_the_others_are_done,
        wrong_uses_print_what_to_give,
    ]
}
