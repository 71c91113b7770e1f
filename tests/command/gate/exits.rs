//! What the gate exits with, and the line that says why.

use std::fs;
use std::process::Stdio;
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;

use super::{BROKEN, LIMIT, Place, SOUND, run};
use crate::harness::{Capability, Test, ignore, tests};

fn all_as_claimed_is_0() {
    let place = Place::with(&[("sound", SOUND), ("broken", BROKEN)]);
    place.gate("").exits(
        0,
        &[
            "broken",
            "sound",
            "as claimed: 2 claims of 2 specs, by 2 pieces of evidence",
        ],
    );
}

fn a_claim_that_fails_is_1_with_the_spec_its_line_and_the_interleaving() {
    let place = Place::with(&[
        ("wrong", &BROKEN.replace("several-winners", "exactly-one-winner")),
        ("sound", SOUND),
    ]);
    place.gate("").exits(
        1,
        &[
            "not as claimed: wrong\n",
            "specs/wrong.md:5: not as claimed",
            "violated: at-most-one-winner",
            "◄",
            "reproduced 10/10",
        ],
    );
}

fn a_lock_that_is_claimed_broken_and_not_caught_is_1() {
    for expect in ["several-winners", "violates mutual-exclusion"] {
        let place = Place::with(&[(
            "toothless",
            &format!("lock = \"create-new\"\n[[claim]]\nscenario = \"cycle\"\nexpect = \"{expect}\""),
        )]);
        place.gate("").exits(
            1,
            &[
                "not as claimed: toothless\n",
                "not caught",
                "the check can no longer find this bug",
            ],
        );
    }
}

fn another_fault_than_the_claimed_one_does_not_show_it() {
    let claim = |lines: &str| {
        let front = format!("lock = \"stat-then-write\"\n[[claim]]\nerrors = true\n{lines}");
        Place::with(&[("named", &front)]).gate("").code
    };
    // What errors show of it is a leak: that is no winner too many, and no other property.
    assert_eq!(claim("expect = \"violates no-leak\""), Some(0));
    assert_eq!(claim("expect = \"keeps no-leak\""), Some(1));
    assert_eq!(claim("expect = \"several-winners\""), Some(1));
    assert_eq!(claim("expect = \"violates place\""), Some(1));
    assert_eq!(claim("expect = \"keeps place\""), Some(0));
}

fn a_property_that_nothing_can_violate_is_not_kept() {
    let place = Place::with(&[("idle", &SOUND.replace("exactly-one-winner", "keeps no-duplicates"))]);
    place.gate("").exits(
        3,
        &[
            "inconclusive (not a pass): idle",
            "no execution can violate the judged property",
        ],
    );
}

fn nothing_checked_is_3() {
    let place = Place::with(&[]);
    place
        .gate("")
        .exits(3, &["inconclusive (not a pass): nothing was checked"]);
    place.write("specs/README.md", "# No spec\n");
    place.gate("specs").exits(3, &["nothing was checked"]);
    let place = Place::with(&[("sound", SOUND)]);
    place.gate("--partition 2/2").exits(3, &["nothing was checked"]);
    place.gate("--partition 1/2").exits(0, &["1 claim of 1 spec"]);
}

fn a_search_that_its_budget_cuts_is_inconclusive_unless_it_found_what_is_claimed() {
    let cut = "\nprocesses = 4\nbudget = { executions = 2 }";
    let place = Place::with(&[("sound", &format!("{SOUND}{cut}"))]);
    place
        .gate("")
        .exits(3, &["inconclusive (not a pass): sound", "cut at 2 executions"]);
    let place = Place::with(&[("broken", &format!("{BROKEN}{cut}"))]);
    place.gate("").exits(0, &["as claimed"]);
}

