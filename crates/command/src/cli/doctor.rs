//! `onewinner doctor`: check what this machine supports and how to fix it.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::Failure;
use super::output::Output;
use onewinner_core::verdict::Exit;

/// The arguments of `doctor`.
#[derive(Args)]
pub(super) struct Arguments {
    /// A directory to check; repeatable [default: the temporary directory].
    #[arg(long, value_name = "DIRECTORY", help_heading = "What to check")]
    dir: Vec<PathBuf>,
}

/// The result of one check.
#[derive(Serialize)]
struct Row {
    what: String,
    /// What was found.
    found: String,
    /// What to change; absent if nothing is wrong.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<String>,
    /// Whether a backend cannot work until then.
    hinders: bool,
}

impl Row {
    fn supported(what: &str, found: String) -> Self {
        Self {
            what: what.to_owned(),
            found,
            change: None,
            hinders: false,
        }
    }
}

pub(super) fn run(arguments: &Arguments, output: &Output) -> Result<Exit, Failure> {
    let directories = if arguments.dir.is_empty() {
        vec![std::env::temp_dir()]
    } else {
        arguments.dir.clone()
    };
    let mut rows = vec![
        Row::supported("sim", "works everywhere".to_owned()),
        Row::supported(
            "loom",
            format!(
                "works everywhere, with up to {} contenders",
                onewinner_core::backend::loom::MOST_PROCESSES
            ),
        ),
    ];
    rows.extend(machine::look(&directories));
    let exit = if rows.iter().any(|row| row.hinders) {
        Exit::Inconclusive
    } else {
        Exit::AsClaimed
    };
    output.text(|out| {
        for Row {
            what, found, change, ..
        } in &rows
        {
            writeln!(out, "{what:<12} {found}")?;
            if let Some(change) = change {
                writeln!(out, "{:<12} → {change}", "")?;
            }
        }
        Ok(())
    })?;
    output.json("doctor", exit, &rows)?;
    Ok(exit)
}

mod machine {
    use std::path::{Path, PathBuf};
    use std::time::Duration;

    use super::Row;
    use crate::mount::need::{needs, obstacle};
    use crate::mount::{self, Recipe};
    use onewinner_core::scenario::MOST_PROCESSES;
    use onewinner_linux::sys::isolated::run_isolated;
    use onewinner_linux::sys::namespace::{self, Rights};
    use onewinner_linux::sys::supervisor::{NEVER, Watch};
    use onewinner_linux::sys::{self, machine};

    /// A file system with less free space counts as full; a race writes only small files.
    const LEAST_FREE_BYTES: u64 = 1024 * 1024;

    pub(super) fn look(directories: &[PathBuf]) -> Vec<Row> {
        let mut rows = vec![Row::supported("kernel", machine::kernel()), cpus(), processes()];
        rows.extend(directories.iter().map(|path| directory(path)));
        rows.extend(recipes());
        rows
    }

    /// Checks which file systems `matrix --make` can make here.
    fn recipes() -> Vec<Row> {
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
}
