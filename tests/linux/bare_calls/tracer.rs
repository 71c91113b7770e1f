//! Records the system calls of a program between two calls of `getppid`. Knows no lock.
//!
//! Numbers and arguments come from `/proc/PID/syscall`, strings from `/proc/PID/mem`
//! ([proc(5)](https://man7.org/linux/man-pages/man5/proc_pid_syscall.5.html)): so there is no code for any one processor.

use std::fs::{self, File};
use std::os::unix::fs::FileExt;
use std::path::Path;
use std::process::{Child, Command, Stdio};

use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitStatus, waitpid};
use nix::unistd::Pid;

/// The most stops of the program: two for each call. It makes some hundred calls to start.
const MOST_STOPS: usize = 20_000;

/// What became of the attempt to trace.
pub(crate) enum Traced {
    /// The calls between the markers, as lines, for each pair of them.
    Calls(Vec<Vec<String>>),
    /// The machine does not let this process trace.
    Forbidden(String),
}

/// What an argument is.
#[derive(Clone, Copy)]
enum Argument {
    Number,
    Bits,
    Text,
    /// Bytes whose count is the next argument.
    Bytes,
    /// Where the kernel writes an answer: differs from run to run.
    Address,
}

use Argument::{Address, Bits, Bytes, Number, Text};

/// The calls whose arguments are compared. Others are compared by number alone, which shows that they were made.
const KNOWN: &[(libc::c_long, &str, &[Argument])] = &[
    (libc::SYS_openat, "openat", &[Number, Text, Bits, Bits]),
    (libc::SYS_close, "close", &[Number]),
    (libc::SYS_read, "read", &[Number, Address, Number]),
    (libc::SYS_write, "write", &[Number, Bytes, Number]),
    (libc::SYS_newfstatat, "fstatat", &[Number, Text, Address, Bits]),
    (libc::SYS_fstat, "fstat", &[Number, Address]),
    (libc::SYS_statx, "statx", &[Number, Text, Bits, Bits, Address]),
    (libc::SYS_fcntl, "fcntl", &[Number, Number, Address]),
    (libc::SYS_flock, "flock", &[Number, Number]),
    (libc::SYS_linkat, "linkat", &[Number, Text, Number, Text, Bits]),
    (libc::SYS_unlinkat, "unlinkat", &[Number, Text, Bits]),
    (libc::SYS_renameat, "renameat", &[Number, Text, Number, Text]),
    (libc::SYS_renameat2, "renameat2", &[Number, Text, Number, Text, Bits]),
    (libc::SYS_mkdirat, "mkdirat", &[Number, Text, Bits]),
    (libc::SYS_symlinkat, "symlinkat", &[Text, Number, Text]),
    (libc::SYS_readlinkat, "readlinkat", &[Number, Text, Address, Number]),
    (libc::SYS_utimensat, "utimensat", &[Number, Text, Address, Bits]),
    (libc::SYS_kill, "kill", &[Address, Number]),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_readlink, "readlink", &[Text, Address, Number]),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_unlink, "unlink", &[Text]),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_mkdir, "mkdir", &[Text, Bits]),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_stat, "stat", &[Text, Address]),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_rename, "rename", &[Text, Text]),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_link, "link", &[Text, Text]),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_rmdir, "rmdir", &[Text]),
];

