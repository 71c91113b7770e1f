//! Our layers issue the bare system calls, no more and no others.
//!
//! `examples/acquire.rs` runs each primitive through the layers and as calls written out by hand; a tracer records what the
//! kernel is asked between two markers, and the two records are equal. The profile is that of the test: run it
//! with `--release` too.

#![cfg(all(target_os = "linux", target_env = "gnu"))]

#[path = "bare_calls/tracer.rs"]
mod tracer;

use std::ffi::OsStr;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::OnceLock;

use onewinner::primitive;
use tracer::{Traced, record};

const PARTS: [&str; 2] = ["won", "lost"];
const ITERATIONS: usize = 2;

/// The example, built in the profile and the target directory of this test.
///
/// `cargo test` builds examples only when it is asked for all of the package, and then under another name when it is asked
/// for all targets. Built here it is never missing and never older than the code.
fn example() -> &'static Path {
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
            .arg(Path::new(env!("CARGO_MANIFEST_DIR")).join("Cargo.toml"))
            .arg("--target-dir")
            .arg(folder.parent().expect("a profile lies in the target directory"))
            .status();
        assert!(built.expect("cargo runs").success(), "the example does not build");
        folder.join("examples/acquire")
    })
}

/// The calls of one way through one part, or nothing where tracing is forbidden.
fn calls(way: &str, part: &str, lock: &str) -> Option<Vec<String>> {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let arguments = [
        way,
        part,
        lock,
        &directory.path().to_string_lossy(),
        &ITERATIONS.to_string(),
    ]
    .map(str::to_owned);
    let calls = match record(example(), &arguments) {
        Traced::Calls(calls) => calls,
        Traced::Forbidden(why) => {
            println!("skipped: {why}");
            return None;
        }
    };
    let named = directory.path().to_string_lossy().into_owned();
    Some(calls.into_iter().map(|call| call.replace(&named, "")).collect())
}

#[test]
fn layers_and_contender_add_no_call_and_leave_none_out() {
    for primitive in primitive::CONTROLS {
        for part in PARTS {
            let Some(bare) = calls("bare", part, primitive.name()) else {
                return;
            };
            assert!(!bare.is_empty(), "{}, {part}: nothing was recorded", primitive.name());
            for way in ["layered", "contender"] {
                let ours = calls(way, part, primitive.name());
                assert_eq!(ours.as_ref(), Some(&bare), "{}, {part}, {way}", primitive.name());
            }
        }
    }
}

#[test]
fn create_new_is_open_close_unlink_and_for_a_loser_one_open() {
    let create = format!(
        r#"openat(-100, "/lock", {:#o}, 0o644)"#,
        libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC
    );
    // Younger architectures lack the older call (include/uapi/asm-generic/unistd.h).
    let remove = match cfg!(target_arch = "x86_64") {
        true => r#"unlink("/lock")"#,
        false => r#"unlinkat(-100, "/lock", 0o0)"#,
    };
    let once: [(&str, &[&str]); 2] = [("won", &[&create, "close(3)", remove]), ("lost", &[&create])];
    for (part, expected) in once {
        if let Some(calls) = calls("layered", part, "create-new") {
            assert_eq!(calls, expected.repeat(ITERATIONS));
        }
    }
}

#[test]
fn one_call_too_many_is_seen() {
    if let (Some(noisy), Some(bare)) = (calls("noisy", "won", "create-new"), calls("bare", "won", "create-new")) {
        assert_ne!(noisy, bare);
        assert_eq!(noisy.len(), bare.len() + ITERATIONS);
    }
}

#[test]
fn each_method_is_one_call() {
    let older = cfg!(target_arch = "x86_64");
    let unlink = |name: &str| match older {
        true => format!("unlink({name:?})"),
        false => format!("unlinkat(-100, {name:?}, 0o0)"),
    };
    let open = libc::O_WRONLY | libc::O_CREAT | libc::O_APPEND | libc::O_CLOEXEC;
    let expected = [
        format!(r#"openat(-100, "/a", {open:#o}, 0o644)"#),
        format!("fcntl(3, {}, _)", libc::F_SETLK),
        format!("fcntl(3, {}, _)", libc::F_SETLK),
        format!("fcntl(3, {}, _)", libc::F_OFD_SETLK),
        "close(3)".to_owned(),
        r#"utimensat(-100, "/a", _, 0o0)"#.to_owned(),
        r#"renameat2(-100, "/a", -100, "/b", 0o1)"#.to_owned(),
        r#"symlinkat("b", -100, "/a")"#.to_owned(),
        match older {
            true => format!(r#"readlink("/a", _, {})"#, libc::PATH_MAX),
            false => format!(r#"readlinkat(-100, "/a", _, {})"#, libc::PATH_MAX),
        },
        "kill(_, 0)".to_owned(),
        unlink("/a"),
        unlink("/b"),
    ];
    if let Some(calls) = calls("methods", "won", "create-new") {
        assert_eq!(calls, vec![expected; ITERATIONS].concat());
    }
}
