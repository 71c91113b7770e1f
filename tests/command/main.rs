//! The command `onewinner`, as its users run it, and what is written about it.

mod book;
mod cli;
#[path = "../machine/explored/mod.rs"]
mod explored;
mod gate;
#[path = "../machine/matrix/mod.rs"]
mod matrix;
#[path = "../machine/memory.rs"]
mod memory;
mod own_lock;
#[path = "../machine/pages/mod.rs"]
mod pages;
#[path = "../machine/programs/mod.rs"]
mod programs;
#[path = "../machine/readme.rs"]
mod readme;
mod seed;
mod specs;
mod verdicts;
