//! The state of a process or thread, as `/proc/PID/stat` has it: the one place that reads this file.

use std::fs::{self, File};
use std::io;
use std::os::unix::fs::{FileExt, MetadataExt};
use std::time::Duration;

/// The state of a task; [proc_pid_stat(5)](https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskState {
    /// `S`: sleeps; a signal wakes it.
    Sleeping,
    /// `D`: sleeps in the kernel; no signal wakes it.
    Uninterruptible,
    /// `T`: stopped by a signal.
    Stopped,
    /// `Z`: ended, and its parent has not waited for it.
    Zombie,
    /// `X`: dead.
    Dead,
    /// Any other state: it runs, or its tracer has stopped it.
    Other,
}

/// The open stat file of one task, for frequent reads of its state.
#[derive(Debug)]
pub struct TaskStat(File);

impl TaskStat {
    /// Opens the file.
    ///
    /// # Errors
    ///
    /// When there is no such task.
    pub fn of(task: i32) -> io::Result<Self> {
        File::open(format!("/proc/{task}/stat")).map(Self)
    }

    /// The CPU time that the task has used; `None` if it cannot be read.
    pub fn cpu_time(&self) -> Option<Duration> {
        /// Enough for all fields up to the CPU time.
        const START: usize = 512;
        /// `USER_HZ` is 100 on every architecture of the project.
        const TICK: Duration = Duration::from_millis(10);
        let mut text = [0; START];
        let read = self.0.read_at(&mut text, 0).ok()?;
        let ticks = u32::try_from(cpu_ticks(&text[..read])?).unwrap_or(u32::MAX);
        Some(TICK.saturating_mul(ticks))
    }

    /// The current state; `None` if it cannot be read.
    pub fn state(&self) -> Option<TaskState> {
        /// Enough for the pid, the name of at most 16 bytes, and the state.
        const START: usize = 128;
        let mut text = [0; START];
        let read = self.0.read_at(&mut text, 0).ok()?;
        state(&text[..read])
    }
}

/// The CPU time in clock ticks: `utime` and `stime`, the 12th and 13th fields after the name.
fn cpu_ticks(stat: &[u8]) -> Option<u64> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let fields = std::str::from_utf8(stat.get(end + 1..)?).ok()?;
    let mut times = fields
        .split_ascii_whitespace()
        .skip(11)
        .map_while(|field| field.parse().ok());
    u64::checked_add(times.next()?, times.next()?)
}

/// The letter after the name. The name is in parentheses and may contain any character; it ends at the last parenthesis.
fn state(stat: &[u8]) -> Option<TaskState> {
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    Some(match stat.get(end + 2)? {
        b'S' => TaskState::Sleeping,
        b'D' => TaskState::Uninterruptible,
        b'T' => TaskState::Stopped,
        b'Z' => TaskState::Zombie,
        b'X' => TaskState::Dead,
        _ => TaskState::Other,
    })
}

/// Whether a task is blocked in a read of this file: in `read` with a descriptor of it, see
/// [proc_pid_syscall(5)](https://man7.org/linux/man-pages/man5/proc_pid_syscall.5.html). `false` if that cannot be read.
pub fn is_reading(task: i32, file: &File) -> bool {
    let descriptor = || {
        let text = fs::read_to_string(format!("/proc/{task}/syscall")).ok()?;
        let mut words = text.split_ascii_whitespace();
        let number: i64 = words.next()?.parse().ok()?;
        let first = words.next()?.strip_prefix("0x")?;
        (number == libc::SYS_read).then(|| u64::from_str_radix(first, 16).ok())?
    };
    let same = |descriptor: u64| {
        let read = fs::metadata(format!("/proc/{task}/fd/{descriptor}")).ok()?;
        let own = file.metadata().ok()?;
        Some((read.dev(), read.ino()) == (own.dev(), own.ino()))
    };
    descriptor().and_then(same).unwrap_or(false)
}

/// Whether a process does not exist or is a zombie. A process whose state cannot be read counts as alive.
pub fn is_gone(process: i32) -> bool {
    match TaskStat::of(process) {
        Ok(stat) => matches!(stat.state(), Some(TaskState::Zombie | TaskState::Dead)),
        Err(error) => error.kind() == io::ErrorKind::NotFound,
    }
}

/// The number of the parent of a process; `None` if there is no such process.
pub fn parent(process: i32) -> Option<i32> {
    number_of(process, 1)
}

/// The process group of a process; `None` if there is no such process.
pub fn process_group(process: i32) -> Option<i32> {
    number_of(process, 2)
}

/// A number behind the name of a process: [proc_pid_stat(5)](https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
fn number_of(process: i32, position: usize) -> Option<i32> {
    let stat = fs::read(format!("/proc/{process}/stat")).ok()?;
    let end = stat.iter().rposition(|byte| *byte == b')')?;
    let mut words = stat[end + 1..]
        .split(u8::is_ascii_whitespace)
        .filter(|word| !word.is_empty());
    std::str::from_utf8(words.nth(position)?).ok()?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_state_follows_the_last_parenthesis() {
        for (text, expected) in [
            ("1 (init) S 0 1", Some(TaskState::Sleeping)),
            ("1 (a) Z (b) D 0", Some(TaskState::Uninterruptible)),
            ("1 ()) Z 0", Some(TaskState::Zombie)),
            ("1 (x) t 0", Some(TaskState::Other)),
            ("1 (x) T 0", Some(TaskState::Stopped)),
            ("1 (x)", None),
            ("", None),
        ] {
            assert_eq!(state(text.as_bytes()), expected, "{text}");
        }
    }

    #[test]
    fn the_parent_of_a_child_is_this_process() {
        let mut child = std::process::Command::new("sleep").arg("60").spawn().unwrap();
        let own = std::process::id().cast_signed();
        assert_eq!(parent(child.id().cast_signed()), Some(own));
        assert_eq!(process_group(child.id().cast_signed()), process_group(own));
        child.kill().unwrap();
        child.wait().unwrap();
        assert_eq!(parent(99_999_999), None);
    }

    #[test]
    fn the_cpu_time_is_that_of_the_task_in_user_and_kernel_mode() {
        let text = "1 (a b) S 1 2 3 4 5 6 7 8 9 10 30 12 40 50";
        assert_eq!(cpu_ticks(text.as_bytes()), Some(42));
        assert_eq!(cpu_ticks(b"1 (a b) S 1 2"), None);
    }

    #[test]
    fn a_zombie_is_gone_and_this_process_is_not() {
        assert!(!is_gone(std::process::id().cast_signed()));
        let mut child = std::process::Command::new("true").spawn().unwrap();
        let process = child.id().cast_signed();
        let deadline = std::time::Instant::now() + Duration::from_secs(60);
        while !is_gone(process) {
            assert!(std::time::Instant::now() < deadline, "it has ended by now");
            std::thread::yield_now();
        }
        child.wait().unwrap();
        assert!(is_gone(99_999_999));
    }
}
