//! Locks and files outside the directory of the lock, where programs want them: `/tmp`, `/var/tmp`, `/run`, the home directory.
//!
//! What contenders share there is explored as the lock is. What they write there does not reach the machine.

use std::fs;

use super::run::Program;
use super::{Missing, Said, cases, check, driver};
use crate::harness::{Test, tests};
use Said::{Holds, Inconclusive, NoPass, Violated};

const TWICE: &str = "hold the lock at once";

fn own_place(how: &str, lock: &str) -> Result<Program, Missing> {
    driver("own-place.sh", &format!("{how} {lock}"))
}

// Nothing else uses these names.
cases! {
    fixed_places;
    create_new_in_tmp: own_place("create-new", "/tmp/onewinner-test/lock"), "--lock-at /tmp/onewinner-test/lock -n 2 --scenario contend --preemptions 1" => Holds;
    create_new_in_var_tmp_in_cycles: own_place("create-new", "/var/tmp/onewinner-test"), "--lock-at /var/tmp/onewinner-test -n 2 --scenario cycle --preemptions 1" => Holds;
    flock_in_dev_shm: own_place("flock", "/dev/shm/onewinner-test"), "--lock-at /dev/shm/onewinner-test -n 2 --scenario cycle --preemptions 1" => Holds;
    a_link_in_tmp: own_place("link", "/tmp/onewinner-test"), "--lock-at /tmp/onewinner-test -n 2 --scenario contend --preemptions 1" => Holds;
    a_look_in_tmp: own_place("look", "/tmp/onewinner-test/lock"), "--lock-at /tmp/onewinner-test/lock -n 2 --scenario contend" => Violated(TWICE);
    a_look_in_var_tmp: own_place("look", "/var/tmp/onewinner-test"), "--lock-at /var/tmp/onewinner-test -n 2 --scenario contend" => Violated(TWICE);
    // A normal user may not write there.
    a_look_in_run: own_place("look", "/run/onewinner-test"), "--lock-at /run/onewinner-test -n 2 --scenario contend" => NoPass;
    a_rename_in_tmp: own_place("rename", "/tmp/onewinner-test"), "--lock-at /tmp/onewinner-test -n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    a_stale_lock_in_tmp: own_place("create-new", "/tmp/onewinner-test"), "--lock-at /tmp/onewinner-test --stale 1h -n 2 --preemptions 1" => Inconclusive("took over the stale lock");
    a_directory_without_a_layer: own_place("look", "/onewinner-test"), "--lock-at /onewinner-test -n 2 --scenario contend" => Inconclusive("private");
    a_lock_at_another_path: own_place("busy", "/tmp/onewinner-test"), "--lock-at /tmp/onewinner-other -n 2 --scenario contend" => Inconclusive("none makes a call that names");
    a_right_lock_that_is_not_named: driver("elsewhere.c", "create-new {lock}"), "-n 2 --scenario contend --preemptions 1" => Holds;
    a_wrong_lock_that_is_not_named: driver("elsewhere.c", "stat-then-write {lock}"), "-n 2 --scenario contend" => Violated(TWICE);
    a_file_that_was_made_before_the_attempt: driver("early-file.c", "{lock}"), "-n 2 --scenario contend --preemptions 1" => Holds;
    two_names_of_one_lock: driver("two-names.sh", "{lock}"), "-n 2 --scenario contend --preemptions 1" => Violated(TWICE);
}

fn a_lock_in_the_home_directory_is_explored() {
    let home = std::env::var("HOME").unwrap_or_else(|_| "/tmp".to_owned());
    let lock = format!("{home}/.cache/onewinner-test/lock");
    let arguments = |more| format!("--lock-at {lock} -n 2 --scenario contend {more}");
    check(own_place("flock", &lock), &arguments("--preemptions 1"), Holds);
    check(own_place("look", &lock), &arguments(""), Violated(TWICE));
    assert!(!fs::exists(&lock).unwrap());
}

fn the_lock_of_the_machine_is_neither_seen_nor_changed() {
    let place = tempfile::tempdir().unwrap();
    let lock = place.path().join("lock");
    fs::write(&lock, "held").unwrap();
    let lock = lock.to_str().unwrap();
    let arguments = format!("--lock-at {lock} -n 2 --scenario cycle --preemptions 1");
    check(own_place("create-new", lock), &arguments, Holds);
    assert_eq!(fs::read_to_string(lock).unwrap(), "held");
}

fn a_file_of_the_machine_is_the_same_in_each_execution() {
    let place = tempfile::tempdir().unwrap();
    let log = place.path().join("log");
    fs::write(&log, "begun\n").unwrap();
    let program = driver("log-elsewhere.sh", &format!("{} {{lock}}", log.display()));
    check(program, "-n 2 --scenario contend --preemptions 1", Holds);
    assert_eq!(fs::read_to_string(&log).unwrap(), "begun\n");
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    let mut all = fixed_places();
    all.extend(tests![
        a_lock_in_the_home_directory_is_explored,
        the_lock_of_the_machine_is_neither_seen_nor_changed,
        a_file_of_the_machine_is_the_same_in_each_execution,
    ]);
    all
}
