//! The `onewinner` command; all of it is in the library.

use std::process::ExitCode;

fn main() -> ExitCode {
    onewinner_command::cli::run()
}
