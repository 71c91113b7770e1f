//! Our layers issue the bare system calls, no more and no others.
//!
//! `examples/acquire.rs` runs each primitive through the layers and as calls written out by hand; a tracer records what the
//! kernel is asked between two markers, and the two records are equal. `tests/command/filesystems` does the
//! same on file systems made for it. The profile is that of the test: run it with `--release` too.

mod layers;
#[path = "../../bodies/scripts.rs"]
#[expect(
    dead_code,
    reason = "the example makes the calls, and here it is asked which there are"
)]
mod scripts;
mod tracer;

use crate::harness::{Capability, Test, ignore, tests};
use layers::{ITERATIONS, marked};
use onewinner_core::primitive;

/// The calls of one way through one part.
fn calls(way: &str, part: &str, lock: &str) -> Vec<String> {
    said(marked(way, part, lock, &std::env::temp_dir())).concat()
}

/// What was found; where tracing is forbidden the test is ignored.
fn said<T>(tried: Result<T, String>) -> T {
    tried.unwrap_or_else(|why| ignore(Capability::Ptrace, why))
}

fn layers_and_contender_add_no_call_and_leave_none_out() {
    said(layers::layers_make_the_bare_calls(&std::env::temp_dir()));
}

fn each_method_is_one_call() {
    said(layers::each_method_is_one_call(&std::env::temp_dir()));
}

fn the_scripts_of_the_controls_are_the_calls_written_out_by_hand() {
    for primitive in primitive::CONTROLS {
        for part in ["won", "lost"] {
            let [hand, script] = ["bare", "script"].map(|way| calls(way, part, primitive.name()));
            assert_eq!(hand, script, "{}, {part}", primitive.name());
        }
    }
}

fn create_new_is_open_close_unlink_and_for_a_loser_one_open() {
    let create = format!(
        r#"openat(-100, "/lock", {:#o}, 0o644)"#,
        libc::O_WRONLY | libc::O_CREAT | libc::O_EXCL | libc::O_CLOEXEC
    );
    // Younger architectures lack the older call (include/uapi/asm-generic/unistd.h).
    let remove = if cfg!(target_arch = "x86_64") {
        r#"unlink("/lock")"#
    } else {
        r#"unlinkat(-100, "/lock", 0o0)"#
    };
    let once: [(&str, &[&str]); 2] = [("won", &[&create, "close(3)", remove]), ("lost", &[&create])];
    for (part, expected) in once {
        assert_eq!(calls("layered", part, "create-new"), expected.repeat(ITERATIONS));
    }
}

fn one_call_too_many_is_seen() {
    let (noisy, bare) = (calls("noisy", "won", "create-new"), calls("bare", "won", "create-new"));
    assert_ne!(noisy, bare);
    assert_eq!(noisy.len(), bare.len() + ITERATIONS);
}

/// The tests of this area.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        layers_and_contender_add_no_call_and_leave_none_out,
        each_method_is_one_call,
        the_scripts_of_the_controls_are_the_calls_written_out_by_hand,
        create_new_is_open_close_unlink_and_for_a_loser_one_open,
        one_call_too_many_is_seen,
    ]
}
