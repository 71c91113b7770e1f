//! Traces that a run could leave: processes, loop devices, mounts, files.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use super::command::{LIMIT, POLL};
use crate::harness::process::TEST_DIRECTORY;

/// The traces, by name.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Traces(BTreeSet<String>);

impl Traces {
    /// The current traces; also in these directories.
    pub(crate) fn now(directories: &[&Path]) -> Self {
        let mut all = BTreeSet::new();
        // Other tests, and this one, make theirs at the same time; this one in directories of tempfile.
        let own = std::env::temp_dir();
        let own = own.to_str().expect("a path in text");
        let of_a_test = |file: &str| match file.strip_prefix(own) {
            Some(rest) => rest.starts_with("/.tmp"),
            None => file.contains(TEST_DIRECTORY),
        };
        for device in names(Path::new("/sys/block")) {
            let file = fs::read_to_string(Path::new("/sys/block").join(&device).join("loop/backing_file"));
            if let Ok(file) = file
                && !of_a_test(&file)
            {
                all.insert(format!("{device} of {}", file.trim()));
            }
        }
        let mounts = fs::read_to_string("/proc/self/mountinfo").expect("/proc is mounted");
        all.extend(mounts.lines().map(|line| format!("mount {line}")));
        let temporary = std::env::temp_dir();
        let ours = |name: &String| name.starts_with("onewinner-");
        all.extend(
            names(&temporary)
                .into_iter()
                .filter(ours)
                .map(|name| format!("temporary {name}")),
        );
        for directory in directories
            .iter()
            .copied()
            .chain(["/mnt", "/media", "/srv"].map(Path::new))
        {
            let here = names(directory).into_iter();
            all.extend(here.map(|name| format!("file {name} in {}", directory.display())));
        }
        Self(all)
    }

    /// Waits until there are no new traces. Traces that other tests have made in the meantime vanish too.
    pub(crate) fn await_no_more(&self, directories: &[&Path], family: &[u32]) {
        let deadline = std::time::Instant::now() + LIMIT;
        loop {
            let left: Vec<String> = Self::now(directories).0.difference(&self.0).cloned().collect();
            let living: Vec<u32> = family.iter().copied().filter(|pid| lives(*pid)).collect();
            if left.is_empty() && living.is_empty() {
                return;
            }
            assert!(
                std::time::Instant::now() < deadline,
                "{left:?} are left, and the processes {living:?}"
            );
            std::thread::sleep(POLL);
        }
    }
}

fn names(directory: &Path) -> BTreeSet<String> {
    let entries = fs::read_dir(directory).into_iter().flatten().flatten();
    entries
        .map(|entry| entry.file_name().to_string_lossy().into_owned())
        .collect()
}

/// The run directories in a directory.
pub(crate) fn runs(directory: &Path) -> Vec<PathBuf> {
    let runs = names(directory).into_iter();
    runs.filter(|name| name.starts_with("onewinner-") && !name.ends_with("-look"))
        .map(|name| directory.join(name))
        .collect()
}

/// The processes that descend from this one, zombies too.
pub(crate) fn descendants(root: u32) -> Vec<u32> {
    let entries = fs::read_dir("/proc").expect("/proc is mounted").flatten();
    let all: Vec<(u32, u32)> = entries
        .filter_map(|entry| {
            let pid = entry.file_name().to_str()?.parse().ok()?;
            let stat = fs::read_to_string(entry.path().join("stat")).ok()?;
            // The name in parentheses may contain anything, but the last one closes it; proc_pid_stat(5).
            let parent = stat.rsplit(')').next()?.split_whitespace().nth(1)?.parse().ok()?;
            Some((pid, parent))
        })
        .collect();
    let mut found = vec![root];
    let mut next = 0;
    while let Some(&parent) = found.get(next) {
        found.extend(all.iter().filter(|(_, its)| *its == parent).map(|(pid, _)| *pid));
        next += 1;
    }
    found.split_off(1)
}

/// The worker of a command.
pub(crate) fn worker_of(command: u32) -> Option<u32> {
    let is_worker = |pid: &u32| {
        fs::read(format!("/proc/{pid}/cmdline")).is_ok_and(|line| {
            let mut words = line.split(|byte| *byte == 0);
            words.nth(1) == Some(b"matrix-worker")
        })
    };
    descendants(command).into_iter().find(is_worker)
}

/// Whether a process is alive, and not a zombie.
pub(crate) fn lives(pid: u32) -> bool {
    fs::read_to_string(format!("/proc/{pid}/stat")).is_ok_and(|stat| {
        !stat
            .rsplit(')')
            .next()
            .is_some_and(|rest| rest.trim_start().starts_with('Z'))
    })
}
