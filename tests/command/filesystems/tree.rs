//! Records the system calls of a program and of all processes that descend from it. Knows no lock.
//!
//! A process that records must have no other children: it waits for any child.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::Write;
use std::os::unix::fs::FileExt;
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use nix::errno::Errno;
use nix::sys::ptrace::{self, Options};
use nix::sys::signal::Signal;
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// How long a program may take; it is killed after that.
const LIMIT: Duration = Duration::from_secs(300);
/// How often it is looked whether a process has stopped, when none has.
const POLL: Duration = Duration::from_micros(50);
/// What a process does while it waits for others or for memory: several in a row count as one.
pub(crate) const PAUSE: &str = "pause";

/// The calls that are a pause.
const PAUSES: [libc::c_long; 8] = [
    libc::SYS_futex,
    libc::SYS_sched_yield,
    libc::SYS_clock_nanosleep,
    libc::SYS_brk,
    libc::SYS_mmap,
    libc::SYS_munmap,
    libc::SYS_mremap,
    libc::SYS_madvise,
];

/// The calls that locks make, with the position of the path, if there is one.
const KNOWN: &[(libc::c_long, &str, Option<usize>)] = &[
    (libc::SYS_openat, "open", Some(1)),
    (libc::SYS_close, "close", None),
    (libc::SYS_read, "read", None),
    (libc::SYS_write, "write", None),
    (libc::SYS_flock, "flock", None),
    (libc::SYS_fcntl, "fcntl", None),
    (libc::SYS_newfstatat, "stat", Some(1)),
    (libc::SYS_unlinkat, "unlink", Some(1)),
    (libc::SYS_mkdirat, "mkdir", Some(1)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_stat, "stat", Some(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_unlink, "unlink", Some(0)),
    #[cfg(target_arch = "x86_64")]
    (libc::SYS_mkdir, "mkdir", Some(0)),
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

/// Runs the program to its end, and returns the system calls of each of its processes. Clock readings are left out: on most
/// machines, programs read the clock without a system call.
///
/// # Errors
///
/// The reason why this machine does not let the calls be recorded.
pub(crate) fn record(program: &str, arguments: &[&str]) -> Result<Vec<Vec<String>>, String> {
    let mut command = Command::new("sh");
    // It waits for a line before it begins, so that a tracer can attach first.
    command
        .args(["-c", r#"read -r go; exec "$@""#, "sh", program])
        .args(arguments);
    command
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null());
    let mut program = Program(command.spawn().expect("there is a shell"));
    let root = Pid::from_raw(program.0.id().try_into().expect("a pid"));
    let options = Options::PTRACE_O_TRACESYSGOOD
        | Options::PTRACE_O_EXITKILL
        | Options::PTRACE_O_TRACEFORK
        | Options::PTRACE_O_TRACEVFORK
        | Options::PTRACE_O_TRACECLONE;
    ptrace::seize(root, options).map_err(|errno| format!("ptrace is forbidden ({errno})"))?;
    ptrace::interrupt(root).expect("a seized process can be stopped");
    let mut streams = BTreeMap::new();
    let mut input = program.0.stdin.take();
    let deadline = Instant::now() + LIMIT;
    loop {
        let waited = match waitpid(None, Some(WaitPidFlag::__WALL | WaitPidFlag::WNOHANG)) {
            Ok(WaitStatus::StillAlive) => {
                assert!(Instant::now() < deadline, "it did not end within {LIMIT:?}");
                std::thread::sleep(POLL);
                continue;
            }
            Err(Errno::ECHILD) => break,
            waited => waited.expect("there are children"),
        };
        let (pid, signal) = match waited {
            WaitStatus::PtraceSyscall(pid) => {
                streams.entry(pid).or_insert_with(|| Stream::new(pid)).stopped()?;
                (pid, None)
            }
            WaitStatus::PtraceEvent(pid, ..) => {
                if let Some(mut input) = input.take() {
                    // A process that has ended reads nothing; its exit status shows that.
                    let _ended = input.write_all(b"go\n");
                }
                (pid, None)
            }
            WaitStatus::Stopped(pid, Signal::SIGTRAP) => (pid, None),
            WaitStatus::Stopped(pid, signal) => (pid, Some(signal)),
            _ => continue,
        };
        match ptrace::syscall(pid, signal) {
            // It was killed meanwhile.
            Ok(()) | Err(Errno::ESRCH) => {}
            Err(errno) => panic!("a stopped process goes on, but not {pid}: {errno}"),
        }
    }
    Ok(streams.into_values().map(|stream| stream.calls).collect())
}

struct Stream {
    pid: Pid,
    calls: Vec<String>,
}

impl Stream {
    fn new(pid: Pid) -> Self {
        let calls = Vec::new();
        Self { pid, calls }
    }

    /// Records a call before the kernel makes it; the stop after it adds nothing.
    fn stopped(&mut self) -> Result<(), String> {
        let info = match ptrace::syscall_info(self.pid) {
            Ok(info) => info,
            Err(Errno::ESRCH) => return Ok(()),
            Err(errno) => return Err(format!("ptrace reports no system calls ({errno})")),
        };
        if info.op != libc::PTRACE_SYSCALL_INFO_ENTRY {
            return Ok(());
        }
        let Ok(line) = fs::read_to_string(format!("/proc/{}/syscall", self.pid)) else {
            return Ok(()); // It was killed meanwhile.
        };
        let mut words = line.split_whitespace();
        let Some(number) = words.next().and_then(|word| word.parse::<libc::c_long>().ok()) else {
            return Ok(());
        };
        let registers: Vec<u64> = words
            .filter_map(|word| u64::from_str_radix(word.trim_start_matches("0x"), 16).ok())
            .collect();
        let call = match number {
            libc::SYS_clock_gettime => return Ok(()),
            number if PAUSES.contains(&number) => PAUSE.to_owned(),
            number => match KNOWN.iter().find(|(known, ..)| *known == number) {
                Some((_, name, Some(position))) => format!("{name} {}", self.text(registers[*position])),
                Some((_, name, None)) => (*name).to_owned(),
                None => format!("call {number}"),
            },
        };
        if call != PAUSE || self.calls.last().is_some_and(|last| last != PAUSE) {
            self.calls.push(call);
        }
        Ok(())
    }

    fn text(&self, address: u64) -> String {
        let mut bytes = [0; libc::PATH_MAX as usize];
        let memory = File::open(format!("/proc/{}/mem", self.pid));
        let read = memory
            .and_then(|memory| memory.read_at(&mut bytes, address))
            .unwrap_or(0);
        let end = bytes[..read].iter().position(|byte| *byte == 0).unwrap_or(read);
        String::from_utf8_lossy(&bytes[..end]).into_owned()
    }
}
