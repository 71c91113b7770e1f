//! The command `onewinner`: arguments, reports, the gate, costs, and many locks on many file systems.

pub mod claim;
pub mod cli;
pub mod cost;
pub mod matrix;
pub mod mount;
pub mod report;
