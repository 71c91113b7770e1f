//! How a test fails, in a process of its own, as a user sees it.

use std::fs;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::time::Duration;

/// How long a fixture may take: what reaches it hangs.
const LIMIT: Duration = Duration::from_secs(600);

/// What a fixture said, and whether it passed.
struct Said {
    passed: bool,
    text: String,
}

impl Said {
    /// What one says when it is run as cargo, or as nextest, runs a test.
    fn by(fixture: &str, harness: &[&str]) -> Self {
        let mut command = Command::new(std::env::current_exe().expect("/proc is there"));
        command.args(["--exact", &format!("fixtures::{fixture}"), "--include-ignored"]);
        command.args(harness);
        Self::of(command)
    }

    fn of(mut command: Command) -> Self {
        command.stdin(Stdio::null());
        let output = snapbox::cmd::Command::from_std(command).timeout(LIMIT).output();
        let output = output.expect("the binary of this test starts");
        let streams = [output.stdout, output.stderr].concat();
        Self {
            passed: output.status.success(),
            text: String::from_utf8_lossy(&streams).into_owned(),
        }
    }

    /// Whether this machine forbids tracing, so that the fixture could not say what it would.
    fn is_forbidden(&self) -> bool {
        let forbidden = self.text.contains("failed to trace a process");
        if forbidden {
            not_tried("ptrace", "this machine does not let processes be traced");
        }
        forbidden
    }

    #[track_caller]
    fn fails_with(&self, words: &[&str]) {
        assert!(!self.passed, "it passes:\n{}", self.text);
        for word in words {
            assert!(self.text.contains(word), "{word}:\n{}", self.text);
        }
    }
}

/// Reports that the machine lacks what a test needs. libtest cannot ignore a test that runs; if `ONEWINNER_REQUIRE` names
/// the capability, the test fails.
#[track_caller]
fn not_tried(capability: &str, why: &str) {
    let required = std::env::var("ONEWINNER_REQUIRE").unwrap_or_default();
    let is_required = required.split(',').any(|word| word.trim() == capability);
    assert!(!is_required, "ONEWINNER_REQUIRE requires {capability}, but: {why}");
    eprintln!("ignored (no {capability}): {why}");
}

#[test]
fn a_failing_test_prints_the_interleaving_and_its_file_and_the_file_replays() {
    for harness in [&["--test-threads=1"][..], &["--nocapture"]] {
        let said = Said::by("expects_that_a_broken_lock_holds", harness);
        if said.is_forbidden() {
            return;
        }
        said.fails_with(&[
            "fixtures.rs:",
            "expected the lock to hold, but it violates at-most-one-winner",
            "fixtures::expects_that_a_broken_lock_holds · traced · contend 2",
            "violated: at-most-one-winner: 2 of 2 hold the lock at once: P0 and P1",
            "statx(\"lock\", 0) = ENOENT  ◄",
            "decides   ◄ P0's statx before P1's open; the other way round it holds",
            "replayed  reproduced 10/10",
        ]);
        let line = said
            .text
            .lines()
            .find_map(|line| line.trim().strip_prefix("replay    onewinner replay "));
        let file = PathBuf::from(line.expect("it prints how to replay"));
        // A binary that was copied elsewhere does not find the target directory.
        let target = PathBuf::from(env!("CARGO_TARGET_TMPDIR"));
        let own = std::env::current_exe().expect("/proc is there");
        let expected = if own.starts_with(target.parent().expect("it is in the target directory")) {
            target
        } else {
            std::env::temp_dir()
        };
        assert_eq!(file.parent(), Some(&*expected), "not the working tree");
        let mut replay = Command::new(env!("CARGO_BIN_EXE_onewinner"));
        replay.arg("replay").arg(&file).current_dir("/");
        let replayed = Said::of(replay);
        replayed.fails_with(&["reproduced: at-most-one-winner"]);
        fs::remove_file(file).expect("it was saved");
    }
}

#[test]
fn an_unexpected_verdict_is_reported_and_a_cut_search_does_not_count_as_a_pass() {
    for (fixture, words) in [
        (
            "expects_that_a_sound_lock_is_broken",
            [
                "expected several processes to hold the lock at the same time, but it holds",
                "every schedule",
            ],
        ),
        (
            "expects_much_of_a_search_that_is_cut",
            [
                "but the check is inconclusive, which does not count as a pass",
                "cut at 2 executions",
            ],
        ),
        (
            "expects_another_violation",
            [
                "expected the lock to violate only-own, but it violates at-most-one-winner",
                "at-most-one-winner",
            ],
        ),
        (
            "does_not_come_to_its_exploration_again",
            [
                "it ended before its exploration",
                "what the test needs is there once only",
            ],
        ),
        (
            "does_not_come_to_its_exploration_as_a_contender",
            [
                "but the check is inconclusive, which does not count as a pass",
                "P0 ended with exit code 0",
            ],
        ),
    ] {
        let said = Said::by(fixture, &[]);
        if !said.is_forbidden() {
            said.fails_with(&words);
        }
    }
}

#[test]
fn a_wrong_use_prints_what_to_do() {
    let said = Said::by("expects_what_there_is_not", &[]);
    said.fails_with(&["there is no property `liveness`; the properties are "]);
    let said = Said::by("explores_from_a_thread_of_its_own", &[]);
    said.fails_with(&["explore from the body of a `#[test]` itself", "running 0 tests"]);
}

#[test]
fn where_nobody_may_trace_a_test_fails_with_what_to_change_or_says_that_it_is_skipped() {
    let under_strace = |fixture: &str| {
        // The kernel allows one tracer for each process.
        let mut command = Command::new("strace");
        command.args(["-f", "-qq", "-o", "/dev/null"]);
        command.arg(std::env::current_exe().expect("/proc is there"));
        command.args(["--exact", &format!("fixtures::{fixture}"), "--include-ignored"]);
        Said::of(command)
    };
    let probe = Command::new("strace").args(["-qq", "-o", "/dev/null", "true"]).status();
    if !probe.is_ok_and(|status| status.success()) {
        return not_tried("strace", "it is not here, or may not trace");
    }
    under_strace("fails_where_nobody_may_trace").fails_with(&[
        "but the check is inconclusive, which does not count as a pass",
        "failed to trace a process",
        "let the container allow ptrace",
    ]);
    let said = under_strace("is_skipped_where_nobody_may_trace");
    assert!(said.passed, "{}", said.text);
    assert!(
        said.text.contains("skipped: failed to trace a process"),
        "{}",
        said.text
    );
}