fn what_is_not_reached_in_time_is_inconclusive_and_named() {
    let place = Place::with(&[("sound", SOUND), ("broken", BROKEN)]);
    let ran = place.gate("--time 0.000001");
    ran.exits(
        3,
        &[
            "inconclusive (not a pass): broken, sound",
            "the time ran out before this run started",
        ],
    );
}

fn one_failure_counts_more_than_what_is_not_decided() {
    let place = Place::with(&[
        ("cut", &format!("{SOUND}\nprocesses = 4\nbudget = {{ executions = 2 }}")),
        ("wrong", &SOUND.replace("exactly-one-winner", "several-winners")),
    ]);
    place
        .gate("")
        .exits(1, &["not as claimed: wrong\n", "specs/cut.md:5: inconclusive"]);
}

fn a_wrong_use_is_2_in_one_line() {
    let place = Place::with(&[("sound", SOUND)]);
    place.write("specs/typing.txt", "no spec");
    place.gate("nowhere").refuses("\"nowhere\"");
    place.gate("--partition 3/2").refuses("give M/N");
    place.gate("--time never").refuses("number of seconds");
    place.gate("--update-baseline").refuses("--baseline");
    place
        .gate("--baseline none.toml")
        .refuses("record one with --update-baseline");
    place
        .gate("--junit no/such/place.xml")
        .refuses("name a file in an existing directory");
    place.write(
        "specs/wrong.md",
        "+++\nschema = 1\nlock = \"create-new\"\nproperty = 1\n+++\n",
    );
    place.gate("").refuses("specs/wrong.md:4: unknown field `property`");
    place.gate("specs/sound.md").exits(0, &["as claimed"]);
    place.write("specs/wrong.md", "# A spec that lost its front matter\n");
    place.gate("").refuses("specs/wrong.md:1: the file has no front matter");
    place.write(
        "specs/wrong.md",
        "+++\nschema = 1\ndriver = \"no-such-program {lock}\"\n[[claim]]\nexpect = \"keeps place\"\n+++\n",
    );
    place
        .gate("")
        .refuses("specs/wrong.md:3: failed to start `no-such-program {lock}`");
    place.write("sound.md", &place.read("specs/sound.md"));
    place.gate("sound.md specs/sound.md").refuses("may not share a name");
}

fn a_spec_that_is_named_twice_is_checked_once() {
    let place = Place::with(&[("sound", SOUND)]);
    place
        .gate("specs specs/sound.md ./specs")
        .exits(0, &["1 claim of 1 spec, by 1 piece of evidence"]);
}

fn an_interrupt_is_130_and_prints_what_is_done() {
    // First a claim that is checked immediately, then one that takes hours.
    let long = format!("{SOUND}\nevidence = [\"race\"]\nbudget = {{ rounds = 100000000 }}");
    let place = Place::with(&[("a-sound", SOUND), ("z-long", &long)]);
    let mut command = place.command("--json");
    command.stdout(Stdio::piped()).stderr(Stdio::piped());
    let mut child = command.spawn().expect("the gate can be run");
    let workers = format!("/proc/{0}/task/{0}/children", child.id());
    let begun = Instant::now();
    // The race has begun when its workers are there.
    while fs::read_to_string(&workers).is_ok_and(|children| children.is_empty()) {
        assert!(begun.elapsed() < LIMIT, "no race began");
        std::thread::sleep(Duration::from_millis(5));
    }
    assert_eq!(child.try_wait().expect("it is ours"), None);
    let pid = i32::try_from(child.id()).expect("a process id");
    kill(Pid::from_raw(pid), Signal::SIGINT).expect("it runs");
    let output = child.wait_with_output().expect("it ends");
    assert_eq!(output.status.code(), Some(130));
    let document: serde_json::Value = serde_json::from_slice(&output.stdout).expect("one document");
    assert_eq!(document["exit"], 130);
    assert_eq!(document["results"][0]["spec"], "a-sound");
    assert_eq!(document["results"][0]["exit"], 0);
    assert_eq!(document["results"][1]["verdict"], "inconclusive");
}

