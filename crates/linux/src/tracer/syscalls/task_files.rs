//! What `/proc` shows of a task of a contender: with the virtual times, and without what its tracer and the machine do.
//!
//! Makes no call of the program.

use std::fs;
use std::io;
use std::path::Path;

use super::at_call::AtCall;
use super::virtual_time::Time;

/// A file with figures of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Figure {
    /// [proc_pid_stat(5)](https://man7.org/linux/man-pages/man5/proc_pid_stat.5.html).
    Stat,
    /// [proc_pid_status(5)](https://man7.org/linux/man-pages/man5/proc_pid_status.5.html).
    Status,
    /// [proc_pid_statm(5)](https://man7.org/linux/man-pages/man5/proc_pid_statm.5.html).
    Memory,
}

impl Figure {
    /// The one that a file with this name has.
    pub(super) fn of(file: &str) -> Option<Self> {
        match file {
            "stat" => Some(Self::Stat),
            "status" => Some(Self::Status),
            "statm" => Some(Self::Memory),
            _ => None,
        }
    }
}

/// Files in the folder of a process that are the same in each execution, or show what only the contender changes, and those with
/// [figures](Figure).
const PRIVATE: [&str; 42] = [
    "arch_status",
    "attr",
    "auxv",
    "cgroup",
    "children",
    "clear_refs",
    "cmdline",
    "comm",
    "coredump_filter",
    "cpu_resctrl_groups",
    "cpuset",
    "cwd",
    "environ",
    "exe",
    "fd",
    "fdinfo",
    "gid_map",
    "limits",
    "loginuid",
    "map_files",
    "maps",
    "mem",
    "mountinfo",
    "mounts",
    "ns",
    "oom_adj",
    "oom_score_adj",
    "patch_state",
    "personality",
    "projid_map",
    "root",
    "seccomp_cache",
    "sessionid",
    "setgroups",
    "stat",
    "statm",
    "status",
    "task",
    "timens_offsets",
    "timers",
    "timerslack_ns",
    "uid_map",
];

/// Whether a file in the folder of a process may be read. Others show how long it has run, or what the machine has done for it.
pub(super) fn is_private(file: &str) -> bool {
    PRIVATE.contains(&file)
}

/// The text of such a file, which is at this path.
///
/// # Errors
///
/// When it cannot be read, or has another form.
pub(super) fn text(at: &AtCall<'_>, path: &Path, task: i32, figure: Figure, time: &mut Time) -> io::Result<Vec<u8>> {
    let used = time.cpu_ticks(at);
    let reader = if task == at.task || task == at.group {
        Reader::Itself { used }
    } else {
        Reader::Relative
    };
    read(path, figure, reader, time.birth_ticks(task))
}

/// The same, of the first process of a contender that began at this time, as another contender sees it.
///
/// # Errors
///
/// When it cannot be read, or has another form.
pub(super) fn text_for_others(path: &Path, figure: Figure, began_ticks: u128) -> io::Result<Vec<u8>> {
    read(path, figure, Reader::Another, began_ticks)
}

/// Who reads what `/proc` shows of a task.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Reader {
    /// Itself; it has used this CPU time, in ticks.
    Itself { used: u128 },
    /// Another task of its contender.
    Relative,
    /// Another contender: it does not see how much memory the task has, nor what the task does with signals.
    Another,
}

