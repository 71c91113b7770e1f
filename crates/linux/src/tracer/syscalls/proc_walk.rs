//! Resolves names below `/proc`, where a link leads elsewhere for each task.
//!
//! What belongs to the task itself is its own. Of another contender only the existence is known. Files that show several
//! contenders are hidden: the tracer cannot say what they show. Changes nothing, and knows no call.

use std::ffi::{OsStr, OsString};
use std::path::{Path, PathBuf};

use super::path_walk::{End, Walk};
use super::watched_tree::WatchedTree;

/// Files directly below `/proc`, and folders, that show what other contenders do:
/// [proc(5)](https://man7.org/linux/man-pages/man5/proc.5.html).
const SHOWS_OTHERS: [&str; 4] = ["locks", "sysvipc", "keys", "key-users"];

/// Files of `/proc/net` that show how the machine is connected, and no socket.
const SHOWS_NO_SOCKET: [&str; 5] = ["if_inet6", "ipv6_route", "route", "dev", "arp"];

impl WatchedTree {
    /// Whether a path is below `/proc`, and in the directory of a process of contenders.
    pub(super) fn is_own_in_proc(&self, path: &Path) -> bool {
        let below = path.strip_prefix("/proc").ok();
        let number = below.and_then(|below| below.iter().next()?.to_str()?.parse().ok());
        number.is_some_and(|number| self.contender(number).is_some())
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
        let number = text.parse().ok();
        match number.and_then(|number| Some((number, self.tree.contender(number)?))) {
            Some((number, process)) if process == self.at.process => self.in_own_process(number, Vec::new(), follow),
            Some((_, process)) => Some(End::Process(process)),
            None => self.step(name, follow),
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
                ([], "cwd" | "root" | "exe") if last && !follow => return Some(End::Own),
                ([], link @ ("cwd" | "root" | "exe")) => return self.through(&format!("/proc/{task}/{link}")),
                (["fd"], _) if last && !follow => return Some(End::Own),
                (["fd"], fd) if last => {
                    return Some(fd.parse().map_or(End::Own, |fd| self.tree.descriptor(task, fd)));
                }
                (["fd"], fd) => return self.through(&format!("/proc/{task}/fd/{fd}")),
                _ => below.push(name),
            }
        }
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
