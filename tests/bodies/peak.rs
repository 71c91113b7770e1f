//! The peak memory of another process, as the kernel reports it at the very end, where a tracer stops the process.
//!
//! Shared by `tests/command/memory.rs` and `benches/memory.rs`. What `wait4` reports would be wrong: it counts what the process was
//! before it executed its program, a copy of ours. What is looked up now and then would be too little: the end comes between two
//! looks.

use std::fs;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use nix::sys::ptrace::{self, Event, Options};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;

/// As often as it is looked whether a process takes more than enough.
const POLL: Duration = Duration::from_millis(2);
/// Becomes the program when its input ends, so that none of it runs before it is traced.
const WAITING: &str = "read -r end; exec \"$0\" \"$@\"";

/// Ends the program also when a check fails on the way.
struct Program(Child);

impl Drop for Program {
    fn drop(&mut self) {
        // It has ended already when all went well; of that there is nothing to report.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// The peak of a program at its end, in KiB; and whether it came to that end by itself. One that takes more than enough is
/// ended.
///
/// # Errors
///
/// When the machine does not let this process trace.
pub(crate) fn peak(program: &str, arguments: &str, enough_kib: u64) -> Result<(u64, bool), String> {
    let mut command = Command::new("sh");
    command
        .args(["-c", WAITING, program])
        .args(arguments.split_whitespace());
    let spawned = command.stdin(Stdio::piped()).stdout(Stdio::null()).spawn();
    let mut program = Program(spawned.expect("the shell starts"));
    let pid = Pid::from_raw(program.0.id().try_into().expect("a pid"));
    let traced = ptrace::seize(pid, Options::PTRACE_O_TRACEEXIT | Options::PTRACE_O_EXITKILL);
    drop(program.0.stdin.take());
    if let Err(errno) = traced {
        return Err(format!("ptrace is forbidden ({errno})"));
    }
    let (mut peak_kib, mut by_itself) = (0, true);
    loop {
        let status = waitpid(pid, Some(WaitPidFlag::WNOHANG)).expect("it is ours");
        if let WaitStatus::Exited(..) | WaitStatus::Signaled(..) = status {
            return Ok((peak_kib, by_itself));
        }
        let ends = matches!(status, WaitStatus::PtraceEvent(_, _, event) if event == Event::PTRACE_EVENT_EXIT as i32);
        if ends || by_itself {
            peak_kib = peak_kib.max(high_water_kib(program.0.id()));
        }
        if by_itself && peak_kib > enough_kib {
            by_itself = false;
            program.0.kill().expect("it is ours");
        }
        // This fails if the process was killed meanwhile; it then needs no restart.
        let _gone = match status {
            WaitStatus::Stopped(_, signal) => ptrace::cont(pid, signal),
            WaitStatus::PtraceEvent(..) => ptrace::cont(pid, None),
            _ => {
                std::thread::sleep(POLL);
                Ok(())
            }
        };
    }
}

/// `VmHWM` of a process ([proc(5)](https://man7.org/linux/man-pages/man5/proc_pid_status.5.html)); 0 when it has ended.
fn high_water_kib(pid: u32) -> u64 {
    let status = fs::read_to_string(format!("/proc/{pid}/status")).unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"));
    let number = line.and_then(|line| line.split_whitespace().next());
    number.and_then(|number| number.parse().ok()).unwrap_or(0)
}
