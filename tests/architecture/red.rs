//! Each rule seen red: small sources that break it, and near misses that do not.

use crate::LAYERS;
use crate::rules::{Module, faults};
use crate::source::Source;

/// The modules of all crates, as if they were one.
fn table() -> Vec<Module> {
    LAYERS.iter().flat_map(|part| part.modules).copied().collect()
}

fn found(path: &str, text: &str) -> Vec<String> {
    faults(&[Source::new(path, &format!("//! Head.\n{text}"))], &table())
}

#[test]
fn forbidden_imports_are_reported_however_they_are_written() {
    reported("src/fs/mod.rs", "stands below it", &["use crate::primitive::Held;"]);
    reported(
        "src/id.rs",
        "stands below it",
        &[
            "fn f() { crate::cli::run(); }",
            "use super::access;",
            "mod inner { fn f() { super::super::fs::f() } }",
            "use crate::{id, fs::{self, Errno as E}};",
            "use crate as root; fn f() { root::fs::f() }",
            "use crate as root; use root::fs as f; fn g() { f::h() }",
            "fn f() { use crate::fs; }",
            "fn f() { assert!(matches!(1, crate::fs::X)); }",
            "macro_rules! m { () => { $crate::fs::f() }; }",
            "m! { use crate::{access, fs::Errno}; }",
            "impl crate::fs::Fs for X {}",
            "fn f<T: Into<crate::fs::Errno>>() {}",
            "fn f() { <X as crate::fs::Fs>::open() }",
            "#[cfg(not(test))] use crate::fs::Errno;",
            "#[cfg(any(test, unix))] use crate::fs::Errno;",
        ],
    );
    reported(
        "src/report/html.rs",
        "stands below it",
        &["fn f() -> crate::cli::Plan { todo() }"],
    );
    reported(
        "src/fs/sim/path.rs",
        "stands below it",
        &[
            "use super::super::super::backend::sim;",
            "use self::super::super::super::backend;",
        ],
    );
    reported("src/id.rs", "every module", &["use crate::*;", "use super::*;"]);
    reported("src/access.rs", "hides", &["use crate::id::*;"]);
    reported(
        "src/history/mod.rs",
        "no module of the table",
        &["use crate::Schedule;"],
    );
    reported(
        "src/explore/dpor.rs",
        "may import id, access",
        &["use crate::fs::call::Call;", "use crate::history::History;"],
    );
    reported(
        "src/property/mod.rs",
        "may import id, access",
        &["use crate::fs::Errno;", "use crate::backend::Sim;"],
    );
    reported(
        "src/primitive/a.rs",
        "may import fs::_",
        &[
            "use crate::fs::sim;",
            "use crate::fs; fn f() { fs::real::RealFs::new() }",
            "use crate::fs::{Fs, inject::injected};",
        ],
    );
    reported(
        "src/workload/a.rs",
        "may import fs::_",
        &["use crate::fs::sim::alone;", "use crate::id::ProcessId;"],
    );
    reported(
        "src/report/json.rs",
        "may import id",
        &[
            "use crate::backend::sim;",
            "use crate::sys;",
            "use crate::fs::real::RealFs;",
            "use crate::fs::Fs;",
            "use crate::primitive::ALL;",
        ],
    );
}

#[test]
fn a_short_list_holds_for_names_of_other_crates() {
    reported(
        "src/report/json.rs",
        "may import id",
        &[
            "use onewinner_core::fs::sim;",
            "use onewinner_core::fs::Fs;",
            "use onewinner_core as core; fn f() { core::backend::sim::explore() }",
            "use onewinner_linux::race::race;",
            "fn f() { onewinner_linux::sys::cpus(); }",
            "use onewinner_core::*;",
        ],
    );
    reported(
        "src/text/verdict.rs",
        "may import id",
        &[
            "use onewinner_core::statistics::rate_bounds;",
            "use onewinner_linux::sys;",
        ],
    );
    for (path, text) in [
        ("src/report/json.rs", "use onewinner_core::fs::{Errno, call::Call};"),
        ("src/report/json.rs", "use onewinner_check::text::verdict;"),
        ("src/text/verdict.rs", "use onewinner_core::verdict::{Exit, Judged};"),
        (
            "src/cli/run.rs",
            "use onewinner_linux::sys; use onewinner_core::fs::sim;",
        ),
    ] {
        assert_eq!(found(path, text), [""; 0], "{path}: {text}");
    }
}

