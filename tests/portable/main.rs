//! The model alone: no system call decides anything here, so these suites run on every system.

mod bounds;
mod fault_sweep;
mod faulty_primitives;
mod golden;
mod hub_sync;
mod loom;
mod reduction;
mod replay;
mod schedules;
mod state_file;
mod zoo;
