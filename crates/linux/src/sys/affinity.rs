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

/// The CPU that comes this number of places after the current one, among those that this thread may use; after the last comes the first.
///
/// # Errors
///
/// When the kernel does not tell which those are.
pub fn behind_the_present(number: usize) -> io::Result<usize> {
    let (allowed, present) = (sched_getaffinity(Pid::from_raw(0))?, sched_getcpu()?);
    let allowed = (0..CpuSet::count()).filter(|cpu| allowed.is_set(*cpu) == Ok(true));
    let (before, behind): (Vec<usize>, Vec<usize>) = allowed.partition(|cpu| *cpu < present);
    let in_turn: Vec<usize> = behind.into_iter().chain(before).collect();
    Ok(in_turn.get(number % in_turn.len().max(1)).copied().unwrap_or(present))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn jobs_get_different_cpus_as_far_as_there_are_enough() {
        let allowed = std::thread::available_parallelism().unwrap().get();
        // Another thread of the test may move this one.
        let chosen = || {
            (0..allowed)
                .map(|job| behind_the_present(job).unwrap())
                .collect::<BTreeSet<_>>()
        };
        assert!((0..100).any(|_| chosen().len() == allowed));
    }
}