#[test]
fn forbidden_things_in_forbidden_places_are_reported() {
    reported("src/whatever.rs", "`whatever` is not in the table", &[""]);
    reported("src/fs/a/b/c.rs", "folders below src", &[""]);
    reported("src/id.rs", "cannot parse", &["fn f( {"]);
    reported("src/id.rs", "expected", &["fn f() { x + }"]);
    reported("src/fs/errno.rs", "`nix` outside", &["use nix::errno::Errno;"]);
    reported(
        "src/fs/mod.rs",
        "`libc` outside",
        &[
            "fn f() { libc::getpid(); }",
            "extern crate libc;",
            "fn f() { assert_eq!(1, libc::EIO); }",
        ],
    );
    reported(
        "src/fs/mod.rs",
        "`nix` outside",
        &["fn f() { ::nix::unistd::getpid(); }"],
    );
    reported(
        "src/real_fs.rs",
        "`unsafe` outside",
        &[
            "unsafe fn f() {}",
            "fn f() { unsafe { g() } }",
            "unsafe impl Send for X {}",
            "unsafe trait T {}",
            "unsafe extern \"C\" { fn f(); }",
            "#[unsafe(no_mangle)] fn f() {}",
            "fn f() { m!(unsafe { g() }) }",
            "#[cfg(test)] mod tests { fn f() { unsafe { g() } } }",
        ],
    );
    reported(
        "src/real_fs.rs",
        "softened",
        &["#[expect(unsafe_code, reason = \"r\")] fn f() {}"],
    );
    reported("src/lib.rs", "softened", &["#![allow(unsafe_code)]"]);
    reported(
        "src/cli/mod.rs",
        "`#[allow]`",
        &[
            "#[allow(dead_code)] fn f() {}",
            "#[allow(dead_code, reason = \"r\")] fn f() {}",
            "#![cfg_attr(test, allow(dead_code))]",
            "struct S { #[allow(dead_code)] x: u8 }",
        ],
    );
    reported(
        "src/cli/mod.rs",
        "without a reason",
        &["#[expect(dead_code)] fn f() {}"],
    );
    reported("src/check.rs", "`println!` outside", &["fn f() { println!(\"x\"); }"]);
    reported(
        "src/check.rs",
        "`eprintln!` outside",
        &["fn f() { std::eprintln!(\"x\"); }"],
    );
    reported("src/check.rs", "`print!` outside", &["fn f() { vec![print!(\"x\")]; }"]);
    reported("src/lib.rs", "`eprint!` outside", &["fn f() { eprint!(\"x\"); }"]);
    reported(
        "src/check.rs",
        "exit` outside",
        &[
            "fn f() { std::process::exit(1) }",
            "use std::process; fn f() { process::exit(1) }",
            "use std::process::{Command, exit as leave};",
            "fn f() { m!(std::process::exit(1)) }",
        ],
    );
}

/// Each text by itself as the file `path` brings up a fault that says `expected`.
fn reported(path: &str, expected: &str, texts: &[&str]) {
    for text in texts {
        let found = found(path, text);
        let seen = found.iter().any(|fault| fault.contains(expected));
        assert!(seen, "{path}: {text}\nexpected `{expected}`, found {found:?}");
    }
}

