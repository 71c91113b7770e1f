//! What a contender can observe, object by object: `book/src/explain/observation.md`.
//!
//! A lock that is wrong by one object alone is caught, which is only possible if both calls touch that object. A right lock beside
//! a call that changes nothing holds, and its search is complete.

use super::run::Program;
use super::{Missing, Said, cases, check, driver};
use crate::harness::Test;
use Said::{Holds, Inconclusive, NoAlarm, NoPass, Violated};

const TWICE: &str = "hold the lock at once";

fn sees(how: &str) -> Result<Program, Missing> {
    driver("sees.c", &format!("{how} {{lock}}"))
}

fn channel(way: &str) -> Result<Program, Missing> {
    driver("channels.c", &format!("{way} {{lock}}"))
}

fn harmless(what: &str) -> Result<Program, Missing> {
    driver("harmless.c", &format!("{what} {{lock}}"))
}

// Each object, as the only one through which a holder is seen. In memory, inode numbers are not reused: the order of two creations
// would be another object that both change.
cases! {
    objects;
    permissions_by_access: sees("access"), "--dir /dev/shm -n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    an_extended_attribute: sees("attribute"), "--dir /dev/shm -n 2 --scenario contend --preemptions 1" => NoPass;
    the_link_count_of_a_directory: sees("folders"), "--dir /dev/shm -n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    the_times_of_a_file: sees("times"), "--dir /dev/shm -n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    the_times_of_an_empty_file_that_is_truncated: sees("emptied"), "--dir /dev/shm -n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    the_new_name_of_a_link: sees("linked"), "--dir /dev/shm -n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    the_first_name_of_a_file_without_one: sees("unnamed"), "--dir /dev/shm -n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    the_link_count_through_a_descriptor: sees("counted"), "--dir /dev/shm -n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    a_lock_on_a_device: sees("device"), "--dir /dev/shm -n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    a_lock_on_a_directory: sees("folder"), "--dir /dev/shm -n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    a_lock_on_a_named_pipe: sees("pipe"), "--dir /dev/shm -n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    a_byte_in_a_named_pipe: sees("bytes"), "--dir /dev/shm -n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    a_name_behind_a_task_in_proc: sees("task"), "--dir /dev/shm -n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    a_name_behind_a_detour: sees("detour"), "--dir /dev/shm -n 2 --scenario contend --preemptions 1" => Violated(TWICE);
    the_name_of_an_open_file: channel("descriptor-link"), "-n 2 --scenario contend --preemptions 2" => Violated(TWICE);
    the_name_of_the_working_directory: channel("directory-link"), "-n 2 --scenario contend --preemptions 2" => Violated(TWICE);
    a_port: sees("port"), "--dir /dev/shm -n 2 --scenario contend --preemptions 1" => Violated(TWICE);
}

