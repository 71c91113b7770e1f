//! The front matter: what may stand in it, and that what may not is named with its file and line.

use std::path::Path;

use crate::harness::{Test, tests};
use onewinner_command::claim::{Evidence, Partition, Spec};
use onewinner_core::scenario::{FaultSweep, Scenario, Start, Subject, Work};

const PATH: &str = "specs/mine.md";

fn parse(front: &str) -> Result<Spec, String> {
    let text = format!("+++\n{front}+++\n\n# Mine\n");
    Spec::parse(Path::new(PATH), &text).map_err(|error| error.to_string())
}

/// With these lines in the one claim of a lock.
fn claim(lines: &str) -> Result<Spec, String> {
    parse(&format!(
        "schema = 1\nlock = \"create-new\"\n\n[[claim]]\nexpect = \"exactly-one-winner\"\n{lines}\n"
    ))
}

fn what_is_not_said_is_the_usual() {
    let spec = claim("").unwrap();
    assert_eq!((spec.name.as_str(), spec.line), ("mine", 3));
    let [only] = &spec.claims[..] else { panic!("one claim") };
    assert_eq!(only.line, 6);
    assert_eq!(
        (&only.scenario, only.fault_sweep),
        (&Scenario::contend(3), FaultSweep::Nothing)
    );
    assert_eq!(only.evidence, [Evidence::Sim]);
    let program =
        parse("schema = 1\nwrap = \"flock -n {lock} {hold}\"\n[[claim]]\nexpect = \"keeps place\"\n").unwrap();
    assert!(matches!(program.subject, Subject::Program(_)));
    assert_eq!(program.claims[0].evidence, [Evidence::Traced]);
}

fn each_key_becomes_a_part_of_the_scenario() {
    let all = "scenario = \"cycle\"\nprocesses = 4\nrounds = 2\nstale = true\nkills = 2\nexpiry = true\n\
               reused-numbers = true\nwork = \"reopen\"\nevidence = [\"sim\"]\nbudget = { executions = 10 }";
    let spec = claim(all).unwrap();
    let claim = &spec.claims[0];
    let expected = Scenario {
        start: Start::Stale { age_s: 3_600 },
        work: Work::Reopen,
        expiry: true,
        reuse_inodes: true,
        ..Scenario::cycle(4, 2)
    };
    assert_eq!((&claim.scenario, claim.fault_sweep), (&expected, FaultSweep::TwoKills));
    assert_eq!((claim.budget.executions, claim.budget.rounds), (Some(10), None));
}

fn an_error_in_one_attempt_is_followed_by_one_more() {
    let spec = claim("errors = true").unwrap();
    let claim = &spec.claims[0];
    assert_eq!(
        (&claim.scenario, claim.fault_sweep),
        (&Scenario::contend(2), FaultSweep::Error)
    );
}

fn a_file_with_other_line_ends_is_read_alike() {
    let text = "+++\r\nschema = 1\r\nlock = \"create-new\"\r\n[[claim]]\r\nexpect = \"keeps place\"\r\n+++\r\n";
    let spec = Spec::parse(Path::new(PATH), text).unwrap();
    assert_eq!(spec.claims[0].line, 5);
}

fn a_text_without_front_matter_is_refused() {
    for (text, message) in [
        ("", "specs/mine.md:1: the file has no front matter"),
        ("# Mine\n+++\n+++\n", "specs/mine.md:1: the file has no front matter"),
        ("+++\nschema = 1\n", "specs/mine.md:1: the front matter has no end"),
    ] {
        let error = Spec::parse(Path::new(PATH), text).unwrap_err().to_string();
        assert!(error.starts_with(message), "{error}");
    }
}

fn a_wrong_key_or_value_is_named_with_its_file_and_line() {
    for (front, line, message) in [
        ("lock = \"create-new\"\n", 2, "missing field `schema`"),
        (
            "schema = 2\nanything = 1\n",
            2,
            "schema 2 is not supported; this onewinner reads schema 1",
        ),
        (
            "schema = 1\n[[claim]]\nexpect = \"keeps place\"\n",
            2,
            "the spec names no lock",
        ),
        ("schema = 1\nlock = \"create-new\"\n", 3, "the spec has no claim"),
        ("schema = 1\nlock = \"create-now\"\n", 3, "unknown lock `create-now`"),
        (
            "schema = 1\nlock = \"create-new\"\nseed = 1\n",
            4,
            "unknown field `seed`",
        ),
        (
            "schema = 1\nwrap = \"a {lock} {hold}\"\nlock = \"create-new\"\n",
            4,
            "a second lock",
        ),
        ("schema = 1\nlock = create-new\n", 3, "expected"),
        (
            "schema = 1\nlock = \"create-new\"\nlock-at = \"/run/x\"\n",
            4,
            "only a driver can have a lock at a fixed path",
        ),
        (
            "schema = 1\ndriver = \"sh x\"\nlock-at = \"run/x\"\n",
            4,
            "`lock-at` must be the path of the lock's file",
        ),
        (
            "schema = 1\nlock = \"create-new\"\n[[claim]]\nprocesses = 3\n",
            4,
            "missing field `expect`",
        ),
    ] {
        let error = parse(front).unwrap_err();
        assert!(error.starts_with(&format!("{PATH}:{line}: ")), "{front}: {error}");
        assert!(error.contains(message) && !error.contains('\n'), "{front}: {error}");
    }
}

