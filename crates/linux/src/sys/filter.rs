//! The seccomp filter of a traced program: which calls pass, which stop it, and which are refused.
//!
//! Default-deny: a call that is in no list stops the program. A call is *harmless* only if no other contender can notice it,
//! and its result does not depend on other contenders: `passing.rs` has those that always are, each with its reason. Loads no
//! filter, and knows nothing of locks.

use std::collections::BTreeMap;

use seccompiler::{
    BackendError, BpfProgram, SeccompAction, SeccompCmpArgLen, SeccompCmpOp, SeccompCondition, SeccompFilter,
    SeccompRule, TargetArch,
};

use super::{bits, passing};
use onewinner_core::fs::Errno;

/// Calls that return the time.
#[rustfmt::skip] // By subject.
const CLOCKS: &[libc::c_long] = &[
    libc::SYS_clock_gettime, libc::SYS_clock_getres, libc::SYS_gettimeofday, libc::SYS_times,
    #[cfg(target_arch = "x86_64")] libc::SYS_time,
];

/// Calls that return random bytes.
const CHANCE: &[libc::c_long] = &[libc::SYS_getrandom];

/// Calls that ask about a process, each with the argument that names it: 0 is the caller.
#[rustfmt::skip] // By subject.
const ABOUT: &[(libc::c_long, u8)] = &[
    (libc::SYS_sched_getaffinity, 0), (libc::SYS_sched_getparam, 0), (libc::SYS_sched_getscheduler, 0),
    (libc::SYS_sched_rr_get_interval, 0), (libc::SYS_sched_getattr, 0), (libc::SYS_getpgid, 0), (libc::SYS_getsid, 0),
    (libc::SYS_get_robust_list, 0),
];

/// Calls that wait for something, each with the argument that limits the wait. Without a limit they pass. Not poll, select and
/// their kind: these may name a pipe or a socket that others can reach.
#[rustfmt::skip] // By subject.
const WAITS_FOR: &[(libc::c_long, u8, Limit)] = &[
    (libc::SYS_epoll_pwait, 3, Limit::Milliseconds), (libc::SYS_epoll_pwait2, 3, Limit::Address),
    (libc::SYS_rt_sigtimedwait, 2, Limit::Address), (libc::SYS_futex, 3, Limit::Address),
    (libc::SYS_futex_waitv, 3, Limit::Address),
    #[cfg(target_arch = "x86_64")] (libc::SYS_epoll_wait, 3, Limit::Milliseconds),
];

/// The form of a time limit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Limit {
    /// Milliseconds: negative for none. With 0 the call does not wait.
    Milliseconds,
    /// The address of a time: 0 for none.
    Address,
}

/// The operations of futex(2) that do not wait: `FUTEX_WAKE`, `FUTEX_REQUEUE`, `FUTEX_CMP_REQUEUE`, `FUTEX_WAKE_OP`,
/// `FUTEX_UNLOCK_PI`, `FUTEX_TRYLOCK_PI`, `FUTEX_WAKE_BITSET`, `FUTEX_CMP_REQUEUE_PI`.
const FUTEX_WITHOUT_WAITING: [u64; 8] = [1, 3, 4, 5, 7, 8, 10, 12];
/// The bits of that argument that are no flags.
const FUTEX_OPERATION: u64 = 0x7f;

/// Calls that work where no tracer can see it. Programs manage without them when the kernel lacks them.
const REFUSED: &[libc::c_long] = &[
    libc::SYS_io_uring_setup,
    libc::SYS_io_uring_enter,
    libc::SYS_io_uring_register,
];

