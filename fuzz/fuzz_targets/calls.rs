//! Fuzzes call sequences: the simulated file system must behave as the kernel does.
//!
//! The body and the decoder are those of `tests/linux/conformance.rs`. This file only chooses the directory for the kernel's side:
//! in memory if possible, because the fuzzer runs thousands of sequences per second.
#![no_main]

#[path = "../../tests/bodies/calls.rs"]
mod calls;
#[path = "../../tests/bodies/kernel.rs"]
mod kernel;
#[path = "../../tests/bodies/steps.rs"]
mod steps;
#[path = "../../tests/bodies/world.rs"]
mod world;

use std::env;
use std::path::PathBuf;

use libfuzzer_sys::fuzz_target;
use onewinner_core::fs::sim::State;

use calls::agree;
use kernel::Kernel;
use steps::{PROCESSES, Step, WIDTH};
use world::Simulated;

/// Longer sequences find no more bugs and cost time.
const LONGEST_SEQUENCE: usize = 128;

fuzz_target!(|bytes: &[u8]| {
    let (records, _) = bytes.as_chunks::<WIDTH>();
    let steps: Vec<Step> = records
        .iter()
        .take(LONGEST_SEQUENCE)
        .map(|&record| Step::from(record))
        .collect();
    let memory = PathBuf::from("/dev/shm");
    let place = if memory.is_dir() { memory } else { env::temp_dir() };
    agree(
        &mut Simulated(State::new(usize::from(PROCESSES))),
        &mut Kernel::new_in(&place),
        &steps,
    );
});
