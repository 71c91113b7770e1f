//! The command `onewinner`, as its users run it, and what is written about it.

mod book;
mod cli;
mod explored;
mod gate;
mod matrix;
mod memory;
mod pages;
mod programs;
mod readme;
mod seed;
mod specs;
mod verdicts;
