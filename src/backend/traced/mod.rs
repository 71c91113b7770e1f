//! Real processes on the kernel's file system, stopped before each system call; `explore` chooses every step.
//!
//! | file | what |
//! |---|---|
//! | `answers.rs` | what programs say about their lock, and their command line |
//! | `decode.rs` | a stopped call as a value |
//! | `interpreter.rs` | what calls mean: the seam between the engine and those who understand calls |

pub mod answers;
pub mod decode;
pub mod interpreter;