fn read(path: &Path, figure: Figure, reader: Reader, began_ticks: u128) -> io::Result<Vec<u8>> {
    let real = fs::read_to_string(path)?;
    let text = match figure {
        Figure::Stat => stat(&real, reader, began_ticks),
        Figure::Status => Some(status(&real, reader)),
        Figure::Memory => memory(&real),
    };
    text.map(String::into_bytes)
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// The fields of `/proc/PID/stat` from the third on.
fn stat(real: &str, reader: Reader, began_ticks: u128) -> Option<String> {
    /// The number of the first field behind the name.
    const FIRST: usize = 3;
    /// Page faults, times in the kernel and of children, places in the kernel, the processor, times of waiting and of guests.
    const ZERO: [usize; 15] = [10, 11, 12, 13, 15, 16, 17, 29, 30, 35, 39, 42, 43, 44, 24];
    /// `PF_FORKNOEXEC` and others say how the tracer started it.
    const FLAGS: usize = 9;
    const USED: usize = 14;
    const BEGAN: usize = 22;
    /// The size of its memory, and its signals: pending, blocked, ignored, caught.
    const PRIVATE: [usize; 5] = [23, 31, 32, 33, 34];
    let end = real.rfind(')')?;
    let (name, rest) = real.split_at(end + 1);
    let mut fields: Vec<String> = rest.split_whitespace().map(str::to_owned).collect();
    let mut set = |field: usize, value: String| {
        if let Some(place) = fields.get_mut(field - FIRST) {
            *place = value;
        }
    };
    let (state, used) = match reader {
        Reader::Itself { used } => ("R", used),
        Reader::Relative | Reader::Another => ("S", 0),
    };
    set(FIRST, state.to_owned());
    ZERO.iter().for_each(|field| set(*field, "0".to_owned()));
    set(FLAGS, "0".to_owned());
    set(USED, used.to_string());
    set(BEGAN, began_ticks.to_string());
    if reader == Reader::Another {
        PRIVATE.iter().for_each(|field| set(*field, "0".to_owned()));
    }
    Some(format!("{name} {}\n", fields.join(" ")))
}

/// `/proc/PID/status` without its tracer, and without what depends on the machine: memory that is in use, switches of the
/// processor, signals that are queued for the whole user.
fn status(real: &str, reader: Reader) -> String {
    let lines = real.lines().map(|line| {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        match name {
            "State" if reader == Reader::Another => "State:\tS (sleeping)".to_owned(),
            "State" => "State:\tR (running)".to_owned(),
            _ if reader == Reader::Another && name.starts_with("Vm") => format!("{name}:\t{:8} kB", 0),
            "SigPnd" | "ShdPnd" | "SigBlk" | "SigIgn" | "SigCgt" if reader == Reader::Another => {
                format!("{name}:\t{:016}", 0)
            }
            "TracerPid" | "voluntary_ctxt_switches" | "nonvoluntary_ctxt_switches" => format!("{name}:\t0"),
            "SigQ" => format!("SigQ:\t0/{}", value.rsplit('/').next().unwrap_or("0")),
            "VmHWM" | "VmRSS" | "RssAnon" | "RssFile" | "RssShmem" | "VmPTE" | "VmSwap" => {
                format!("{name}:\t{:8} kB", 0)
            }
            _ => line.to_owned(),
        }
    });
    lines.map(|line| line + "\n").collect()
}

/// `/proc/PID/statm` without the memory that is in use.
fn memory(real: &str) -> Option<String> {
    let mut figures = real.split_whitespace();
    let size = figures.next()?;
    let rest: Vec<&str> = figures.skip(2).collect();
    Some(format!("{size} 0 0 {}\n", rest.join(" ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_shows_its_virtual_times_and_nothing_of_its_tracer() {
        let real = fs::read_to_string("/proc/self/stat").unwrap();
        let shown = stat(&real, Reader::Itself { used: 7 }, 1_000).unwrap();
        let fields = |text: &str| -> Vec<String> {
            let rest = text.rsplit_once(')').unwrap().1;
            rest.split_whitespace().map(str::to_owned).collect()
        };
        let (real, shown) = (fields(&real), fields(&shown));
        assert_eq!(shown.len(), real.len());
        // The numbers of the parent, the group and the session are real.
        assert_eq!(shown[1..4], real[1..4]);
        assert_eq!(
            (shown[0].as_str(), shown[11].as_str(), shown[19].as_str()),
            ("R", "7", "1000")
        );
        let real = "Name:\tx\nTracerPid:\t9\nSigQ:\t3/77\nVmRSS:\t    1234 kB\nThreads:\t2\n";
        let status = status(real, Reader::Relative);
        assert_eq!(
            status,
            "Name:\tx\nTracerPid:\t0\nSigQ:\t0/77\nVmRSS:\t       0 kB\nThreads:\t2\n"
        );
        assert_eq!(memory("9 8 7 6 0 4 0\n").as_deref(), Some("9 0 0 6 0 4 0\n"));
    }

    #[test]
    fn a_name_with_brackets_is_kept() {
        let shown = stat("7 (a) b) t 1 2", Reader::Relative, 0).unwrap();
        assert_eq!(shown, "7 (a) b) S 1 2\n");
    }

    #[test]
    fn another_contender_sees_neither_the_memory_nor_the_signals_of_a_process() {
        let real = fs::read_to_string("/proc/self/stat").unwrap();
        let shown = stat(&real, Reader::Another, 9).unwrap();
        let fields: Vec<&str> = shown.rsplit_once(')').unwrap().1.split_whitespace().collect();
        assert_eq!((fields[0], fields[19], fields[20]), ("S", "9", "0"));
        let status = status(
            "State:\tt (tracing stop)\nVmPeak:\t 9 kB\nThreads:\t2\nSigCgt:\t1\n",
            Reader::Another,
        );
        assert_eq!(
            status,
            "State:\tS (sleeping)\nVmPeak:\t       0 kB\nThreads:\t2\nSigCgt:\t0000000000000000\n"
        );
    }
}
