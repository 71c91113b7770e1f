//! `onewinner doctor`: check what this machine supports and how to fix it.
//!
//! | file | what it holds |
//! |---|---|
//! | `machine.rs` | the kernel, limits, directories, and file systems that can be made |
//! | `kernel_features.rs` | what real processes need of the kernel |
//! | `row.rs` | the result of one check |

mod kernel_features;
mod machine;
mod row;

use std::path::PathBuf;

use clap::Args;

use self::kernel_features::Findings;
use self::row::Row;
use super::Failure;
use super::output::Output;
use onewinner_core::verdict::Exit;

/// The arguments of `doctor`.
#[derive(Args)]
pub(super) struct Arguments {
    /// A directory to check; repeatable [default: the temporary directory].
    #[arg(long, value_name = "DIRECTORY", help_heading = "What to check")]
    dir: Vec<PathBuf>,
    /// Also list the file systems that `--make` of `matrix` and `bench` can make here.
    #[arg(long, help_heading = "What to check")]
    verbose: bool,
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
    rows.extend(Findings::look().rows());
    if arguments.verbose {
        rows.extend(machine::file_systems());
    }
    let exit = if rows.iter().any(|row| row.hinders) {
        Exit::Inconclusive
    } else {
        Exit::AsClaimed
    };
    output.text(|out| rows.iter().try_for_each(|row| row.write(out)))?;
    output.json("doctor", exit, &rows)?;
    Ok(exit)
}
