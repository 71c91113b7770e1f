//! Each shipped lock by each way through the layers, in a directory that is given: the kernel is asked the same as by a bare
//! program.
//!
//! Shared by `tests/linux/bare_calls/` and `tests/command/filesystems`, which has file systems made for it.

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use onewinner_core::primitive;

use super::scripts;
use super::tracer::{Traced, record};
use crate::harness::{Capability, ignore, workspace};

/// How often each lock is taken, or not got.
pub(crate) const ITERATIONS: usize = 2;

/// The example, built in the profile and the target directory of this test.
///
/// `cargo test` builds examples only when it is asked for all of the package, and then under another name when it is asked
/// for all targets. Built here it is never missing and never older than the code.
pub(crate) fn example() -> &'static Path {
    static BUILT: OnceLock<PathBuf> = OnceLock::new();
    BUILT.get_or_init(|| {
        let own = std::env::current_exe().expect("a test has a path");
        let folder = own.parent().and_then(Path::parent).expect("tests lie in PROFILE/deps");
        let profile = match folder.file_name().and_then(OsStr::to_str).expect("a profile's name") {
            "debug" => "dev",
            other => other,
        };
        let built = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--offline",
                "--example",
                "acquire",
                "--profile",
                profile,
            ])
            .arg("--manifest-path")
            .arg(workspace().join("Cargo.toml"))
            .arg("--target-dir")
            .arg(folder.parent().expect("a profile lies in the target directory"))
            .status();
        let built = built.unwrap_or_else(|error| ignore(Capability::Program("cargo"), error));
        assert!(built.success(), "the example does not build");
        folder.join("examples/acquire")
    })
}

/// The calls between each pair of marks, of one way through one part; or why nothing can be traced here.
///
/// Of several locks, which are named `a,b,c`, each gets a directory of its own below the one that is given.
pub(crate) fn marked(way: &str, part: &str, locks: &str, base: &Path) -> Result<Vec<Vec<String>>, String> {
    let directory = tempfile::tempdir_in(base).expect("a directory below the one that is given");
    let named = directory.path().to_string_lossy().into_owned();
    let arguments = [way, part, locks, &named, &ITERATIONS.to_string()].map(str::to_owned);
    match record(example(), &arguments) {
        Traced::Calls(marked) => {
            let unnamed = |call: String| call.replace(&named, "");
            let unnamed = marked.into_iter().map(|calls| calls.into_iter().map(unnamed).collect());
            Ok(unnamed.collect())
        }
        Traced::Forbidden(why) => Err(why),
    }
}

/// Looks that every way through the layers makes the calls of the bare program, and no other, with every shipped lock: where it
/// wins, where it loses, and where it breaks what a dead holder left.
///
/// # Panics
///
/// When a call differs.
pub(crate) fn layers_make_the_bare_calls(base: &Path) -> Result<(), String> {
    let all = || primitive::ALL.iter().map(|primitive| primitive.name());
    let breaks = |name: &&str| scripts::by_name(name).is_some_and(|script| script.broken.is_some());
    let parts: [(&str, Vec<&str>, usize); 3] = [
        ("won", all().collect(), 1),
        ("lost", all().collect(), 1),
        ("broken", all().filter(breaks).collect(), ITERATIONS),
    ];
    for (part, locks, marks) in parts {
        assert!(!locks.is_empty());
        let run = |way| marked(way, part, &locks.join(","), base);
        let bare = run("script")?;
        assert_eq!(
            bare.len(),
            locks.len() * marks,
            "{part}: the marks of every lock are seen"
        );
        for way in ["layered", "contender"] {
            let ours = run(way)?;
            for (number, bare) in bare.iter().enumerate() {
                let lock = locks[number / marks];
                assert!(!bare.is_empty(), "{lock}, {part}: nothing was recorded");
                assert_eq!(ours.get(number), Some(bare), "{lock}, {part}, {way}");
            }
            assert_eq!(ours.len(), bare.len());
        }
    }
    Ok(())
}

/// Looks that each method of `Fs` is the one call that it says it is.
///
/// # Panics
///
/// When it is not.
pub(crate) fn each_method_is_one_call(base: &Path) -> Result<(), String> {
    let older = cfg!(target_arch = "x86_64");
    let unlink = |name: &str| {
        if older {
            format!("unlink({name:?})")
        } else {
            format!("unlinkat(-100, {name:?}, 0o0)")
        }
    };
    let open = |flags: i32, mode: &str| format!(r#"openat(-100, "/a", {:#o}, {mode})"#, flags | libc::O_CLOEXEC);
    let expected = [
        open(libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND, "0o644"),
        r#"write(3, "text", 4)"#.to_owned(),
        format!("flock(3, {})", libc::LOCK_EX | libc::LOCK_NB),
        format!("flock(3, {})", libc::LOCK_UN),
        format!("fcntl(3, {}, _)", libc::F_SETLK),
        format!("fcntl(3, {}, _)", libc::F_SETLK),
        format!("fcntl(3, {}, _)", libc::F_OFD_SETLK),
        "close(3)".to_owned(),
        open(libc::O_RDONLY, "0o0"),
        "read(3, _, 4)".to_owned(),
        "stat".to_owned(),
        "close(3)".to_owned(),
        "stat".to_owned(),
        r#"utimensat(-100, "/a", _, 0o0)"#.to_owned(),
        r#"linkat(-100, "/a", -100, "/b", 0o0)"#.to_owned(),
        unlink("/b"),
        r#"renameat2(-100, "/a", -100, "/b", 0o1)"#.to_owned(),
        r#"renameat(-100, "/b", -100, "/a")"#.to_owned(),
        r#"symlinkat("b", -100, "/c")"#.to_owned(),
        if older {
            format!(r#"readlink("/c", _, {})"#, libc::PATH_MAX)
        } else {
            format!(r#"readlinkat(-100, "/c", _, {})"#, libc::PATH_MAX)
        },
        "kill(_, 0)".to_owned(),
        unlink("/a"),
        unlink("/c"),
        if older {
            r#"mkdir("/d", 0o755)"#.to_owned()
        } else {
            r#"mkdirat(-100, "/d", 0o755)"#.to_owned()
        },
        format!(r#"unlinkat(-100, "/d", {:#o})"#, libc::AT_REMOVEDIR),
    ];
    // By which call of the kernel it looks is the C library's choice; that it is one, and looks, is not.
    let looks = |call: &String| {
        ["stat(", "fstat(", "fstatat("]
            .iter()
            .any(|name| call.starts_with(name))
    };
    let mut calls = marked("methods", "won", "create-new", base)?.concat();
    for call in calls.iter_mut().filter(|call| looks(call)) {
        "stat".clone_into(call);
    }
    assert_eq!(calls, vec![expected; ITERATIONS].concat());
    Ok(())
}
