//! Sources of numbers that differ each time a program runs: random bytes, the counter of the processor, CPU time, the times of inodes
//! and of processes, figures of the machine.
//!
//! Each program here depends on such numbers, so its search is complete only if every execution gets the same ones.

use super::run::Program;
use super::{Missing, Said, cases, check, driver};
use crate::harness::Test;
use Said::{Holds, Inconclusive, Violated};

fn draws(how: &str) -> Result<Program, Missing> {
    driver("draws.c", &format!("{how} {{lock}}"))
}

fn counter(how: &str) -> Result<Program, Missing> {
    driver("counter.c", &format!("{how} {{lock}}"))
}

/// A driver of the adversarial table.
fn hostile(source: &str, how: &str) -> Result<Program, Missing> {
    driver(&format!("../adversarial/{source}"), &format!("{how} {{lock}}"))
}

cases! {
    of_random_bytes;
    threads_that_draw_at_the_same_time: draws("threads"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    a_child_that_draws_at_the_same_time: draws("children"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    a_name_that_the_kernel_makes_up: draws("uuid"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    a_dead_holder_drew_other_bytes: driver("own-token.c", "{lock}"), "--stale 1h -n 2 --preemptions 1" => Inconclusive("took over the stale lock");
}

cases! {
    of_the_processor;
    a_counter_that_is_read_without_a_call: counter("reads"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    a_counter_that_a_child_reads: counter("children"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    a_counter_beside_faults_of_the_program: counter("faults"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    the_cpu_time_of_the_program: counter("cpu-time"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    the_start_time_of_a_process: hostile("start-time.c", ""), "-n 2 --scenario cycle --preemptions 1" => Holds;
    the_start_time_by_the_machine: hostile("start-time.py", ""), "-n 2 --scenario contend --preemptions 1" => Holds;
    a_limit_of_cpu_time: hostile("cpu-limit.c", "usage"), "-n 2 --scenario contend" => Violated("hold the lock at once");
    a_limit_by_the_time_of_memory: hostile("now-of.c", "memory"), "-n 2 --scenario contend" => Violated("hold the lock at once");
    a_limit_by_the_time_of_a_pipe: hostile("now-of.c", "pipe"), "-n 2 --scenario contend" => Violated("hold the lock at once");
    a_limit_by_the_time_of_what_is_looked_at: hostile("now-of.c", "proc"), "-n 2 --scenario contend" => Violated("hold the lock at once");
    a_time_that_stays: hostile("made-then.c", "pipe"), "-n 2 --scenario contend" => Holds;
    a_figure_that_shows_others: hostile("figure.c", "/proc/loadavg"), "-n 2 --scenario contend" => Inconclusive("/proc/loadavg");
    the_time_of_a_packet: hostile("packet-time.c", ""), "-n 2 --scenario contend" => Inconclusive("clock of the machine");
    a_lease_by_the_counter: driver("counter-lease.c", "{lock}"), "-n 2 --preemptions 1" => Violated("hold the lock at once");
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    let mut all = of_random_bytes();
    all.extend(of_the_processor());
    all
}
