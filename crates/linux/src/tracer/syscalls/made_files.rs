//! Reads of files and devices with random contents, with the time, or with figures: the tracer makes the contents, the same in
//! each execution. `task_files.rs` makes those of a process.
//!
//! The tracer answers the whole read, and moves the offset of the open file. Makes no call of the program.

use std::io;
use std::path::{Path, PathBuf};

use super::clocks::machine_start;
use super::decode::Decoded;
use super::descriptor_links;
use super::entropy;
use super::interpreter::{AtCall, Decision};
use super::kernel_files::is_frozen;
use super::path_walk::End;
use super::process_calls::uncontrolled;
use super::programs::Programs;
use super::task_files::{self, Figure};
use super::task_times::ticks;
use super::watched_tree::InodeKind;
use crate::sys::{bits, descriptors};

/// A file or device whose contents the tracer makes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum MadeFile {
    /// `/dev/random` or `/dev/urandom` (`Documentation/admin-guide/devices.txt`).
    Device,
    /// A new UUID for each read: [proc_sys_kernel(5)](https://man7.org/linux/man-pages/man5/proc_sys_kernel.5.html).
    Uuid,
    /// The UUID of the start of the machine.
    BootId,
    /// The time since the start of the machine: [proc_uptime(5)](https://man7.org/linux/man-pages/man5/proc_uptime.5.html).
    Uptime,
    /// When the machine was started, and what its processors have done since:
    /// [proc_stat(5)](https://man7.org/linux/man-pages/man5/proc_stat.5.html).
    Machine,
    /// Figures that stay as they were.
    Frozen(PathBuf),
    /// Figures of a task of the contender.
    OfTask(PathBuf, i32, Figure),
}

impl MadeFile {
    /// Which one an open descriptor leads to.
    pub(super) fn of(end: &End, task: i32, fd: i32) -> Option<Self> {
        match end {
            End::Own => Self::at(&descriptor_links::link(task, fd)?),
            End::Object(there) => {
                let devices = [bits::RANDOM_DEVICE, bits::URANDOM_DEVICE].map(InodeKind::Device);
                if devices.contains(&there.kind) {
                    Some(Self::Device)
                } else {
                    Self::at(&there.path)
                }
            }
            _ => None,
        }
    }

    /// Which one has this path, without symbolic links.
    fn at(path: &Path) -> Option<Self> {
        let text = path.to_str()?;
        if let Some(below) = text.strip_prefix("/proc/") {
            let names: Vec<&str> = below.split('/').collect();
            let of_task = |task: &str, file: &str| {
                let figure = Figure::of(file)?;
                Some(Self::OfTask(path.to_owned(), task.parse().ok()?, figure))
            };
            return match names[..] {
                ["uptime"] => Some(Self::Uptime),
                ["stat"] => Some(Self::Machine),
                ["sys", "kernel", "random", "uuid"] => Some(Self::Uuid),
                ["sys", "kernel", "random", "boot_id"] => Some(Self::BootId),
                [task, file] | [_, "task", task, file] if task.parse::<i32>().is_ok() => of_task(task, file),
                _ if is_frozen(path) => Some(Self::Frozen(path.to_owned())),
                _ => None,
            };
        }
        is_frozen(path).then(|| Self::Frozen(path.to_owned()))
    }
}

impl Programs {
    /// A read of such a file. One into several buffers is out of control.
    pub(super) fn read_made_file(&mut self, at: &AtCall<'_>, name: &str, file: &MadeFile) -> Decision {
        let [fd, place, wanted, offset, ..] = at.entry.arguments;
        if !matches!(name, "read" | "pread64") {
            return uncontrolled(at, name, "reads what the tracer makes into several buffers");
        }
        let read = if *file == MadeFile::Device {
            self.entropy.fill(at, place, wanted)
        } else {
            let offset = (name == "pread64").then_some(offset);
            self.contents(at, file)
                .and_then(|contents| hand_over(at, &contents, (fd as i32, offset)))
        };
        match read {
            Ok(bytes) => Decision::Answered(bytes),
            Err(error) => uncontrolled(at, name, &format!("reads a file that cannot be made ({error})")),
        }
    }