fn a_program_is_started_in_the_folder_of_its_spec() {
    let place = Place::with(&[("traced", &format!("{SOUND}\nevidence = [\"traced\"]"))]);
    let ran = place.gate("");
    if ran.code == Some(3) {
        ignore(Capability::Ptrace, &ran.stdout);
    }
    let driver = "driver = \"sh lock.sh {lock}\"\n[[claim]]\nprocesses = 2\nexpect = ";
    let place = Place::with(&[
        ("right", &format!("{driver}\"several-winners\"")),
        ("wrong", &format!("{driver}\"exactly-one-winner\"")),
    ]);
    let script =
        "test -e \"$1\" && { echo busy; exit; }\n: > \"$1\"\necho acquired\nread x\nrm -f \"$1\"\necho released\n";
    place.write("specs/lock.sh", script);
    place
        .gate("specs/right.md")
        .exits(0, &["as claimed: 1 claim of 1 spec"]);
    place.gate("").exits(1, &["not as claimed: wrong\n"]);
    let mut elsewhere = place.command("../specs/right.md");
    elsewhere.current_dir(place.path().join("specs"));
    run(elsewhere).exits(0, &["as claimed"]);
}

fn a_property_that_a_program_does_not_claim_decides_if_its_spec_claims_it() {
    let driver = "driver = \"sh lock.sh {lock}\"\n[[claim]]\nprocesses = 2\nexpect = ";
    let place = Place::with(&[
        ("one-winner", &format!("{driver}\"exactly-one-winner\"")),
        ("own", &format!("{driver}\"keeps only-own\"")),
        ("place", &format!("{driver}\"keeps place\"")),
    ]);
    // Each contender adds a line to the file, and a directory beside it is the lock.
    let script = "echo x >> \"$1\"\nmkdir \"$1.d\" 2>/dev/null || { echo busy; exit; }\necho acquired\nread x\n\
                  rmdir \"$1.d\"\necho released\n";
    place.write("specs/lock.sh", script);
    let ran = place.gate("specs/one-winner.md --json");
    if ran.code == Some(3) {
        ignore(Capability::Ptrace, &ran.stdout);
    }
    let warning = "\"property\": \"only-own\"";
    ran.exits(0, &["\"warnings\": [", warning, "\"consequence\": \""]);
    place.gate("specs/own.md").exits(1, &["violated: only-own: "]);
    place.gate("specs/place.md").exits(0, &["as claimed"]);
}

fn quick_takes_the_cheapest_evidence_and_says_what_it_left_out() {
    let place = Place::with(&[("sound", &format!("{SOUND}\nevidence = [\"race\", \"loom\", \"sim\"]"))]);
    let ran = place.gate("--quick");
    ran.exits(
        0,
        &[
            "by 1 piece of evidence",
            "skipped by --quick: 3 pieces of evidence",
            "sim",
        ],
    );
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        all_as_claimed_is_0,
        a_claim_that_fails_is_1_with_the_spec_its_line_and_the_interleaving,
        a_lock_that_is_claimed_broken_and_not_caught_is_1,
        another_fault_than_the_claimed_one_does_not_show_it,
        a_property_that_nothing_can_violate_is_not_kept,
        nothing_checked_is_3,
        a_search_that_its_budget_cuts_is_inconclusive_unless_it_found_what_is_claimed,
        what_is_not_reached_in_time_is_inconclusive_and_named,
        one_failure_counts_more_than_what_is_not_decided,
        a_wrong_use_is_2_in_one_line,
        a_spec_that_is_named_twice_is_checked_once,
        an_interrupt_is_130_and_prints_what_is_done,
        a_program_is_started_in_the_folder_of_its_spec,
        a_property_that_a_program_does_not_claim_decides_if_its_spec_claims_it,
        quick_takes_the_cheapest_evidence_and_says_what_it_left_out,
    ]
}