// What is not modelled: the verdict names it.
cases! {
    out_of_control;
    a_lock_on_an_event_counter: channel("anonymous"), "-n 2 --scenario contend --preemptions 1" => Inconclusive("without a file");
    a_lock_on_a_namespace: channel("namespace"), "-n 2 --scenario contend --preemptions 1" => Inconclusive("without a file");
    a_lock_on_a_process: channel("pidfd"), "-n 2 --scenario contend --preemptions 1" => Inconclusive("without a file");
    a_child_of_another: channel("child"), "-n 2 --scenario contend --preemptions 1" => Inconclusive("a child or a thread");
    a_thread_of_another: channel("thread"), "-n 2 --scenario contend --preemptions 1" => Inconclusive("a child or a thread");
    the_end_of_another_by_poll: channel("pidfd-poll"), "-n 3 --scenario cycle --preemptions 1" => Inconclusive("the end of another");
    the_children_of_the_parent_of_all: channel("children"), "-n 3 --scenario cycle --preemptions 1" => Inconclusive("no contender");
    the_process_group_of_another: channel("group"), "-n 2 --scenario contend --preemptions 1" => Inconclusive("process group");
    how_many_inotify_instances_are_left: channel("instances"), "-n 2 --scenario contend --preemptions 1" => Inconclusive("inotify");
    how_many_signals_are_left: channel("signals"), "-n 2 --scenario contend --preemptions 1" => Inconclusive("limits");
    how_many_processes_are_left: channel("processes"), "-n 2 --scenario contend --preemptions 1" => Inconclusive("limits");
    a_property_of_an_interface: channel("interface"), "-n 2 --scenario contend --preemptions 1" => Inconclusive("interface");
    which_ports_are_left: channel("ports"), "-n 2 --scenario contend --preemptions 1" => Inconclusive("ports");
    how_much_was_sent: channel("packets"), "-n 2 --scenario contend --preemptions 1" => Inconclusive("/proc/net/dev");
    a_request_by_netlink: channel("netlink"), "-n 2 --scenario contend --preemptions 1" => Inconclusive("netlink");
    the_name_of_a_terminal: channel("terminal"), "-n 2 --scenario contend --preemptions 1" => Inconclusive("terminal");
    a_lock_in_a_message: channel("in-flight"), "-n 2 --scenario contend --preemptions 1" => Inconclusive("a descriptor in a message");
    a_lock_in_a_message_that_is_dropped: channel("landed"), "-n 2 --scenario contend --preemptions 1" => NoPass;
    a_call_of_32_bits: channel("narrow"), "-n 2 --scenario contend --preemptions 1" => NoAlarm;
    a_lock_on_an_event_counter_alone: channel("anonymous-once"), "-n 2 --scenario contend --preemptions 1" => NoAlarm;
    a_lock_on_an_event_counter_that_waits: channel("anonymous-wait"), "-n 2 --scenario contend --preemptions 1" => NoAlarm;
}

// What changes nothing, beside a right lock.
cases! {
    no_changes;
    the_times_are_set: harmless("touch"), "-n 2 --scenario contend --preemptions 1" => Holds;
    an_empty_file_is_truncated: harmless("empty"), "-n 2 --scenario contend --preemptions 1" => Holds;
    the_mode_is_set_to_what_it_is: harmless("mode"), "-n 2 --scenario contend --preemptions 1" => Holds;
    the_owner_is_set_to_what_it_is: harmless("owner"), "-n 2 --scenario contend --preemptions 1" => Holds;
    a_line_is_added_to_a_log: harmless("log"), "-n 2 --scenario contend --preemptions 1" => Holds;
    the_lock_is_released_twice: harmless("twice"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    a_child_closes_its_copy: harmless("copy"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    a_duplicate_is_closed: harmless("duplicate"), "-n 2 --scenario cycle --preemptions 1" => Holds;
    a_file_without_a_name: harmless("unnamed"), "-n 2 --scenario contend --preemptions 1" => Holds;
    a_port_that_the_kernel_chooses: harmless("port"), "-n 2 --scenario contend --preemptions 1" => Holds;
    a_pair_of_sockets: harmless("pair"), "-n 2 --scenario contend --preemptions 1" => Holds;
    a_child_that_a_tracer_would_not_see: harmless("untraced"), "-n 2 --scenario contend --preemptions 1" => Holds;
    the_disk_is_awaited: harmless("disk"), "-n 2 --scenario contend --preemptions 1" => Holds;
    a_process_that_hides: harmless("hidden"), "-n 2 --scenario contend --preemptions 1" => Holds;
    processes_of_its_own: harmless("processes"), "-n 2 --scenario contend --preemptions 1" => Holds;
    interfaces_that_stay_as_they_are: harmless("interfaces"), "-n 2 --scenario contend --preemptions 1" => Holds;
    the_names_of_its_own_files: harmless("links"), "-n 2 --scenario contend --preemptions 1" => Holds;
    the_figures_of_the_machine: harmless("machine"), "-n 2 --scenario contend --preemptions 1" => Holds;
}

/// The tests of this file.
pub(crate) fn tests() -> Vec<Test> {
    let mut all = objects();
    all.extend(out_of_control());
    all.extend(no_changes());
    all
}