#[test]
fn heads_and_lengths_are_counted() {
    for (text, faulty) in [
        ("fn f() {}\n".to_owned(), true),
        ("// A head of the wrong kind.\n".to_owned(), true),
        ("\n//! Too late.\n".to_owned(), true),
        ("//! Head.\n".to_owned(), false),
        ("//! Head.\n".repeat(500), false),
        ("//! Head.\n".repeat(501), true),
    ] {
        let found = faults(&[Source::new("src/id.rs", &text)], &table());
        assert_eq!(found.len(), usize::from(faulty), "{found:?}");
    }
}

#[test]
fn what_is_allowed_is_not_reported() {
    for (path, text) in [
        (
            "src/lib.rs",
            "#![deny(unsafe_code)] pub mod cli; pub use schedule::Schedule;",
        ),
        (
            "src/main.rs",
            "fn main() { println!(\"x\"); std::process::exit(onewinner_command::cli::run()) }",
        ),
        (
            "src/cli/run.rs",
            "use crate::claim; use onewinner_check::check; fn f() { eprintln!(\"x\"); std::process::exit(1) }",
        ),
        ("src/cli.rs", "fn f() { eprintln!(\"x\"); }"),
        (
            "src/fs/sim/calls.rs",
            "use super::inode::Body; use crate::fs::{Errno, sim}; use crate::id::ProcessId;",
        ),
        (
            "src/fs/sim/calls.rs",
            "use super::*; pub(crate) fn f() {} pub(in crate::fs) fn g() {}",
        ),
        (
            "src/fs/mod.rs",
            "mod errno; pub use errno::Errno; fn f() { use std::process::Command; }",
        ),
        (
            "src/primitive/a.rs",
            "use super::{Held, remove}; use crate::fs::{Errno, Fs, call::Call};",
        ),
        (
            "src/primitive/a.rs",
            "use crate::fs; fn f(e: fs::Errno) { fs::Errno::EIO; }",
        ),
        (
            "src/primitive/a.rs",
            "#[cfg(test)] mod tests { use super::*; use crate::fs::sim; use crate::backend::x; }",
        ),
        (
            "src/primitive/a.rs",
            "#[cfg(all(test, unix))] fn f() { nix::unistd::getpid(); eprintln!(\"skipped\"); }",
        ),
        (
            "src/workload/a.rs",
            "use crate::primitive::LockPrimitive; use super::file;",
        ),
        (
            "src/explore/dpor.rs",
            "use crate::happens_before::Class; use crate::schedule::Schedule; use super::Tree;",
        ),
        (
            "src/report/json.rs",
            "use crate::fs::{Errno, call::Call}; use crate::primitive::Expectation::SeveralWinners;",
        ),
        ("src/real_fs.rs", "use nix::fcntl::open; fn f() { libc::EIO; }"),
        (
            "src/sys/futex.rs",
            "#[expect(unsafe_code, reason = \"r\")] fn f() { unsafe { libc::syscall(1) }; }",
        ),
        (
            "src/access.rs",
            "fn f(a: bool) { if a != (true) {} let _: &'static str = \"println!(unsafe)\"; }",
        ),
        (
            "src/access.rs",
            "/// [`x`](crate::cli::run), `unsafe`.\nfn f() { use crate::id::Kind::*; }",
        ),
    ] {
        let found = found(path, text);
        assert!(found.is_empty(), "{path}: {text}\n{found:?}");
    }
}

#[test]
fn a_test_module_in_a_file_of_its_own_is_a_test_module() {
    let file = Source::new(
        "src/explore/tests.rs",
        "//! Head.\nuse crate::cli; fn f() { println!(); }",
    );
    let parent = |attribute| Source::new("src/explore/mod.rs", &format!("//! Head.\n{attribute} mod tests;"));
    assert_eq!(faults(&[parent("#[cfg(test)]"), file], &table()), [""; 0]);
    let file = Source::new(
        "src/explore/tests.rs",
        "//! Head.\nuse crate::cli; fn f() { println!(); }",
    );
    assert_eq!(faults(&[parent(""), file], &table()).len(), 2);
}
