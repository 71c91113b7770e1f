//! Real processes, released together, on the kernel's file system.

pub mod phaser;
