//! Fuzzes the order of the steps; what must hold is in `tests/bodies/schedule.rs`.
#![no_main]

#[path = "../../tests/bodies/schedule.rs"]
mod body;

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| body::check(bytes));
