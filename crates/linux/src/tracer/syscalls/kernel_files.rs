//! Which files of `/proc` and `/sys` show the same in each execution. Others show figures that change with time, or with what other
//! contenders do: reading them is out of control, unless `made_files.rs` makes their contents.
//!
//! Knows no task, and reads no file.

use std::path::Path;

/// Files with figures that the machine has when they are first read, and for the rest of the run.
const FROZEN: [&str; 9] = [
    "/proc/buddyinfo",
    "/proc/cgroups",
    "/proc/cpuinfo",
    "/proc/crypto",
    "/proc/meminfo",
    "/proc/modules",
    "/proc/partitions",
    "/proc/swaps",
    "/proc/zoneinfo",
];

/// The same for each control group, by the last name.
const FROZEN_OF_A_GROUP: [&str; 3] = ["memory.current", "memory.stat", "memory.usage_in_bytes"];

/// Files directly below `/proc` that never change, and folders: [proc(5)](https://man7.org/linux/man-pages/man5/proc.5.html).
/// `/proc/stat` and `/proc/uptime` are made.
const CONSTANT: [&str; 23] = [
    "cmdline",
    "config.gz",
    "consoles",
    "device-tree",
    "devices",
    "dma",
    "execdomains",
    "fb",
    "filesystems",
    "iomem",
    "ioports",
    "kallsyms",
    "misc",
    "mounts",
    "mtrr",
    "net",
    "self",
    "stat",
    "sys",
    "thread-self",
    "tty",
    "uptime",
    "version",
];

/// What is below `/proc/sys` is a setting, which no contender changes. These are not:
/// [proc_sys_fs(5)](https://man7.org/linux/man-pages/man5/proc_sys_fs.5.html),
/// [proc_sys_kernel(5)](https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html).
const NO_SETTINGS: [&str; 15] = [
    "fs/aio-nr",
    "fs/dentry-state",
    "fs/file-nr",
    "fs/inode-nr",
    "fs/inode-state",
    "fs/quota",
    "kernel/msg_next_id",
    "kernel/ns_last_pid",
    "kernel/perf_event_max_sample_rate",
    "kernel/pty/nr",
    "kernel/random/entropy_avail",
    "kernel/sem_next_id",
    "kernel/shm_next_id",
    "net/netfilter/nf_conntrack_count",
    "vm/stat_refresh",
];

/// Folders of `/sys` with what the machine is, not what it does: `Documentation/ABI/`.
const OF_THE_MACHINE: [&str; 8] = [
    "/sys/devices/system/cpu",
    "/sys/devices/system/node",
    "/sys/devices/system/memory",
    "/sys/devices/virtual/dmi",
    "/sys/firmware",
    "/sys/kernel/mm/transparent_hugepage",
    "/sys/kernel/security",
    "/sys/module",
];

/// Names in these folders that show what it does.
const DOES: [&str; 10] = [
    "cpufreq",
    "cpuidle",
    "khugepaged",
    "meminfo",
    "numastat",
    "refcnt",
    "stats",
    "thermal_throttle",
    "vmstat",
    "uevent",
];

/// Limits of a control group: `Documentation/admin-guide/cgroup-v2.rst` and `cgroup-v1/`.
const LIMITS: [&str; 26] = [
    "cgroup.controllers",
    "cgroup.max.depth",
    "cgroup.max.descendants",
    "cgroup.subtree_control",
    "cgroup.type",
    "cpu.cfs_period_us",
    "cpu.cfs_quota_us",
    "cpu.max",
    "cpu.max.burst",
    "cpu.shares",
    "cpu.weight",
    "cpuset.cpus",
    "cpuset.cpus.effective",
    "cpuset.effective_cpus",
    "cpuset.effective_mems",
    "cpuset.mems",
    "cpuset.mems.effective",
    "memory.high",
    "memory.limit_in_bytes",
    "memory.low",
    "memory.max",
    "memory.memsw.limit_in_bytes",
    "memory.soft_limit_in_bytes",
    "memory.swap.max",
    "memory.use_hierarchy",
    "pids.max",
];

/// Whether the figures of a file stay as they were when it was first read.
pub(super) fn is_frozen(path: &Path) -> bool {
    let of_a_group = || FROZEN_OF_A_GROUP.iter().any(|name| path.ends_with(name));
    FROZEN.iter().any(|frozen| path == Path::new(frozen)) || path.starts_with("/sys/fs/cgroup") && of_a_group()
}

/// Whether a file of `/proc` or `/sys`, which is not in the folder of a process, may be read; its path has no symbolic links.
pub(super) fn is_constant(path: &Path) -> bool {
    if is_frozen(path) {
        return true;
    }
    if let Ok(below) = path.strip_prefix("/proc") {
        if let Ok(setting) = below.strip_prefix("sys") {
            return !NO_SETTINGS.iter().any(|figure| setting.starts_with(figure));
        }
        let first = below.iter().next().and_then(|name| name.to_str());
        return first.is_none_or(|name| CONSTANT.contains(&name));
    }
    if path.starts_with("/sys/fs/cgroup") {
        return LIMITS.iter().any(|name| path.ends_with(name));
    }
    let does = || path.iter().any(|name| DOES.iter().any(|does| name == *does));
    !path.starts_with("/sys") || OF_THE_MACHINE.iter().any(|folder| path.starts_with(folder)) && !does()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn settings_are_constant_and_counters_are_not() {
        for path in [
            "/proc/version",
            "/proc/cpuinfo",
            "/proc/sys/kernel/pid_max",
            "/proc/sys/vm/overcommit_memory",
            "/sys/devices/system/cpu/online",
            "/sys/kernel/mm/transparent_hugepage/hpage_pmd_size",
            "/sys/fs/cgroup/user.slice/cpu.max",
            "/sys/fs/cgroup/memory.current",
            "/etc/passwd",
        ] {
            assert!(is_constant(Path::new(path)), "{path}");
        }
        for path in [
            "/proc/interrupts",
            "/proc/loadavg",
            "/proc/vmstat",
            "/proc/pressure/cpu",
            "/proc/sys/kernel/ns_last_pid",
            "/proc/sys/fs/inode-nr",
            "/sys/devices/system/cpu/cpu0/cpufreq/scaling_cur_freq",
            "/sys/class/rtc/rtc0/since_epoch",
            "/sys/fs/cgroup/cgroup.procs",
            "/sys/fs/cgroup/cpu.stat",
        ] {
            assert!(!is_constant(Path::new(path)), "{path}");
        }
    }
}
