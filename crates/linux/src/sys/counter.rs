//! The counter of the processor, which a program reads without a system call: `rdtsc` and `rdtscp` on x86-64.
//!
//! `PR_SET_TSC` ([prctl(2)](https://man7.org/linux/man-pages/man2/prctl.2.html)) makes each of these instructions raise SIGSEGV
//! instead. A fork and execve keep that: `TIF_NOTSC` is among the flags that a new task copies, and `arch_setup_new_exec`
//! (`arch/x86/kernel/process.c`) leaves it. The tracer then gives the program a number of its own, and the signal is not delivered.
//! rr does the same. The kernel resets a handler of SIGSEGV that is ignored or blocked when it raises that signal (`force_sig`,
//! `kernel/signal.c`), so a program that blocks or ignores SIGSEGV loses that with the first reading.
//!
//! On other processors the counter cannot be taken from a program.

use std::io;

use super::trace::Memory;
use super::tracee::Stopped;

/// A reading of the counter, at which a task is stopped.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CounterReading {
    /// The address of the instruction.
    pub instruction: u64,
    /// The length of the instruction in bytes.
    length: u64,
    /// Whether it returns the number of the processor too.
    names_processor: bool,
}

/// Whether readings of the counter can be taken from a program on this machine.
pub fn can_be_taken() -> bool {
    mode::is_known()
}

/// Makes each reading of the counter raise SIGSEGV, in this thread and everything that it starts.
///
/// # Errors
///
/// When the kernel refuses, or the processor is another one.
pub fn take() -> io::Result<()> {
    mode::take()
}

/// The reading at which SIGSEGV has stopped a task; `None` if the signal has another cause.
///
/// # Errors
///
/// When the task was killed in the meantime.
pub fn reading(stopped: &Stopped, memory: &Memory) -> io::Result<Option<CounterReading>> {
    /// `SI_KERNEL`: the processor has refused an instruction.
    const BY_KERNEL: i32 = 0x80;
    if stopped.signal_code()? != BY_KERNEL {
        return Ok(None);
    }
    let Some(instruction) = stopped.registers()?.instruction() else {
        return Ok(None);
    };
    let mut code = [0; 3];
    // Where it cannot be read, it is no such instruction.
    let read = memory.read(instruction, &mut code).unwrap_or(0);
    let known = match code[..read] {
        [0x0f, 0x31, ..] => Some((2, false)),
        [0x0f, 0x01, 0xf9] => Some((3, true)),
        _ => None,
    };
    Ok(known.map(|(length, names_processor)| CounterReading {
        instruction,
        length,
        names_processor,
    }))
}

/// Replaces a reading in the memory of a process by an instruction that does nothing: it returns what was in the registers
/// before. Only for readings whose result decides nothing. Changes nothing where no such reading is.
///
/// # Errors
///
/// When the memory cannot be read or written. Some kernels refuse to let a tracer write code.
pub fn remove(memory: &Memory, instruction: u64) -> io::Result<()> {
    /// `rdtsc`.
    const READING: [u8; 2] = [0x0f, 0x31];
    /// `xchg %ax,%ax`: unlike most instructions it leaves the flags as they are.
    const NOTHING: [u8; 2] = [0x66, 0x90];
    let mut code = [0; READING.len()];
    if memory.read(instruction, &mut code)? == code.len() && code == READING {
        memory.write(instruction, &NOTHING)?;
    }
    Ok(())
}

/// The task goes on behind its reading, which has returned this. The number of the processor is 0.
///
/// # Errors
///
/// When the task was killed in the meantime.
pub fn answer(stopped: &Stopped, reading: CounterReading, shows: u64) -> io::Result<()> {
    let mut registers = stopped.registers()?;
    registers.set_counter(reading.length, shows, reading.names_processor);
    stopped.set_registers(&registers)
}

#[cfg(target_arch = "x86_64")]
mod mode {
    use std::io;

    /// `PR_GET_TSC`, `PR_SET_TSC` and `PR_TSC_SIGSEGV` of `include/uapi/linux/prctl.h`.
    const GET: libc::c_int = 25;
    /// See [`GET`].
    const SET: libc::c_int = 26;
    /// See [`GET`].
    const RAISES: libc::c_ulong = 2;

    pub(super) fn is_known() -> bool {
        let mut mode: libc::c_int = 0;
        // SAFETY: the kernel writes to `mode`, which lives for the whole call.
        unsafe { libc::prctl(GET, &raw mut mode) == 0 }
    }

    pub(super) fn take() -> io::Result<()> {
        // SAFETY: it takes numbers only.
        match unsafe { libc::prctl(SET, RAISES) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

#[cfg(not(target_arch = "x86_64"))]
mod mode {
    use std::io;

    pub(super) fn is_known() -> bool {
        false
    }

    pub(super) fn take() -> io::Result<()> {
        Err(io::ErrorKind::Unsupported.into())
    }
}