    fn contents(&mut self, at: &AtCall<'_>, file: &MadeFile) -> io::Result<Vec<u8>> {
        Ok(match file {
            MadeFile::Device => Vec::new(),
            MadeFile::Uuid => format!("{}\n", self.entropy.uuid(at)).into_bytes(),
            MadeFile::BootId => format!("{}\n", entropy::boot_id()).into_bytes(),
            MadeFile::Uptime => {
                let since_start = self.time.since_start(at);
                // The second figure is how long processors were idle.
                format!(
                    "{}.{:02} 0.00\n",
                    since_start.as_secs(),
                    since_start.subsec_millis() / 10
                )
                .into_bytes()
            }
            MadeFile::Machine => {
                let processors = self.figures.text(Path::new("/proc/stat"))?;
                machine_text(&String::from_utf8_lossy(&processors), ticks(self.time.since_start(at))).into_bytes()
            }
            MadeFile::Frozen(path) => self.figures.text(path)?,
            MadeFile::OfTask(path, task, figure) => task_files::text(at, path, *task, *figure, &mut self.time)?,
        })
    }

    /// Whether a call copies the contents of such a file to another place.
    pub(super) fn copies_made_file(&self, at: &AtCall<'_>, decoded: &Decoded) -> bool {
        let mut sources = decoded.read.iter();
        sources.any(|fd| MadeFile::of(&self.tree.descriptor(at.task, *fd), at.task, *fd).is_some())
    }
}

/// Writes the rest of a file to the memory of a task, from an offset or from that of the open file, which moves on. Returns how
/// many bytes.
fn hand_over(at: &AtCall<'_>, contents: &[u8], (fd, offset): (i32, Option<u64>)) -> io::Result<i64> {
    let from = offset.map_or_else(|| descriptors::offset(at.task, fd), Ok)?;
    let bytes = at.hand_over(contents, from)?;
    if offset.is_none() && bytes > 0 {
        descriptors::move_to(at.group, fd, from + bytes as u64)?;
    }
    i64::try_from(bytes).map_err(io::Error::other)
}

/// `/proc/stat` of a machine with these processors, which have been idle since its start.
fn machine_text(real: &str, idle_ticks: u128) -> String {
    let mut text = String::new();
    for line in real.lines().filter(|line| line.starts_with("cpu")) {
        let name = line.split(' ').next().unwrap_or("cpu");
        // The name of all processors together is followed by two blanks.
        let blank = if name == "cpu" { " " } else { "" };
        text += &format!("{name}{blank} 0 0 0 {idle_ticks} 0 0 0 0 0 0\n");
    }
    let start = machine_start().as_secs();
    text + &format!("intr 0\nctxt 0\nbtime {start}\nprocesses 1\nprocs_running 1\nprocs_blocked 0\nsoftirq 0\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_made_by_its_path() {
        let at = |path: &str| MadeFile::at(Path::new(path));
        assert_eq!(at("/proc/stat"), Some(MadeFile::Machine));
        assert_eq!(at("/proc/meminfo"), Some(MadeFile::Frozen("/proc/meminfo".into())));
        for path in ["/proc/70/stat", "/proc/60/task/70/stat"] {
            assert_eq!(at(path), Some(MadeFile::OfTask(path.into(), 70, Figure::Stat)));
        }
        for path in ["/proc/70/maps", "/proc/self", "/tmp/proc/stat", "/proc/70/task/70"] {
            assert_eq!(at(path), None, "{path}");
        }
    }

    #[test]
    fn the_processors_of_the_machine_are_idle_since_its_start() {
        let text = machine_text("cpu  9 9 9 9\ncpu0 9 9 9 9\nintr 8 8\nbtime 7\n", 5);
        assert!(text.starts_with("cpu  0 0 0 5 0 0 0 0 0 0\ncpu0 0 0 0 5 "), "{text}");
        assert!(text.contains("\nbtime 1892456000\n"), "{text}");
    }
}
