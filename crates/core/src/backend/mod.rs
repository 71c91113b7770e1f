//! The worlds in which a lock runs. Each ends in [`Execution`](crate::history::Execution)s.
//!
//! | backend | the file system | processes are | next step chosen by | a pass means |
//! |---|---|---|---|---|
//! | `loom` | modelled, on loom's types | loom threads | loom | every schedule within loom's bounds |
//! | `sim` | simulated, in memory | coroutines | `explore` | every schedule, or one of each class |
//! | `traced` | the kernel's | real processes, stopped before each call | `explore` | every schedule, or one of each class, on this kernel and mount |
//! | `race` | the kernel's | real processes, released together | the kernel | none seen in N rounds; rate below x at 95 % |
//!
//! Each runs the same [`contender`]. No backend judges what it saw.

pub mod contender;
pub mod loom;
pub mod sim;
