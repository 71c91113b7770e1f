//! The registers of a stopped task that matter for system calls: the only code that differs between processors.
//!
//! Reading a call uses `PTRACE_GET_SYSCALL_INFO`, which is portable; only changing one needs registers.

use std::io;

use nix::sys::ptrace;
use nix::unistd::Pid;

use super::trace::Entry;

/// All general registers of a task.
#[derive(Clone, Debug)]
pub struct Registers {
    general: libc::user_regs_struct,
    /// On aarch64 the number of the call is not a register; a separate request changes it.
    #[cfg(target_arch = "aarch64")]
    number: Option<u64>,
}

#[cfg(target_arch = "x86_64")]
impl Registers {
    pub(super) fn of(task: Pid) -> io::Result<Self> {
        let general = ptrace::getregs(task)?;
        Ok(Self { general })
    }

    pub(super) fn write(&self, task: Pid) -> io::Result<()> {
        Ok(ptrace::setregs(task, self.general)?)
    }

    /// At an entry: the call is not made and returns this (`kernel/entry/common.c`: the number −1 is not a call).
    pub fn skip(&mut self, returned: i64) {
        self.general.orig_rax = u64::MAX;
        self.general.rax = returned.cast_unsigned();
    }

    /// At an entry: another call is made.
    pub fn set_number(&mut self, number: u64) {
        self.general.orig_rax = number;
    }

    /// At an exit: the result of the call.
    pub fn set_returned(&mut self, returned: i64) {
        self.general.rax = returned.cast_unsigned();
    }

    /// The stack pointer.
    pub fn stack(&self) -> u64 {
        self.general.rsp
    }

    /// The address of the instruction that it is about to execute, if instructions are known here.
    pub(super) fn instruction(&self) -> Option<u64> {
        Some(self.general.rip)
    }

    /// The task goes on behind a reading of the counter that has this length and shows this, on processor 0.
    pub(super) fn set_counter(&mut self, length: u64, shows: u64, names_processor: bool) {
        self.general.rip += length;
        // The instruction clears the upper halves of these registers.
        self.general.rax = shows & u64::from(u32::MAX);
        self.general.rdx = shows >> 32;
        if names_processor {
            self.general.rcx = 0;
        }
    }

    /// At an entry: the call is made with these arguments.
    pub fn set_arguments(&mut self, arguments: [u64; 6]) {
        let general = &mut self.general;
        [
            general.rdi,
            general.rsi,
            general.rdx,
            general.r10,
            general.r8,
            general.r9,
        ] = arguments;
    }

    /// At an exit: back to the instruction that made the call, which has two bytes (`syscall`).
    pub fn ask_again(&mut self, entry: &Entry) {
        self.general.rip -= 2;
        self.general.rax = entry.number;
        self.set_arguments(entry.arguments);
    }
}

#[cfg(target_arch = "aarch64")]
impl Registers {
    pub(super) fn of(task: Pid) -> io::Result<Self> {
        let general = ptrace::getregs(task)?;
        Ok(Self { general, number: None })
    }

    pub(super) fn write(&self, task: Pid) -> io::Result<()> {
        ptrace::setregs(task, self.general)?;
        match self.number {
            Some(number) => write_number(task, number),
            None => Ok(()),
        }
    }

    /// At an entry: the call is not made and returns this (`arch/arm64/kernel/ptrace.c`: the number −1 is not a call).
    pub fn skip(&mut self, returned: i64) {
        self.number = Some(u64::MAX);
        self.general.regs[0] = returned.cast_unsigned();
    }

    /// At an entry: another call is made.
    pub fn set_number(&mut self, number: u64) {
        self.number = Some(number);
    }

    /// At an exit: the result of the call.
    pub fn set_returned(&mut self, returned: i64) {
        self.general.regs[0] = returned.cast_unsigned();
    }

    /// The stack pointer.
    pub fn stack(&self) -> u64 {
        self.general.sp
    }

    /// No instruction is known here.
    pub(super) fn instruction(&self) -> Option<u64> {
        None
    }

    /// No reading of the counter stops here.
    pub(super) fn set_counter(&mut self, _length: u64, _shows: u64, _names_processor: bool) {}

    /// At an entry: the call is made with these arguments.
    pub fn set_arguments(&mut self, arguments: [u64; 6]) {
        self.general.regs[..6].copy_from_slice(&arguments);
    }

    /// At an exit: back to the instruction that made the call, which has four bytes (`svc`).
    pub fn ask_again(&mut self, entry: &Entry) {
        self.general.pc -= 4;
        self.general.regs[8] = entry.number;
        self.set_arguments(entry.arguments);
    }
}

/// `NT_ARM_SYSTEM_CALL` of `include/uapi/linux/elf.h`, an `int`; nix has no name for it.
#[cfg(target_arch = "aarch64")]
fn write_number(task: Pid, number: u64) -> io::Result<()> {
    const NT_ARM_SYSTEM_CALL: i32 = 0x404;
    // The kernel reads the lower half: −1 stays −1.
    let mut number = number as u32;
    let mut place = libc::iovec {
        iov_base: (&raw mut number).cast(),
        iov_len: size_of::<u32>(),
    };
    // SAFETY: the kernel reads `place` and the four bytes that it names; both live for the whole call.
    let written = unsafe {
        libc::ptrace(
            libc::PTRACE_SETREGSET,
            task.as_raw(),
            NT_ARM_SYSTEM_CALL,
            &raw mut place,
        )
    };
    match written {
        -1 => Err(io::Error::last_os_error()),
        _ => Ok(()),
    }
}
