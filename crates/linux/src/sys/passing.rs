//! The calls that pass without a stop, each with the reason why that is sound.
//!
//! A reason says why the call shows nothing of another contender *and* why no other contender can notice it. Reviewed one by
//! one: a call whose reason depends on an argument is in `filter.rs` with its condition, and a call without a reason stops.

/// The kind of a reason.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Kind {
    /// It concerns memory that only this process can reach: files are mapped by a call that stops.
    OwnMemory,
    /// It concerns signals to this process, which only its own tasks send: a signal to another contender stops.
    OwnSignals,
    /// It concerns threads and children of this contender.
    OwnTasks,
    /// It returns what only this process itself can change, by a call that stops.
    OwnIdentity,
    /// It concerns descriptors of this contender, and nothing behind them that others can reach.
    OwnDescriptors,
    /// It returns the same in every execution.
    Constant,
    /// It makes the disk or a cache catch up, which no call shows.
    Disk,
    /// It returns a figure of the whole machine, which varies for reasons outside of all contenders.
    Figure,
}

/// A call that passes.
#[derive(Clone, Copy, Debug)]
pub struct Passing {
    /// Its number.
    pub number: libc::c_long,
    /// The kind of the reason.
    pub kind: Kind,
    /// The reason.
    pub why: &'static str,
}

const fn call(number: libc::c_long, kind: Kind, why: &'static str) -> Passing {
    Passing { number, kind, why }
}

use Kind::{Constant, Disk, Figure, OwnDescriptors, OwnIdentity, OwnMemory, OwnSignals, OwnTasks};

/// The calls, on every architecture.
#[rustfmt::skip] // One line for each call.
const PASSING: &[Passing] = &[
    call(libc::SYS_brk, OwnMemory, "moves the end of its heap"),
    call(libc::SYS_munmap, OwnMemory, "removes mappings of its own"),
    call(libc::SYS_mprotect, OwnMemory, "a shared mapping of a file that it may write counts as written when it is made"),
    call(libc::SYS_mremap, OwnMemory, "moves or grows mappings of its own"),
    call(libc::SYS_madvise, OwnMemory, "advice on its mappings; those of watched files are refused when they are made"),
    call(libc::SYS_mincore, Figure, "which pages are in the cache depends on the whole machine"),
    call(libc::SYS_msync, Disk, "writes back mappings; those of watched files are refused when they are made"),
    call(libc::SYS_mlock, OwnMemory, "keeps its pages in memory; the limit is one of the process"),
    call(libc::SYS_mlock2, OwnMemory, "keeps its pages in memory; the limit is one of the process"),
    call(libc::SYS_munlock, OwnMemory, "undoes mlock"),
    call(libc::SYS_mlockall, OwnMemory, "keeps its pages in memory; the limit is one of the process"),
    call(libc::SYS_munlockall, OwnMemory, "undoes mlockall"),
    call(libc::SYS_membarrier, OwnMemory, "orders accesses of its threads; on others it has no effect that they can see"),
    call(libc::SYS_rseq, OwnMemory, "registers memory of one thread"),
    call(libc::SYS_pkey_alloc, OwnMemory, "protection keys belong to the process"),
    call(libc::SYS_pkey_free, OwnMemory, "protection keys belong to the process"),
    call(libc::SYS_pkey_mprotect, OwnMemory, "as mprotect"),
    call(libc::SYS_mbind, OwnMemory, "the node of its pages"),
    call(libc::SYS_get_mempolicy, OwnMemory, "its own policy"),
    call(libc::SYS_set_mempolicy, OwnMemory, "its own policy"),
    call(libc::SYS_rt_sigaction, OwnSignals, "its own handlers"),
    call(libc::SYS_rt_sigprocmask, OwnSignals, "the mask of one thread"),
    call(libc::SYS_rt_sigreturn, OwnSignals, "ends its own handler"),
    call(libc::SYS_rt_sigpending, OwnSignals, "signals that its own tasks have sent"),
    call(libc::SYS_rt_sigsuspend, OwnSignals, "waits for a signal; the tracer finds it asleep"),
    call(libc::SYS_sigaltstack, OwnSignals, "the stack of its handlers"),
    call(libc::SYS_restart_syscall, OwnSignals, "goes on with a call that was decided when it began"),
    call(libc::SYS_signalfd4, OwnSignals, "a descriptor for signals to this process"),
    call(libc::SYS_timerfd_create, OwnSignals, "a timer that is not armed"),
    call(libc::SYS_set_robust_list, OwnTasks, "what the kernel wakes when this thread ends, in its own memory"),
    call(libc::SYS_set_tid_address, OwnTasks, "a word of its own memory"),
    call(libc::SYS_sched_yield, OwnTasks, "one contender runs at a time; the order of its tasks is fixed"),
    call(libc::SYS_sched_get_priority_max, Constant, "a constant of the kernel"),
    call(libc::SYS_sched_get_priority_min, Constant, "a constant of the kernel"),
    call(libc::SYS_getpid, OwnIdentity, "its own number"),
    call(libc::SYS_gettid, OwnIdentity, "its own number"),
    call(libc::SYS_getppid, OwnIdentity, "its parent is in the same contender, or the process that starts all of them"),
    call(libc::SYS_getuid, OwnIdentity, "its own user"),
    call(libc::SYS_geteuid, OwnIdentity, "its own user"),
    call(libc::SYS_getgid, OwnIdentity, "its own group"),
    call(libc::SYS_getegid, OwnIdentity, "its own group"),
    call(libc::SYS_getresuid, OwnIdentity, "its own users"),
    call(libc::SYS_getresgid, OwnIdentity, "its own groups"),
    call(libc::SYS_getgroups, OwnIdentity, "its own groups"),
    call(libc::SYS_umask, OwnIdentity, "the mask of its own files; no call returns that of another process"),
    call(libc::SYS_personality, OwnIdentity, "how its own programs run"),
    call(libc::SYS_getrlimit, OwnIdentity, "its own limits"),
    call(libc::SYS_getcpu, Constant, "all contenders are pinned to one CPU"),
    call(libc::SYS_uname, Constant, "the names of the machine; the calls that set them stop"),
    call(libc::SYS_epoll_create1, OwnDescriptors, "an empty set"),
    call(libc::SYS_eventfd2, OwnDescriptors, "a counter without a name"),
    call(libc::SYS_dup, OwnDescriptors, "a copy; the last one that is closed frees locks, and close stops"),
    call(libc::SYS_fchdir, OwnDescriptors, "a directory that it has open; names in it are resolved by calls that stop"),
    call(libc::SYS_fadvise64, Disk, "advice on the cache"),
    call(libc::SYS_readahead, Disk, "fills the cache"),
    call(libc::SYS_sync, Disk, "writes back what is in the cache"),
    call(libc::SYS_syncfs, Disk, "writes back what is in the cache"),
    call(libc::SYS_sync_file_range, Disk, "writes back what is in the cache"),
    call(libc::SYS_inotify_rm_watch, OwnDescriptors, "removes from a set of its own"),
];

