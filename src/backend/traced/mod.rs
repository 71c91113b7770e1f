//! Real processes on the kernel's file system, stopped before each system call; `explore` chooses every step.
//!
//! | file | what |
//! |---|---|
//! | `interpreter.rs` | what calls mean: the seam between the engine and those who understand calls |

pub mod interpreter;
