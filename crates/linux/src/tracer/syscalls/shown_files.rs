//! What `/proc` shows of a contender to another one.
//!
//! A few files of its first process may be read. They show it at rest, with the virtual time of its start, and have to stay as they
//! were when it came to its first controlled call: that they change is no step, so a change loses the execution.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::io;
use std::path::Path;

use super::at_call::AtCall;
use super::decode::Decoded;
use super::path_walk::End;
use super::task_files::{self, Figure};
use super::virtual_time::Time;
use super::watched_tree::WatchedTree;
use crate::sys::descriptors;
use onewinner_core::explore::{Lost, Retry};
use onewinner_core::id::ProcessId;

/// The files of another contender that may be read.
pub(super) const SHOWN: [&str; 4] = ["stat", "status", "cmdline", "comm"];

/// Such a file: the number of its process, and its name.
type Shown = (i32, &'static str);

/// What contenders have shown to each other.
#[derive(Debug, Default)]
pub(super) struct ShownFiles {
    /// The files that one contender has read of another one, in any execution.
    asked: BTreeSet<&'static str>,
    /// What they show in this execution.
    texts: BTreeMap<Shown, Vec<u8>>,
}

/// Which file is at this path, if it may be read.
pub(super) fn shown(path: &Path) -> Option<Shown> {
    let mut below = path.strip_prefix("/proc").ok()?.iter();
    let number = below.next()?.to_str()?.parse().ok()?;
    let name = below.next()?.to_str()?;
    let file = SHOWN.into_iter().find(|file| *file == name)?;
    below.next().is_none().then_some((number, file))
}

impl ShownFiles {
    /// A new execution begins.
    pub(super) fn begin(&mut self) {
        self.texts.clear();
    }

    /// A contender, whose first process has this number, is at rest: what others read of it is still the same.
    ///
    /// # Errors
    ///
    /// When it is not; the text says what has changed.
    pub(super) fn check(&mut self, (process, number): (ProcessId, i32), time: &Time) -> Result<(), String> {
        for file in &self.asked {
            // The process may have ended.
            let Ok(text) = text_of((number, file), time) else {
                continue;
            };
            let before = self.texts.entry((number, file)).or_insert_with(|| text.clone());
            if *before != text {
                return Err(format!(
                    "{process} changes what /proc/PID/{file} shows of it to another contender; this is not controlled"
                ));
            }
        }
        Ok(())
    }

    /// Replaces what a task has read of another contender, which the kernel has answered with this; the number of bytes if it has.
    ///
    /// # Errors
    ///
    /// When the execution is lost.
    pub(super) fn replace(
        &mut self,
        at: &AtCall<'_>,
        decoded: &Decoded,
        read: i64,
        (tree, time): (&WatchedTree, &Time),
    ) -> Result<Option<i64>, Lost> {
        let [fd] = decoded.read[..] else { return Ok(None) };
        let End::Process { of, path } = tree.descriptor(at.task, fd) else {
            return Ok(None);
        };
        let lost = |again, why: &str| Lost {
            reason: format!("{} reads {} of {of}: {why}", at.process, path.display()),
            again,
        };
        let unreadable = |error: io::Error| lost(Retry::Maybe, &error.to_string());
        if read <= 0 {
            // The kernel would have handed over the rest of what it had read before.
            let is_rest = read < 0 && descriptors::offset(at.task, fd).map_err(unreadable)? > 0;
            return if is_rest {
                Err(lost(Retry::Never, "in pieces, while that ends"))
            } else {
                Ok(None)
            };
        }
        let Some(shown) = shown(&path) else {
            return Err(lost(Retry::Never, "this is not controlled"));
        };
        if self.asked.insert(shown.1) {
            return Err(lost(Retry::Maybe, "for the first time"));
        }
        self.check((of, shown.0), time)
            .map_err(|why| lost(Retry::Never, &why))?;
        let text = text_of(shown, time).and_then(|text| hand_over(at, decoded, &text, read));
        text.map(Some).map_err(unreadable)
    }
}

fn text_of((number, file): Shown, time: &Time) -> io::Result<Vec<u8>> {
    let path = format!("/proc/{number}/{file}");
    match Figure::of(file) {
        Some(figure) => task_files::text_for_others(Path::new(&path), figure, time.birth_ticks(number)),
        None => fs::read(path),
    }
}

/// Writes the rest of a text over what the kernel has read. A task that has read it whole is at its end for the kernel too, where no
/// process is asked; after a part it goes on where this part ends.
fn hand_over(at: &AtCall<'_>, decoded: &Decoded, text: &[u8], read: i64) -> io::Result<i64> {
    let [fd, place, wanted, offset, ..] = at.entry.arguments;
    let fd = fd as i32;
    let read = read.cast_unsigned();
    let has_offset = decoded.system.name == "pread64";
    let from = if has_offset {
        offset
    } else {
        descriptors::offset(at.task, fd)?.saturating_sub(read)
    };
    let rest = &text[usize::try_from(from).unwrap_or(usize::MAX).min(text.len())..];
    let part = &rest[..usize::try_from(wanted).unwrap_or(usize::MAX).min(rest.len())];
    at.memory.write(place, part)?;
    let is_whole = from == 0 && part.len() == text.len() && read < wanted;
    if !has_offset && !is_whole {
        descriptors::move_to(at.group, fd, from + part.len() as u64)?;
    }
    i64::try_from(part.len()).map_err(io::Error::other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_few_files_of_a_process_are_shown() {
        let shown = |path: &str| shown(Path::new(path));
        assert_eq!(shown("/proc/70/stat"), Some((70, "stat")));
        for path in [
            "/proc/70",
            "/proc/70/environ",
            "/proc/70/task/70/stat",
            "/proc/stat",
            "/tmp/70/stat",
        ] {
            assert_eq!(shown(path), None, "{path}");
        }
    }
}
