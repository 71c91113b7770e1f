//! The machine: its kernel and limits, the directories, and the file systems that can be made. Knows no lock.

use std::path::{Path, PathBuf};
use std::time::Duration;

use super::row::Row;
use crate::mount::need::{needs, obstacle};
use crate::mount::{self, Recipe};
use onewinner_core::scenario::MOST_PROCESSES;
use onewinner_linux::sys::isolated::run_isolated;
use onewinner_linux::sys::namespace::{self, Rights};
use onewinner_linux::sys::supervisor::{NEVER, Watch};
use onewinner_linux::sys::{self, machine};

/// A file system with less free space counts as full; a race writes only small files.
const LEAST_FREE_BYTES: u64 = 1024 * 1024;

/// The kernel, the limits, and each directory.
pub(super) fn look(directories: &[PathBuf]) -> Vec<Row> {
    let mut rows = vec![Row::supported("kernel", machine::kernel()), cpus(), processes()];
    rows.extend(directories.iter().map(|path| directory(path)));
    rows
}

/// Checks which file systems `matrix --make` can make here.
pub(super) fn file_systems() -> Vec<Row> {
    let what = "file system";
    let Some(rights) = rights() else {
        let change = "run as root, or allow user namespaces: `sysctl user.max_user_namespaces=10000`; in a container, `--privileged`";
        return vec![Row {
            change: Some(change.to_owned()),
            ..Row::supported(what, "none can be made: the kernel refuses new namespaces".to_owned())
        }];
    };
    let row = |recipe: &&dyn Recipe| {
        let (name, needs) = (recipe.name(), needs(*recipe));
        Row::supported(
            what,
            match obstacle(*recipe, rights) {
                None => format!("{name}: can be made; needs {needs}"),
                Some(reason) => format!("{name}: cannot be made: {reason}"),
            },
        )
    };
    mount::ALL.iter().map(row).collect()
}

/// The rights in new namespaces; a child process tries to enter them.
fn rights() -> Option<Rights> {
    const LIMIT: Duration = Duration::from_secs(10);
    let is_root = || namespace::enter().ok().map(|rights| matches!(rights, Rights::Root));
    match run_isolated(&Watch::new(LIMIT, NEVER), is_root) {
        Ok(Some(true)) => Some(Rights::Root),
        Ok(Some(false)) => Some(Rights::User),
        Ok(None) | Err(_) => None,
    }
}

fn cpus() -> Row {
    match sys::cpus() {
        1 => Row {
            change: Some("with one CPU, only `race --align` finds races reliably; add a CPU".to_owned()),
            ..Row::supported("processors", "1".to_owned())
        },
        cpus => Row::supported("processors", cpus.to_string()),
    }
}

fn processes() -> Row {
    let found = |text: String| Row::supported("processes", text);
    match machine::process_limit() {
        Ok(None) => found("no limit".to_owned()),
        Ok(Some(limit)) if limit > MOST_PROCESSES as u64 => found(format!("up to {limit} for this user")),
        Ok(Some(limit)) => Row {
            change: Some(format!(
                "`onewinner race -n {MOST_PROCESSES}` needs more processes; raise the limit, e.g. `ulimit -u 4096`"
            )),
            ..found(format!("up to {limit} for this user"))
        },
        Err(error) => found(format!("failed to read the limit: {error}")),
    }
}

fn directory(path: &Path) -> Row {
    let what = "directory";
    let shown = path.display();
    let blocked = |found: String, change: &str| Row {
        change: Some(change.to_owned()),
        hinders: true,
        ..Row::supported(what, found)
    };
    let file_system = match machine::file_system(path) {
        Ok(file_system) => file_system,
        Err(error) => {
            return blocked(
                format!("{shown}: {error}"),
                "name an existing directory that you may enter",
            );
        }
    };
    let kind = &file_system.kind;
    let mebibytes = file_system.free_bytes / (1024 * 1024);
    if let Err(error) = tempfile::tempdir_in(path) {
        let change = "make it writable and free some space, or name another directory";
        return blocked(format!("{shown} ({kind}): {error}"), change);
    }
    let found = format!("{shown} ({kind}, {mebibytes} MiB free), writable");
    match file_system.free_bytes {
        0..LEAST_FREE_BYTES => blocked(found, "free some space, or name another directory"),
        _ => Row::supported(what, found),
    }
}
