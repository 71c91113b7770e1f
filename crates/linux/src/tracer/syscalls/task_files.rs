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

/// The size of a page: what `stat` counts resident memory in.
const PAGE_BYTES: u64 = 4_096;

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
    /// Another contender: it sees the task at rest.
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

/// What such a file shows `now`, but everything that a process does with its memory and signals as it was at `first`. Other files
/// show what they show now.
///
/// # Errors
///
/// When they have another form.
pub(super) fn with_lasting(figure: Option<Figure>, first: &[u8], now: Vec<u8>) -> io::Result<Vec<u8>> {
    let (first, text) = (String::from_utf8_lossy(first), String::from_utf8_lossy(&now));
    let shown = match figure {
        Some(Figure::Stat) => stat_with_lasting(&first, &text),
        Some(Figure::Status) => Some(status_with_lasting(&first, &text)),
        Some(Figure::Memory) | None => return Ok(now),
    };
    shown
        .map(String::into_bytes)
        .ok_or_else(|| io::ErrorKind::InvalidData.into())
}

fn stat_with_lasting(first: &str, now: &str) -> Option<String> {
    /// Its state, its parent, group and session, and the number of its threads, counted from the state on.
    const OF_NOW: [usize; 5] = [0, 1, 2, 3, 17];
    let fields = |text: &str| -> Option<(String, Vec<String>)> {
        let (name, rest) = text.split_at(text.rfind(')')? + 1);
        Some((name.to_owned(), rest.split_whitespace().map(str::to_owned).collect()))
    };
    let ((_, mut shown), (name, now)) = (fields(first)?, fields(now)?);
    for place in OF_NOW {
        shown.get_mut(place)?.clone_from(now.get(place)?);
    }
    Some(format!("{name} {}\n", shown.join(" ")))
}

fn status_with_lasting(first: &str, now: &str) -> String {
    const OF_NOW: [&str; 5] = ["Name:", "State:", "PPid:", "Threads:", "NSpgid:"];
    let lines = first.lines().map(|line| {
        let name = line.split_inclusive(':').next().unwrap_or(line);
        let now = now.lines().find(|line| line.starts_with(name));
        now.filter(|_| OF_NOW.contains(&name)).unwrap_or(line)
    });
    lines.map(|line| line.to_owned() + "\n").collect()
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
    const MEMORY: usize = 23;
    const RESIDENT: usize = 24;
    const PENDING: usize = 31;
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
        Reader::Relative => ("S", 0),
        // Its tracer has stopped it before a call.
        Reader::Another if rest.trim_start().starts_with('t') => ("R", 0),
        Reader::Another => (rest.trim_start().get(..1).unwrap_or("S"), 0),
    };
    set(FIRST, state.to_owned());
    ZERO.iter().for_each(|field| set(*field, "0".to_owned()));
    set(FLAGS, "0".to_owned());
    set(USED, used.to_string());
    set(BEGAN, began_ticks.to_string());
    if reader == Reader::Another {
        set(PENDING, "0".to_owned());
        // None would mean that it is a zombie.
        let pages = fields.get(MEMORY - FIRST).and_then(|bytes| bytes.parse::<u64>().ok());
        let pages = pages.map(|bytes| (bytes / PAGE_BYTES).to_string());
        if let (Some(pages), Some(resident)) = (pages, fields.get_mut(RESIDENT - FIRST)) {
            *resident = pages;
        }
    }
    Some(format!("{name} {}\n", fields.join(" ")))
}

/// `/proc/PID/status` without its tracer, and without what depends on the machine: memory that is in use, switches of the
/// processor, signals that are queued for the whole user.
fn status(real: &str, reader: Reader) -> String {
    let sizes = || real.lines().filter_map(|line| line.strip_prefix("VmSize:"));
    let memory = sizes().next().unwrap_or_default();
    let lines = real.lines().map(|line| {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        match name {
            "State" if reader == Reader::Another && value.trim_start() != "t (tracing stop)" => line.to_owned(),
            "State" => "State:\tR (running)".to_owned(),
            // None would mean that it is a zombie.
            "VmRSS" if reader == Reader::Another => format!("VmRSS:\t{}", memory.trim_start()),
            "SigPnd" | "ShdPnd" if reader == Reader::Another => format!("{name}:\t{:016}", 0),
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
    fn memory_and_signals_are_shown_as_they_were_at_first() {
        let shown = |figure, first: &str, now: &str| {
            let shown = with_lasting(Some(figure), first.as_bytes(), now.as_bytes().to_vec());
            String::from_utf8(shown.unwrap()).unwrap()
        };
        let fields =
            |state: &str, threads: u8, memory: u8| format!("{state} 1 2 3{} {threads} 0 0 {memory}", " 0".repeat(13));
        let (first, now) = (fields("R", 1, 9), fields("S", 2, 5));
        let expected = format!("7 (b) {}\n", fields("S", 2, 9));
        assert_eq!(
            shown(Figure::Stat, &format!("7 (a) {first}"), &format!("7 (b) {now}")),
            expected
        );
        let (first, now) = (
            "Name:\ta\nThreads:\t1\nSigCgt:\t2\n",
            "Name:\tb\nThreads:\t2\nSigCgt:\t0\n",
        );
        assert_eq!(shown(Figure::Status, first, now), "Name:\tb\nThreads:\t2\nSigCgt:\t2\n");
        assert_eq!(with_lasting(None, b"a", b"b".to_vec()).unwrap(), b"b");
        assert!(with_lasting(Some(Figure::Stat), b"7 (a) R", b"7".to_vec()).is_err());
    }

    #[test]
    fn another_contender_sees_whether_a_process_sleeps_and_no_zombie() {
        let real = fs::read_to_string("/proc/self/stat").unwrap();
        let shown = stat(&real, Reader::Another, 9).unwrap();
        let fields = |text: &str| -> Vec<String> {
            let rest = text.rsplit_once(')').unwrap().1;
            rest.split_whitespace().map(str::to_owned).collect()
        };
        let (real, shown) = (fields(&real), fields(&shown));
        assert_eq!((&shown[0], shown[19].as_str(), &shown[20]), (&real[0], "9", &real[20]));
        for (state, expected) in [("t", "R"), ("D", "D"), ("S", "S")] {
            let shown = stat(&format!("7 (a) {state} 1 2"), Reader::Another, 0).unwrap();
            assert_eq!(shown, format!("7 (a) {expected} 1 2\n"));
        }
        assert_ne!(shown[21], "0");
        let status = status(
            "State:\tt (tracing stop)\nVmSize:\t 9 kB\nVmRSS:\t 7 kB\nSigCgt:\t1\n",
            Reader::Another,
        );
        assert_eq!(
            status,
            "State:\tR (running)\nVmSize:\t 9 kB\nVmRSS:\t9 kB\nSigCgt:\t1\n"
        );
    }
}
