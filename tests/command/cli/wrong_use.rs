//! A wrong use: exit code 2, nothing on standard output, and one line on standard error that says what to do.

use super::command::{Ran, command, directory, left_in, onewinner, run};
use crate::harness::{Test, tests};

#[track_caller]
fn refused(ran: &Ran, advice: &str) {
    assert_eq!((ran.code, &*ran.stdout), (Some(2), ""), "{ran:?}");
    assert_eq!(ran.stderr.lines().count(), 1, "{}", ran.stderr);
    assert!(ran.stderr.starts_with("error: "), "{}", ran.stderr);
    assert!(ran.stderr.contains(advice), "{advice:?} is missing: {}", ran.stderr);
}

fn each_wrong_argument_gets_advice() {
    for (arguments, advice) in [
        (
            "model nolock",
            "there is no lock of this name; `onewinner list` prints the names",
        ),
        ("race", "not provided: <LOCK>"),
        ("replay", "not provided: <FILE>"),
        ("modle create-new", "a similar subcommand exists: 'model'"),
        ("race create-new --aligned", "a similar argument exists: '--align'"),
        ("race create-new -n 0", "give a number from 2 to 64"),
        ("race create-new -n 1", "give a number from 2 to 64"),
        ("race create-new -n 1000", "give a number from 2 to 64"),
        ("race create-new -n -3", "give a number from 2 to 64"),
        (
            "explore create-new --backend sim --dir .",
            "give --dir with `--backend traced`",
        ),
        (
            "explore create-new --kills 1 --scenario contend",
            "give --kills with `--scenario cycle`",
        ),
        ("explore create-new -n 1000", "give a number from 2 to 64"),
        ("model create-new -n 1", "give a number from 2 to 64"),
        (
            "model create-new -n 6",
            "loom runs at most 5 contenders, not 6; use `onewinner explore` or `onewinner race`",
        ),
        ("race create-new --rounds 0", "give a number from 1 to 100000000"),
        ("explore create-new --rounds 0", "give a number from 1 to 1000"),
        ("explore create-new --rounds -1", "give a number from 1 to 1000"),
        (
            "explore create-new --scenario contend --rounds 3",
            "with `--scenario cycle`",
        ),
        ("race create-new --time -1", "a number of seconds above 0"),
        ("race create-new --time 0", "a number of seconds above 0"),
        ("race create-new --time soon", "a number of seconds above 0"),
        ("race create-new --time nan", "a number of seconds above 0"),
        ("race create-new --time inf", "a number of seconds above 0"),
        ("race create-new --worker-time 0", "a number of seconds above 0"),
        ("explore create-new --time -1", "a number of seconds above 0"),
        ("model create-new --time -0.5", "a number of seconds above 0"),
        ("model create-new --max-executions 0", "give a whole number above 0"),
        (
            "explore create-new --errors -n 3",
            "give --errors with `--scenario cycle`",
        ),
        ("explore create-new --errors --kills 1", "cannot be used with"),
        ("explore create-new --kills 3", "give a number from 0 to 2"),
        ("explore create-new --stale soon", "give an age as 90s, 10m, 1h or 2d"),
        ("explore create-new --stale 1h --kills 1", "cannot be used with"),
        (
            "explore create-new --quick -n 3",
            "'--quick' cannot be used with '--processes",
        ),
        ("explore create-new --quick --deep", "cannot be used with"),
        (
            "explore create-new --preemptions 1",
            "give --preemptions with `--search bounded`",
        ),
        ("explore", "not provided: <LOCK|--driver <COMMAND>|--wrap <COMMAND>>"),
        ("explore create-new --driver x", "cannot be used with"),
        ("explore create-new --jobs 0", "give a number from 1 to 256"),
        ("explore create-new --max-executions -1", "give a whole number above 0"),
        ("model create-new --preemptions -1", "give a whole number"),
        ("race create-new --seed x", "give a whole number"),
        ("explore create-new --seed -1", "give a whole number"),
        ("race create-new --align --delays always", "cannot be used with"),
        ("race create-new --fresh --threads", "cannot be used with"),
        (
            "explore create-new --expect both",
            "[possible values: exactly-one-winner, several-winners]",
        ),
        (
            "explore create-new --save absent/file",
            "there is no directory \"absent\"; create it",
        ),
        ("explore create-new --save .", "it is a directory; name a file"),
        ("replay absent", "give a file that `onewinner explore` saved"),
        ("replay .", "give a file that `onewinner explore` saved"),
        ("replay /dev/null", "give a file that `onewinner explore` saved"),
    ] {
        refused(&onewinner(arguments), advice);
        refused(&onewinner(&format!("{arguments} --json")), advice);
    }
}

fn a_program_that_cannot_start_is_refused_first() {
    let driver = |line: &'static str| ("--driver", line);
    let sound = driver("sh examples/driver.sh {lock}");
    for ((kind, line), more, advice) in [
        (driver("sh 'open {lock}"), "", "a quote is not closed"),
        (driver(" "), "", "its command line is empty; give a command"),
        (driver("no-such-program {lock}"), "", "install it, or give its path"),
        (driver("./no-such-program {lock}"), "", "there is no such file"),
        (
            driver("sh examples/driver.sh"),
            "",
            "put {lock} where the program takes the path",
        ),
        (driver("sh"), "--lock-at /", "give the path of the lock's file"),
        (
            ("--wrap", "flock -n {lock} {hold}"),
            "--lock-at /run/lock",
            "give --lock-at with --driver",
        ),
        (("--wrap", "flock -n {lock} true"), "", "it does not name {hold}"),
        (("--wrap", "flock -n {hold}"), "", "it does not name {lock}"),
        (
            sound,
            "--search dpor",
            "give `--search sleep-sets`, `bounded`, `random` or `pct`",
        ),
        (sound, "--search exhaustive", "give `--search sleep-sets`"),
        (sound, "--search random --preemptions 1", "give --preemptions with"),
        (sound, "--workload hub-sync", "leave --workload out"),
        (sound, "--backend sim", "use `onewinner explore --backend traced`"),
        (sound, "--backend sim --dir .", "give --dir with `--backend traced`"),
        (sound, "--wrap x", "cannot be used with"),
    ] {
        let directory = directory();
        let mut command = command(directory.path(), "explore");
        command.args([kind, line]).args(more.split_whitespace());
        refused(&run(command), advice);
        assert_eq!(left_in(directory.path()), [""; 0]);
    }
}

fn options_are_checked_without_a_command_too() {
    refused(&onewinner("--seed x"), "give a whole number");
    refused(&onewinner("--sede 1"), "'--seed'");
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    tests![
        each_wrong_argument_gets_advice,
        a_program_that_cannot_start_is_refused_first,
        options_are_checked_without_a_command_too,
    ]
}
