//! Fuzzes the state file of the hub sync; what must hold is in `tests/bodies/state_file.rs`.
#![no_main]

#[path = "../../tests/bodies/state_file.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::check(bytes));