/// Calls that only x86-64 has.
#[cfg(target_arch = "x86_64")]
#[rustfmt::skip] // One line for each call.
const OLDER: &[Passing] = &[
    call(libc::SYS_arch_prctl, OwnMemory, "registers of one thread"),
    call(libc::SYS_getpgrp, OwnIdentity, "its own group"),
    call(libc::SYS_epoll_create, OwnDescriptors, "an empty set"),
    call(libc::SYS_eventfd, OwnDescriptors, "a counter without a name"),
    call(libc::SYS_signalfd, OwnSignals, "a descriptor for signals to this process"),
    call(libc::SYS_pause, OwnSignals, "waits for a signal; the tracer finds it asleep"),
];
#[cfg(not(target_arch = "x86_64"))]
const OLDER: &[Passing] = &[];

/// All calls that always pass.
pub fn all() -> impl Iterator<Item = &'static Passing> {
    PASSING.iter().chain(OLDER)
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn each_call_that_passes_has_a_reason() {
        let mut kinds = BTreeSet::new();
        for Passing { number, kind, why } in all() {
            assert!(why.len() >= 8 && !why.ends_with('.'), "call {number}: {why:?}");
            kinds.insert(*kind);
        }
        let all = [
            OwnMemory,
            OwnSignals,
            OwnTasks,
            OwnIdentity,
            OwnDescriptors,
            Constant,
            Disk,
            Figure,
        ];
        assert_eq!(kinds, BTreeSet::from(all));
    }

    /// Calls that once passed, although they show or change something that others can reach.
    #[test]
    fn calls_that_were_reviewed_and_refused_stop() {
        let passing: BTreeSet<libc::c_long> = all().map(|call| call.number).collect();
        for number in [
            libc::SYS_sysinfo,
            libc::SYS_getcwd,
            libc::SYS_prctl,
            libc::SYS_capget,
            libc::SYS_setsid,
            libc::SYS_setpgid,
            libc::SYS_setuid,
            libc::SYS_setrlimit,
            libc::SYS_getpriority,
            libc::SYS_listen,
            libc::SYS_accept4,
            libc::SYS_recvfrom,
            libc::SYS_recvmsg,
            libc::SYS_sendto,
            libc::SYS_shutdown,
            libc::SYS_setsockopt,
            libc::SYS_getsockname,
            libc::SYS_epoll_ctl,
            libc::SYS_semget,
            libc::SYS_shmat,
            libc::SYS_mq_open,
            libc::SYS_close,
            libc::SYS_statfs,
            libc::SYS_fstatfs,
            libc::SYS_getrusage,
            libc::SYS_wait4,
            libc::SYS_waitid,
            libc::SYS_memfd_create,
            libc::SYS_pipe2,
            libc::SYS_socketpair,
            libc::SYS_inotify_init1,
            libc::SYS_socket,
        ] {
            assert!(!passing.contains(&number), "call {number} passes");
        }
    }
}
