//! How a program, or a test of libtest, is started.
//!
//! | file | what it holds |
//! |---|---|
//! | `command_line.rs` | the command line of a program, as words |
//! | `find.rs` | the file that a command line starts |
//! | `start.rs` | file, arguments and environment of a program |
//! | `re_exec.rs` | a test that is executed again: as a contender, a worker, or to race |
//!
//! Starts nothing itself.

pub mod command_line;
pub mod find;
pub mod re_exec;
pub mod start;