/// Calls of `syscalls.rs` that are harmless with one of these values in an argument.
#[rustfmt::skip] // By subject.
const HARMLESS_WITH: &[(libc::c_long, u8, &[i32])] = &[
    // Flags of descriptors, and duplicates. The owner of signals and the size of a pipe, which no other call can set.
    (libc::SYS_fcntl, 1, &[
        libc::F_DUPFD, libc::F_GETFD, libc::F_SETFD, libc::F_GETFL, libc::F_GETOWN, libc::F_DUPFD_CLOEXEC, libc::F_GETPIPE_SZ,
    ]),
    // SEEK_END, SEEK_DATA and SEEK_HOLE depend on the size, the others do not.
    (libc::SYS_lseek, 2, &[libc::SEEK_SET, libc::SEEK_CUR]),
    // Whether it is a terminal, and flags of descriptors.
    (libc::SYS_ioctl, 1, &[
        libc::TCGETS as i32, libc::TCGETS2 as i32, libc::TIOCGWINSZ as i32, libc::TIOCGPGRP as i32, libc::FIONBIO as i32,
        libc::FIOCLEX as i32, libc::FIONCLEX as i32,
    ]),
];

/// The clock that a program sees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Clock {
    /// The kernel's: reading it is harmless.
    Real,
    /// The tracer's: reading it stops the program.
    Virtual,
}

/// The source of random numbers that a program requests from the kernel.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Chance {
    /// From the kernel: reading them is harmless.
    Real,
    /// From the tracer: reading them stops the program.
    Drawn,
}

/// Returns whether the call reads the time.
pub fn reads_time(number: u64) -> bool {
    CLOCKS.iter().any(|clock| *clock as u64 == number)
}

/// The call that returns the time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TimeCall {
    /// [clock_gettime(2)](https://man7.org/linux/man-pages/man2/clock_gettime.2.html).
    Clock,
    /// [gettimeofday(2)](https://man7.org/linux/man-pages/man2/gettimeofday.2.html).
    TimeOfDay,
    /// [time(2)](https://man7.org/linux/man-pages/man2/time.2.html).
    Seconds,
    /// [times(2)](https://man7.org/linux/man-pages/man2/times.2.html).
    Ticks,
}

/// Which clock call it is, if it returns the current time.
pub fn time_call(number: u64) -> Option<TimeCall> {
    match libc::c_long::try_from(number).ok()? {
        libc::SYS_clock_gettime => Some(TimeCall::Clock),
        libc::SYS_gettimeofday => Some(TimeCall::TimeOfDay),
        libc::SYS_times => Some(TimeCall::Ticks),
        #[cfg(target_arch = "x86_64")]
        libc::SYS_time => Some(TimeCall::Seconds),
        _ => None,
    }
}

/// Returns whether the call reads random bytes: [getrandom(2)](https://man7.org/linux/man-pages/man2/getrandom.2.html).
pub fn reads_random_bytes(number: u64) -> bool {
    CHANCE.iter().any(|call| *call as u64 == number)
}

/// The filters of a traced program, to be loaded in this order: the kernel applies the strictest result of all.
///
/// One returns `ENOSYS` for refused calls. The other lets harmless calls pass, and stops the program before every other
/// call: `SECCOMP_RET_TRACE`, [seccomp(2)](https://man7.org/linux/man-pages/man2/seccomp.2.html). A program that uses
/// the calling convention of another architecture is killed.
///
/// # Errors
///
/// On an architecture that the filter compiler does not support.
pub fn filters(clock: Clock, chance: Chance) -> Result<[BpfProgram; 2], BackendError> {
    let architecture: TargetArch = std::env::consts::ARCH.try_into()?;
    let number = Errno::ENOSYS.raw().unsigned_abs();
    let mut refused: BTreeMap<i64, Vec<SeccompRule>> = REFUSED.iter().map(|call| (*call, Vec::new())).collect();
    // The tracer would not see the child. That of clone3, whose flags are in memory, is refused by the tracer.
    let untraced = SeccompCmpOp::MaskedEq(bits::UNTRACED);
    refused.insert(libc::SYS_clone, vec![met(0, untraced, bits::UNTRACED)?]);
    let refusing = SeccompFilter::new(
        refused,
        SeccompAction::Allow,
        SeccompAction::Errno(number),
        architecture,
    )?;
    let harmless = harmless(clock, chance)?;
    let stopping = SeccompFilter::new(harmless, SeccompAction::Trace(0), SeccompAction::Allow, architecture)?;
    Ok([refusing.try_into()?, stopping.try_into()?])
}

