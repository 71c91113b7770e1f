//! What `/proc` shows of a contender to another one.
//!
//! A few files of its first process may be read. They show whether it runs, its name and its threads as they are, and everything
//! else as it was when the contender came to its first controlled call. A step after which it runs or sleeps, or has another name
//! or other threads, has stored that; one that may have changed these twice, or something else too, loses the execution, because
//! others could see what was in between. A process changes its command line without a call: one that has loses the execution too.

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

/// The files of another contender that may be read: they exist as long as its first process does.
pub(super) const SHOWN: [&str; 4] = ["stat", "status", "cmdline", "comm"];

/// Such a file: the number of its process, and its name.
type Shown = (i32, &'static str);

/// What contenders have shown to each other.
#[derive(Debug, Default)]
pub(super) struct ShownFiles {
    /// The files that one contender has read of another one, in any execution.
    asked: BTreeSet<&'static str>,
    /// What they showed at first in this execution.
    first: BTreeMap<Shown, Vec<u8>>,
    /// First processes that have come to a controlled call or a wait. Before that, a copy does less than what it is a copy of.
    begun: BTreeSet<i32>,
    /// How often one of them has changed its program, its name or its threads since the last step of its contender.
    changes: BTreeMap<ProcessId, u32>,
    /// The first processes that were about to make a call after their last step.
    running: BTreeSet<i32>,
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
        self.first.clear();
        self.begun.clear();
        self.changes.clear();
        self.running.clear();
    }

    /// A contender, whose first process has this number, comes to a controlled call or a wait.
    pub(super) fn rests(&mut self, number: i32, time: &Time) {
        self.begun.insert(number);
        for file in &self.asked {
            if !self.first.contains_key(&(number, file))
                && let Ok(text) = text_of((number, file), time)
            {
                self.first.insert((number, file), text);
            }
        }
    }

    /// The first process of a contender, which has this number, changes its program, its name or its threads.
    pub(super) fn changes(&mut self, process: ProcessId, number: i32) {
        if self.begun.contains(&number) {
            *self.changes.entry(process).or_default() += 1;
        }
    }

    /// A contender has taken a step, in which it `stores` something; its first process has this number, and is about to make a call if
    /// it `runs`. Returns whether it shows something else now.
    ///
    /// # Errors
    ///
    /// When it may have shown something in between; the text says so.
    pub(super) fn step(
        &mut self,
        (process, number): (ProcessId, i32),
        stores: bool,
        runs: bool,
    ) -> Result<bool, String> {
        let changes = self.changes.remove(&process).unwrap_or_default();
        // Others could see what it has stored, and not yet what it shows.
        if (changes > 1 || changes == 1 && stores) && self.are_read() {
            return Err(format!(
                "{process} changes its program, its name or its threads between two calls, and with that something else, and contenders \
                 read that in /proc; this is not controlled"
            ));
        }
        let begins_or_stops = if runs {
            self.running.insert(number)
        } else {
            self.running.remove(&number)
        };
        Ok(changes > 0 || begins_or_stops)
    }

    /// Whether a contender has read such a file of another one, in any execution.
    pub(super) fn are_read(&self) -> bool {
        !self.asked.is_empty()
    }

    /// What differs from the machine, if a contender has read such a file.
    pub(super) fn note(&self) -> Option<String> {
        let note = "a contender that reads /proc/PID of another one sees its memory and signals as they were at its first controlled \
                    call, no CPU time and no page faults, and that it runs only while it is about to make a call";
        self.are_read().then(|| note.to_owned())
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
        self.rests(shown.0, time);
        let now = text_of(shown, time).and_then(|now| match self.first.get(&shown) {
            Some(first) => task_files::with_lasting(Figure::of(shown.1), first, now),
            None => Ok(now),
        });
        let is_new = |now: &Vec<u8>| self.first.get(&shown) != Some(now);
        if shown.1 == "cmdline" && now.as_ref().is_ok_and(is_new) {
            return Err(lost(Retry::Never, "it has changed since its first controlled call"));
        }
        let text = now.and_then(|text| hand_over(at, decoded, &text, read));
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
    let [fd, _, wanted, offset, ..] = at.entry.arguments;
    let fd = fd as i32;
    let read = read.cast_unsigned();
    let has_offset = decoded.system.name == "pread64";
    let from = if has_offset {
        offset
    } else {
        descriptors::offset(at.task, fd)?.saturating_sub(read)
    };
    let bytes = at.hand_over(text, from)?;
    let is_whole = from == 0 && bytes == text.len() && read < wanted;
    if !has_offset && !is_whole {
        descriptors::move_to(at.group, fd, from + bytes as u64)?;
    }
    i64::try_from(bytes).map_err(io::Error::other)
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
