//! Resolves names below `/proc`, where a link leads elsewhere for each task.
//!
//! What belongs to the task itself is its own. Of another contender the existence is known, and a few files that stay the same as
//! long as it exists. Files that show several contenders are hidden: the tracer cannot say what they show. Changes nothing, and
//! knows no call.

use std::ffi::{OsStr, OsString};
use std::fs::{self, Metadata};
use std::io::ErrorKind;
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};

use super::decode::{Base, PathArgument};
use super::descriptor_links;
use super::kernel_files;
use super::path_walk::{End, Walk, has_no_name};
use super::process_numbers::Owner;
use super::shown_files::SHOWN;
use super::task_files;
use super::watched_tree::{Read, WatchedTree};
use onewinner_core::access::Object;

/// Files directly below `/proc`, and folders, that show what other contenders do:
/// [proc(5)](https://man7.org/linux/man-pages/man5/proc.5.html).
const SHOWS_OTHERS: [&str; 4] = ["locks", "sysvipc", "keys", "key-users"];

/// Files of `/proc/net` that show how the machine is connected, and no socket.
const SHOWS_NO_SOCKET: [&str; 3] = ["if_inet6", "ipv6_route", "route"];

/// Files of a process that is no contender which stay as they are.
const CONSTANT: [&str; 4] = ["cgroup", "cmdline", "comm", "environ"];

impl WatchedTree {
    /// What a task has open, or a link shows, at this path, if it is in the folder of a contender below `/proc`.
    pub(super) fn of_a_contender(&self, task: i32, path: &Path) -> Option<End> {
        let below = path.strip_prefix("/proc").ok()?;
        let number = below.iter().next()?.to_str()?.parse().ok()?;
        self.contender(number)?;
        // The kernel shows this when the process is gone.
        let path = PathBuf::from(path.to_string_lossy().trim_end_matches(" (deleted)"));
        Some(match self.owner(self.contender(task)?, number) {
            Owner::Own | Owner::Nobody => End::Own,
            Owner::First(of) => End::Process { of, path },
            Owner::Later(of) => End::Hidden(format!("has a file in /proc of a child or a thread of {of} open")),
        })
    }
}

