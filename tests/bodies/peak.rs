//! The peak memory of another process, as the kernel tells it while that runs.
//!
//! Shared by `tests/memory.rs` and `benches/memory.rs`. What `wait4` tells would be wrong: it counts what the process was
//! before it executed its program, a copy of ours.

use std::fs;
use std::process::Child;
use std::time::Duration;

/// As often as the peak is looked at. What is allocated after the last look is small: the end is near.
const POLL: Duration = Duration::from_millis(2);

/// The peak of a process at its end, in KiB; and whether it came to that end by itself. One that takes more than enough is ended.
pub(crate) fn peak(mut child: Child, enough_kib: u64) -> (u64, bool) {
    let mut peak_kib = 0;
    loop {
        peak_kib = peak_kib.max(high_water_kib(child.id()));
        if child.try_wait().expect("it is ours").is_some() {
            return (peak_kib, true);
        }
        if peak_kib > enough_kib {
            child.kill().expect("it is ours");
            child.wait().expect("it is ours");
            return (peak_kib, false);
        }
        std::thread::sleep(POLL);
    }
}

/// `VmHWM` of a process ([proc(5)](https://man7.org/linux/man-pages/man5/proc_pid_status.5.html)); 0 when it has ended.
fn high_water_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