/// The calls that pass, each with its conditions, of which one must be met. A call without conditions always passes.
fn harmless(clock: Clock, chance: Chance) -> Result<BTreeMap<i64, Vec<SeccompRule>>, BackendError> {
    let clocks = match clock {
        Clock::Real => CLOCKS,
        Clock::Virtual => &[],
    };
    let drawn = match chance {
        Chance::Real => CHANCE,
        Chance::Drawn => &[],
    };
    let passing = passing::all().map(|call| call.number);
    let always = passing.chain(clocks.iter().chain(drawn).copied());
    let mut rules: BTreeMap<i64, Vec<SeccompRule>> = always.map(|call| (call, Vec::new())).collect();
    let when = |argument, operation, value| met(argument, operation, value);
    for (call, argument, values) in HARMLESS_WITH {
        // The kernel reads only the lower 32 bits.
        let equal = |value: &i32| when(*argument, SeccompCmpOp::Eq, u64::from(value.cast_unsigned()));
        rules.insert(*call, values.iter().map(equal).collect::<Result<_, _>>()?);
    }
    for (call, argument) in ABOUT {
        rules.insert(*call, vec![when(*argument, SeccompCmpOp::Eq, 0)?]);
    }
    for (call, argument, limit) in WAITS_FOR {
        let rule = match limit {
            Limit::Milliseconds => vec![
                when(*argument, SeccompCmpOp::Eq, 0)?,
                // Negative.
                when(*argument, SeccompCmpOp::Ge, 1 << 31)?,
            ],
            Limit::Address => vec![no_address(*argument)?],
        };
        rules.insert(*call, rule);
    }
    for operation in FUTEX_WITHOUT_WAITING {
        let is = when(1, SeccompCmpOp::MaskedEq(FUTEX_OPERATION), operation)?;
        rules.entry(libc::SYS_futex).or_default().push(is);
    }
    // Without the CPU time of the child.
    rules.insert(libc::SYS_wait4, vec![no_address(3)?]);
    rules.insert(libc::SYS_waitid, vec![no_address(4)?]);
    let anonymous = u64::from(libc::MAP_ANONYMOUS.cast_unsigned());
    rules.insert(
        libc::SYS_mmap,
        vec![when(3, SeccompCmpOp::MaskedEq(anonymous), anonymous)?],
    );
    // Without a signal when the descriptor becomes ready.
    let without_signals = SeccompRule::new(vec![
        condition(1, SeccompCmpOp::Eq, libc::F_SETFL as u64)?,
        condition(2, SeccompCmpOp::MaskedEq(libc::O_ASYNC as u64), 0)?,
    ])?;
    rules.entry(libc::SYS_fcntl).or_default().push(without_signals);
    // About one process, and that is the caller.
    let of_itself = SeccompRule::new(vec![
        condition(0, SeccompCmpOp::Eq, u64::from(bits::OF_A_PROCESS.cast_unsigned()))?,
        condition(1, SeccompCmpOp::Eq, 0)?,
    ])?;
    rules.insert(libc::SYS_getpriority, vec![of_itself]);
    // Its own limits, which stay as they are.
    let reads_own = SeccompRule::new(vec![
        condition(0, SeccompCmpOp::Eq, 0)?,
        SeccompCondition::new(2, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?,
    ])?;
    rules.insert(libc::SYS_prlimit64, vec![reads_own]);
    // The others are asked about one by one.
    let options = bits::OWN_OPTIONS.iter();
    let options = options.map(|option| when(0, SeccompCmpOp::Eq, u64::from(option.cast_unsigned())));
    rules.insert(libc::SYS_prctl, options.collect::<Result<_, _>>()?);
    Ok(rules)
}

/// A condition on the lower 32 bits of an argument.
fn condition(argument: u8, operation: SeccompCmpOp, value: u64) -> Result<SeccompCondition, BackendError> {
    SeccompCondition::new(argument, SeccompCmpArgLen::Dword, operation, value)
}

/// The rule of one condition.
fn met(argument: u8, operation: SeccompCmpOp, value: u64) -> Result<SeccompRule, BackendError> {
    SeccompRule::new(vec![condition(argument, operation, value)?])
}

/// Met if an argument is no address.
fn no_address(argument: u8) -> Result<SeccompRule, BackendError> {
    let condition = SeccompCondition::new(argument, SeccompCmpArgLen::Qword, SeccompCmpOp::Eq, 0)?;
    SeccompRule::new(vec![condition])
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;
    use crate::sys::syscalls::{all, of};

    #[test]
    fn each_call_is_in_one_list() {
        let stopped = all().map(|call| call.number);
        let others = [CLOCKS, CHANCE, REFUSED].into_iter().flatten().copied();
        let passing = passing::all().map(|call| call.number);
        let others = others.chain(passing).map(|number| number as u64);
        let all: Vec<u64> = stopped.chain(others).collect();
        let once: BTreeSet<u64> = all.iter().copied().collect();
        assert_eq!(all.len(), once.len());
    }

    #[test]
    fn a_call_that_is_harmless_with_some_arguments_stops_with_others() {
        let conditional = HARMLESS_WITH.iter().map(|(number, ..)| number);
        let waits = WAITS_FOR.iter().map(|(number, ..)| number);
        for number in conditional.chain(waits).chain(ABOUT.iter().map(|(number, _)| number)) {
            assert!(of(*number as u64).is_some());
        }
        assert!(of(libc::SYS_mmap as u64).is_some());
    }

    #[test]
    fn filters_compile_for_this_machine() {
        for clock in [Clock::Real, Clock::Virtual] {
            assert!(
                filters(clock, Chance::Drawn)
                    .unwrap()
                    .iter()
                    .all(|filter| !filter.is_empty())
            );
        }
    }

    /// Without a tracer the kernel returns `ENOSYS` where it would stop the program
    /// ([seccomp(2)](https://man7.org/linux/man-pages/man2/seccomp.2.html)), which shows what passes.
    #[test]
    fn harmless_calls_pass_and_the_same_calls_with_other_arguments_do_not() {
        use nix::fcntl::{FcntlArg, fcntl};
        use nix::unistd::{Whence, getpid, lseek};
        use std::sync::mpsc::channel;

        let file = tempfile::tempfile().unwrap();
        let (sender, receiver) = channel();
        // The filter stays on its thread, which cannot even end under it: it sleeps until the process exits.
        std::thread::spawn(move || {
            for filter in filters(Clock::Real, Chance::Real).unwrap() {
                if let Err(error) = seccompiler::apply_filter(&filter) {
                    sender.send(Err(error.to_string())).unwrap();
                    return;
                }
            }
            let passed = [
                ("getpid", getpid().as_raw() > 0),
                ("fcntl(F_GETFD)", fcntl(&file, FcntlArg::F_GETFD).is_ok()),
                ("lseek(SEEK_SET)", lseek(&file, 0, Whence::SeekSet).is_ok()),
            ];
            let enosys = Some(nix::errno::Errno::ENOSYS);
            let stopped = [
                (
                    "fcntl(F_GET_SEALS)",
                    fcntl(&file, FcntlArg::F_GET_SEALS).err() == enosys,
                ),
                ("lseek(SEEK_END)", lseek(&file, 0, Whence::SeekEnd).err() == enosys),
                (
                    "open",
                    std::fs::File::open("/").err().and_then(|error| error.raw_os_error()) == Some(38),
                ),
            ];
            sender.send(Ok((passed, stopped))).unwrap();
            loop {
                std::thread::park();
            }
        });
        let (passed, stopped) = match receiver.recv_timeout(std::time::Duration::from_secs(120)).unwrap() {
            Ok(seen) => seen,
            Err(why) => {
                eprintln!("skipped: no filter can be loaded here ({why})");
                return;
            }
        };
        for (call, right) in passed {
            assert!(right, "{call} passes");
        }
        for (call, right) in stopped {
            assert!(right, "{call} stops");
        }
    }
}