impl Walk<'_> {
    /// Reads a name directly below `/proc`.
    pub(super) fn in_proc(&mut self, name: &OsStr, follow: bool) -> Option<End> {
        let text = name.to_str().unwrap_or_default();
        match text {
            "self" => return self.in_own_process(self.at.group, Vec::new(), follow),
            "thread-self" => {
                let below = vec!["task".into(), self.at.task.to_string().into()];
                return self.in_own_process(self.at.group, below, follow);
            }
            "net" => return Some(self.in_net()),
            _ if SHOWS_OTHERS.contains(&text) => {
                return Some(End::Hidden(format!("uses /proc/{text}, which shows other contenders")));
            }
            _ => {}
        }
        let Ok(number) = text.parse() else {
            return self.step(name, follow);
        };
        let only_existence = "only whether its first process exists is tracked";
        match self.tree.owner(self.at.process, number) {
            Owner::Own => self.in_own_process(number, Vec::new(), follow),
            Owner::First(of) if self.ends_in(&SHOWN) => {
                let path = self
                    .here
                    .join(name)
                    .join(self.rest.first().map_or(OsStr::new(""), AsRef::as_ref));
                Some(End::Process { of, path })
            }
            Owner::First(process) => Some(End::Hidden(format!(
                "uses a file in /proc of {process}, another contender; {only_existence}"
            ))),
            Owner::Later(process) => Some(End::Hidden(format!(
                "uses /proc/{number}, a child or a thread of {process}; {only_existence}"
            ))),
            Owner::Nobody if !fs::exists(self.here.join(name)).unwrap_or(true) => Some(End::Nowhere),
            Owner::Nobody if self.ends_in(&CONSTANT) => self.step(name, follow),
            // The process that starts all contenders, or their tracer.
            Owner::Nobody => Some(End::Hidden(format!(
                "uses a file in /proc/{number}, of a process that is no contender and may show others"
            ))),
        }
    }

    /// The end of a way to a file of the kernel whose figures are real.
    pub(super) fn refused(&self, metadata: &Metadata, real: &Path) -> Option<End> {
        let is_real = metadata.is_file() && !kernel_files::is_constant(real);
        is_real.then(|| {
            End::Figures(format!(
                "uses {}, which changes with time or with what other contenders do",
                real.display()
            ))
        })
    }

    /// Whether the way ends here, or with one of these names.
    fn ends_in(&self, names: &[&str]) -> bool {
        match &self.rest[..] {
            [] => true,
            [name] => names.iter().any(|known| name == known),
            _ => false,
        }
    }

    /// Reads names below `/proc/NUMBER`, a process of this contender, from the names `below` on.
    fn in_own_process(&mut self, number: i32, mut below: Vec<OsString>, follow: bool) -> Option<End> {
        loop {
            let Some(name) = self.rest.pop() else {
                return Some(End::Own);
            };
            let last = self.rest.is_empty();
            let names: Vec<&str> = below.iter().filter_map(|name| name.to_str()).collect();
            let (task, names) = match names[..] {
                ["task", task, ref names @ ..] => (task.parse().unwrap_or(number), names.to_vec()),
                ref names => (number, names.to_vec()),
            };
            match (&names[..], name.to_str().unwrap_or_default()) {
                (_, ".") => {}
                (_, "..") if below.is_empty() => {
                    self.here = PathBuf::from("/proc");
                    return None;
                }
                (_, "..") => {
                    below.pop();
                }
                ([], "net") => return Some(self.in_net()),
                ([], link @ ("cwd" | "root" | "exe")) if last && !follow => {
                    return Some(self.shows(&format!("/proc/{task}/{link}")));
                }
                ([], link @ ("cwd" | "root" | "exe")) => return self.through(&format!("/proc/{task}/{link}")),
                (["fd"], fd) if last && !follow => return Some(self.shows(&format!("/proc/{task}/fd/{fd}"))),
                (["fdinfo"], fd) if fd.parse().is_ok_and(|fd| descriptor_links::is_pidfd(task, fd)) => {
                    return Some(End::Hidden(
                        "uses /proc/self/fdinfo of a pidfd, which shows its process".to_owned(),
                    ));
                }
                (["fd"], fd) if last => {
                    return Some(fd.parse().map_or(End::Own, |fd| self.tree.descriptor(task, fd)));
                }
                (["fd"], fd) => return self.through(&format!("/proc/{task}/fd/{fd}")),
                ([], "maps" | "map_files") if self.runs_a_watched_file(task) => {
                    return Some(End::Hidden(
                        "uses /proc/self/maps, which shows the name of its program, and that is a watched file"
                            .to_owned(),
                    ));
                }
                ([], file)
                    if !task_files::is_private(file) && fs::exists(format!("/proc/{task}/{file}")).unwrap_or(true) =>
                {
                    return Some(End::Figures(format!(
                        "uses /proc/self/{file}, whose figures are real and not the same in each execution"
                    )));
                }
                _ => below.push(name),
            }
        }
    }

    /// Whether the program of a task is a watched file: others may rename or remove it.
    fn runs_a_watched_file(&self, task: i32) -> bool {
        let program = fs::metadata(format!("/proc/{task}/exe"));
        program.is_ok_and(|program| self.tree.identity_of((program.dev(), program.ino())).is_some())
    }

    /// The text of a link of `/proc` is read: it shows where a file is now, and whether it lost its name.
    fn shows(&mut self, link: &str) -> End {
        let found = fs::read_link(link).and_then(|path| Ok((path, fs::metadata(link)?)));
        let (path, metadata) = match found {
            Ok(found) => found,
            Err(error) if error.kind() == ErrorKind::NotFound => return End::Own,
            Err(error) => return End::Hidden(format!("reads a link that cannot be examined ({error})")),
        };
        if !path.is_absolute() || has_no_name(&path) {
            return End::Own;
        }
        match self.tree.of_a_contender(self.at.task, &path) {
            Some(End::Process { .. }) => {
                return End::Hidden("reads a link to a file of another contender in /proc".to_owned());
            }
            Some(end) => return end,
            None => {}
        }
        let there = self.tree.inode(&metadata, &path);
        self.saw(Read {
            object: Object::Links(there.id),
            side: there.side,
            path: path.clone(),
        });
        let mut walk = Walk::new(self.tree, self.at);
        walk.push(&path);
        let base = Base::WorkingDirectory;
        walk.take_known_way(&PathArgument { base, path });
        let follow = false;
        for read in walk.run(follow).read {
            self.saw(read);
        }
        End::Own
    }

    /// Reads names below `/proc/net`.
    fn in_net(&mut self) -> End {
        let name = self.rest.pop().unwrap_or_default();
        if SHOWS_NO_SOCKET.iter().any(|known| name == **known) {
            return End::Own;
        }
        End::Hidden(format!(
            "uses /proc/net/{}, which shows the sockets of other contenders",
            name.display()
        ))
    }
}
