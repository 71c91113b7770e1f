//! Keeps a tracer and its tracees on one CPU: a stop then costs a tenth.

use std::io;

use nix::sched::{CpuSet, sched_getaffinity, sched_getcpu, sched_setaffinity};
use nix::unistd::Pid;

/// Keeps the calling thread, and all threads and processes that it will start, on one CPU, or on its current one:
/// [sched_setaffinity(2)](https://man7.org/linux/man-pages/man2/sched_setaffinity.2.html).
///
/// # Errors
///
/// When the kernel refuses.
pub fn stay_on(cpu: Option<usize>) -> io::Result<()> {
    let mut cpus = CpuSet::new();
    cpus.set(cpu.map_or_else(sched_getcpu, Ok)?)?;
    Ok(sched_setaffinity(Pid::from_raw(0), &cpus)?)
}

/// The CPUs that this thread may use, from the current one on; none where the kernel does not tell.
pub fn from_the_present() -> Vec<usize> {
    let (Ok(allowed), Ok(present)) = (sched_getaffinity(Pid::from_raw(0)), sched_getcpu()) else {
        return Vec::new();
    };
    let allowed = (0..CpuSet::count()).filter(|cpu| allowed.is_set(*cpu) == Ok(true));
    let (before, mut all): (Vec<usize>, Vec<usize>) = allowed.partition(|cpu| *cpu < present);
    all.extend(before);
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_cpu_is_named_once() {
        let mut cpus = from_the_present();
        assert_eq!(cpus.len(), std::thread::available_parallelism().unwrap().get());
        cpus.sort_unstable();
        cpus.dedup();
        assert_eq!(cpus.len(), from_the_present().len());
    }
}
