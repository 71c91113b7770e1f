//! `onewinner doctor`: what this machine can do, and what to change.

use std::path::PathBuf;

use clap::Args;
use serde::Serialize;

use super::Failure;
use super::output::Output;
use onewinner_core::verdict::Exit;

/// Where to look.
#[derive(Args)]
pub(super) struct Arguments {
    /// A directory in which locks are to be raced; repeatable. Without it: the temporary directory.
    #[arg(long, value_name = "DIRECTORY")]
    dir: Vec<PathBuf>,
}

/// One thing looked at.
#[derive(Serialize)]
struct Row {
    what: String,
    /// What was found.
    found: String,
    /// What to change; nothing when all is well.
    #[serde(skip_serializing_if = "Option::is_none")]
    change: Option<String>,
    /// Whether a backend cannot work before that.
    hinders: bool,
}

impl Row {
    fn well(what: &str, found: String) -> Self {
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
        Row::well("sim", "works everywhere".to_owned()),
        Row::well(
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
    use onewinner_linux::sys::namespace::{self, Rights};
    use onewinner_linux::sys::supervisor::{NEVER, Watch, run_isolated};
    use onewinner_linux::sys::{self, machine};

    /// Less than this is as good as full: a race writes small files only.
    const LEAST_FREE_BYTES: u64 = 1024 * 1024;

    pub(super) fn look(directories: &[PathBuf]) -> Vec<Row> {
        let mut rows = vec![Row::well("kernel", machine::kernel()), cpus(), processes()];
        rows.extend(directories.iter().map(|path| directory(path)));
        rows.extend(recipes());
        rows
    }

    /// The file systems that `matrix --make` knows, and whether each can be made here.
    fn recipes() -> Vec<Row> {
        let what = "file system";
        let Some(rights) = rights() else {
            let change =
                "run as root, or let users make namespaces (user.max_user_namespaces, --privileged for a container)";
            return vec![Row {
                change: Some(change.to_owned()),
                ..Row::well(what, "none can be made: namespaces of our own are refused".to_owned())
            }];
        };
        let row = |recipe: &&dyn Recipe| {
            let (name, needs) = (recipe.name(), needs(*recipe));
            Row::well(
                what,
                match obstacle(*recipe, rights) {
                    None => format!("{name}: can be made; it needs {needs}"),
                    Some(reason) => format!("{name}: cannot be made: {reason}"),
                },
            )
        };
        mount::ALL.iter().map(row).collect()
    }

    /// Whose rights namespaces of our own would have; a process of its own tries it.
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
                change: Some("only `race --align` means anything here; give this machine another CPU".to_owned()),
                ..Row::well("processors", "1".to_owned())
            },
            cpus => Row::well("processors", cpus.to_string()),
        }
    }

    fn processes() -> Row {
        let found = |text: String| Row::well("processes", text);
        match machine::process_limit() {
            Ok(None) => found("no limit".to_owned()),
            Ok(Some(limit)) if limit > MOST_PROCESSES as u64 => found(format!("up to {limit} of this user")),
            Ok(Some(limit)) => Row {
                change: Some(format!(
                    "`race -n {MOST_PROCESSES}` needs more: raise the limit with `ulimit -u`"
                )),
                ..found(format!("up to {limit} of this user"))
            },
            Err(error) => found(format!("limit unknown: {error}")),
        }
    }

    fn directory(path: &Path) -> Row {
        let what = "directory";
        let shown = path.display();
        let hindered = |found: String, change: &str| Row {
            change: Some(change.to_owned()),
            hinders: true,
            ..Row::well(what, found)
        };
        let file_system = match machine::file_system(path) {
            Ok(file_system) => file_system,
            Err(error) => {
                return hindered(
                    format!("{shown}: {error}"),
                    "name a directory that exists and may be reached",
                );
            }
        };
        let kind = &file_system.kind;
        let mebibytes = file_system.free_bytes / (1024 * 1024);
        if let Err(error) = tempfile::tempdir_in(path) {
            let change = "make it writable for this user and not full, or name another";
            return hindered(format!("{shown} ({kind}): {error}"), change);
        }
        let found = format!("{shown} ({kind}, {mebibytes} MiB free), writable");
        match file_system.free_bytes {
            0..LEAST_FREE_BYTES => hindered(found, "make room"),
            _ => Row::well(what, found),
        }
    }
}
