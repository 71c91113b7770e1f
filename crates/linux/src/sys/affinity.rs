//! Keeps a tracer and its tracees on one CPU: a stop then costs a tenth.

use std::io;

use nix::sched::{CpuSet, sched_getcpu, sched_setaffinity};
use nix::unistd::Pid;

/// Keeps the calling thread, and all threads and processes that it will start, on its current CPU:
/// [sched_setaffinity(2)](https://man7.org/linux/man-pages/man2/sched_setaffinity.2.html).
///
/// # Errors
///
/// When the kernel refuses.
pub fn stay_on_this_cpu() -> io::Result<()> {
    let mut cpus = CpuSet::new();
    cpus.set(sched_getcpu()?)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &cpus)?)
}
