//! The Linux part of onewinner: system calls, processes, the tracer and races.
//!
//! Only `sys` has unsafe code; only `sys` and `real_fs` name nix or libc.

pub mod blame;
pub mod one_store;
pub mod phaser;
pub mod pid_table;
pub mod race;
pub mod real_fs;
pub mod run_directory;
pub mod sys;
pub mod tracer;