fn a_wrong_value_of_a_claim_is_named_with_its_line() {
    for (lines, line, message) in [
        ("proceses = 3", 7, "unknown field `proceses`"),
        ("processes = 1", 7, "from 2 to 64"),
        ("processes = -1", 7, "invalid"),
        ("\nscenario = \"race\"", 8, "unknown variant `race`"),
        ("rounds = 2", 7, "`scenario = \"cycle\"`"),
        ("scenario = \"cycle\"\nrounds = 0", 8, "from 1 to 1000"),
        ("scenario = \"cycle\"\nkills = 3", 8, "from 0 to 2"),
        ("kills = 1", 7, "kills need processes that release"),
        (
            "scenario = \"cycle\"\nkills = 1\nerrors = true",
            9,
            "cannot be combined",
        ),
        ("errors = true\nprocesses = 3", 8, "2 processes"),
        ("errors = true\nstale = true", 8, "a free lock"),
        ("stale = \"yes\"", 7, "invalid type"),
        ("expiry = true", 7, "needs a cycle"),
        ("work = \"hub-sync\"", 7, "ends with a release"),
        (
            "scenario = \"cycle\"\nkills = 1\nwork = \"hub-sync\"",
            9,
            "cannot be combined with faults",
        ),
        ("evidence = []", 7, "the list of evidence is empty"),
        ("evidence = [\"sim\", \"sim\"]", 7, "duplicate evidence"),
        ("evidence = [\"hearsay\"]", 7, "unknown variant `hearsay`"),
        ("processes = 6\nevidence = [\"loom\"]", 8, "at most 5 processes"),
        (
            "stale = true\nevidence = [\n  \"sim\",\n  \"race\"]",
            10,
            "a race runs plain contenders",
        ),
        ("stale = true\nevidence = [\"loom\"]", 8, "loom has no kills"),
        (
            "scenario = \"cycle\"\nwork = \"fork\"\nevidence = [\"traced\"]",
            9,
            "use `sim`",
        ),
        ("budget = { seconds = 3 }", 7, "unknown field `seconds`"),
        ("budget = { executions = 0 }", 7, "from 1 to"),
        ("budget = { rounds = 10 }", 7, "add `race`"),
        (
            "evidence = [\"race\"]\nbudget = { executions = 10 }",
            8,
            "give a race `rounds`",
        ),
        ("[[claim]]\nexpect = \"exactly-one-winner\"", 8, "is a duplicate"),
        (
            "[[claim]]\nexpect = \"one-winner\"",
            8,
            "unknown expectation `one-winner`",
        ),
        (
            "[[claim]]\nexpect = \"keeps calm\"",
            8,
            "unknown property `calm`; use one of ",
        ),
    ] {
        let error = claim(lines).unwrap_err();
        assert!(error.starts_with(&format!("{PATH}:{line}: ")), "{lines}: {error}");
        assert!(error.contains(message) && !error.contains('\n'), "{lines}: {error}");
    }
}

fn a_program_has_processes_alone() {
    let program = |lines: &str| {
        parse(&format!(
            "schema = 1\ndriver = \"sh x {{lock}}\"\n[[claim]]\nexpect = \"exactly-one-winner\"\n{lines}\n"
        ))
    };
    program("scenario = \"cycle\"\nkills = 1").unwrap();
    for (lines, message) in [
        ("evidence = [\"sim\"]", "use `traced`"),
        ("evidence = [\"traced\", \"race\"]", "use `traced`"),
        ("scenario = \"cycle\"\nwork = \"hub-sync\"", "its own work"),
        ("reused-numbers = true", "the kernel chooses the inode numbers"),
        (
            "scenario = \"cycle\"\nexpiry = true",
            "which file of a program is its lease",
        ),
    ] {
        let error = program(lines).unwrap_err();
        assert!(error.contains(message), "{lines}: {error}");
    }
}

fn a_driver_may_have_its_lock_at_a_fixed_path() {
    let spec =
        parse("schema = 1\ndriver = \"sh x\"\nlock-at = \"/run/x.pid\"\n[[claim]]\nexpect = \"exactly-one-winner\"\n");
    let Subject::Program(program) = spec.unwrap().subject else {
        panic!("a driver is a program");
    };
    assert_eq!(program.lock_at.as_deref(), Some(Path::new("/run/x.pid")));
}

fn each_spec_is_in_exactly_one_part() {
    let specs = || -> Vec<Spec> {
        (0..10)
            .map(|number| {
                let mut spec = claim("").unwrap();
                spec.name = number.to_string();
                spec
            })
            .collect()
    };
    for of in 1..=12 {
        let mut seen: Vec<String> = Vec::new();
        for part in 1..=of {
            let partition: Partition = format!("{part}/{of}").parse().unwrap();
            seen.extend(partition.select(specs()).into_iter().map(|spec| spec.name));
        }
        seen.sort();
        let all: Vec<String> = specs().into_iter().map(|spec| spec.name).collect();
        assert_eq!(seen, all, "{of} parts");
    }
    for wrong in ["", "1", "0/3", "4/3", "1/0", "a/b", "1/2/3", "-1/2", "1/1001"] {
        assert!(wrong.parse::<Partition>().is_err(), "{wrong}");
    }
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        what_is_not_said_is_the_usual,
        each_key_becomes_a_part_of_the_scenario,
        an_error_in_one_attempt_is_followed_by_one_more,
        a_file_with_other_line_ends_is_read_alike,
        a_text_without_front_matter_is_refused,
        a_wrong_key_or_value_is_named_with_its_file_and_line,
        a_wrong_value_of_a_claim_is_named_with_its_line,
        a_program_has_processes_alone,
        a_driver_may_have_its_lock_at_a_fixed_path,
        each_spec_is_in_exactly_one_part,
    ]
}
