//! Sources of numbers that differ each time a program runs: random bytes.
//!
//! Each program here depends on such numbers alone, so its search is complete only if every execution gets the same ones.

use super::run::Program;
use super::{Missing, Said, cases, check, driver};
use crate::harness::Test;
use Said::{Holds, Inconclusive};

fn draws(how: &str) -> Result<Program, Missing> {
    driver("draws.c", &format!("{how} {{lock}}"))
}

cases! {
    of_random_bytes;
    threads_that_draw_at_the_same_time: draws("threads"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    a_child_that_draws_at_the_same_time: draws("children"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    a_name_that_the_kernel_makes_up: draws("uuid"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    a_dead_holder_drew_other_bytes: driver("own-token.c", "{lock}"), "--stale 1h -n 2 --preemptions 1" => Inconclusive("took over the stale lock");
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    of_random_bytes()
}