/// Ends the program also when a check fails on the way.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already when all went well; of that there is nothing to report.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// Runs the program, which begins when its input ends.
pub(crate) fn record(program: &Path, arguments: &[String]) -> Traced {
    let mut command = Command::new(program);
    command.args(arguments).stdin(Stdio::piped());
    let mut program = Program(command.spawn().expect("the example runs"));
    let pid = Pid::from_raw(program.0.id().try_into().expect("a pid"));
    let options = Options::PTRACE_O_TRACESYSGOOD | Options::PTRACE_O_EXITKILL;
    if let Err(errno) = ptrace::seize(pid, options) {
        return Traced::Forbidden(format!("ptrace is forbidden ({errno})"));
    }
    ptrace::interrupt(pid).expect("a seized process can be stopped");
    let mut tracee = Tracee {
        pid,
        memory: None,
        between: false,
        calls: Vec::new(),
    };
    for _ in 0..MOST_STOPS {
        let signal = match waitpid(pid, None).expect("a child") {
            WaitStatus::Exited(_, 0) => {
                assert!(!tracee.between && !tracee.calls.is_empty(), "both markers are seen");
                return Traced::Calls(tracee.calls);
            }
            WaitStatus::PtraceSyscall(_) => {
                if let Err(why) = tracee.stopped() {
                    return Traced::Forbidden(why);
                }
                None
            }
            // The input ends only now that the process is stopped.
            WaitStatus::PtraceEvent(..) => {
                drop(program.0.stdin.take());
                None
            }
            WaitStatus::Stopped(_, Signal::SIGTRAP) => None,
            WaitStatus::Stopped(_, signal) => Some(signal),
            other => panic!("the example ended with {other:?}"),
        };
        ptrace::syscall(pid, signal).expect("the process is stopped");
    }
    panic!("the example made more than {MOST_STOPS} stops");
}

struct Tracee {
    pid: Pid,
    memory: Option<File>,
    /// Whether the first marker was seen, and the second not.
    between: bool,
    calls: Vec<Vec<String>>,
}

impl Tracee {
    /// Records a call before the kernel makes it; the stop after it adds nothing.
    fn stopped(&mut self) -> Result<(), String> {
        let pid = self.pid;
        let info = ptrace::syscall_info(pid).map_err(|errno| format!("ptrace reports no system calls ({errno})"))?;
        if info.op != libc::PTRACE_SYSCALL_INFO_ENTRY {
            return Ok(());
        }
        let line = fs::read_to_string(format!("/proc/{pid}/syscall"))
            .map_err(|error| format!("/proc/PID/syscall is closed ({error})"))?;
        let mut words = line.split_whitespace();
        let number: libc::c_long = words
            .next()
            .and_then(|word| word.parse().ok())
            .ok_or("/proc/PID/syscall is empty")?;
        if number == libc::SYS_getppid {
            self.between = !self.between;
            if self.between {
                self.calls.push(Vec::new());
            }
        } else if self.between {
            let registers: Vec<u64> = words
                .filter_map(|word| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok())
                .collect();
            let call = self.shown(number, &registers);
            self.calls.last_mut().expect("a pair has begun").push(call);
        }
        Ok(())
    }

    fn shown(&mut self, number: libc::c_long, registers: &[u64]) -> String {
        let Some((_, name, arguments)) = KNOWN.iter().find(|(known, ..)| *known == number) else {
            return format!("call {number}");
        };
        let mut shown = Vec::new();
        for (position, argument) in arguments.iter().enumerate() {
            let value = registers[position];
            shown.push(match argument {
                // Registers are wider than the kernel's `int`: only its bits count.
                Number => (value as i32).to_string(),
                Bits => format!("{:#o}", value as u32),
                Text => format!("{:?}", self.text(value, None)),
                Bytes => format!("{:?}", self.text(value, Some(registers[position + 1]))),
                Address => "_".to_owned(),
            });
        }
        format!("{name}({})", shown.join(", "))
    }

    /// The bytes at an address, up to the length or the first zero.
    fn text(&mut self, address: u64, length: Option<u64>) -> String {
        let pid = self.pid;
        let open = || File::open(format!("/proc/{pid}/mem")).expect("a tracer may read its tracee");
        let memory = self.memory.get_or_insert_with(open);
        let mut bytes = [0; libc::PATH_MAX as usize];
        let read = memory.read_at(&mut bytes, address).expect("the argument is mapped");
        let end = match length {
            Some(length) => read.min(length as usize),
            None => bytes[..read].iter().position(|byte| *byte == 0).unwrap_or(read),
        };
        String::from_utf8_lossy(&bytes[..end]).into_owned()
    }
}
