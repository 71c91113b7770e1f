//! The model against the kernel, and the layers against bare system calls. Needs Linux, but not the command.

#![cfg(target_os = "linux")]

#[path = "../bodies/calls.rs"]
mod calls;
#[path = "../bodies/kernel.rs"]
mod kernel;
#[path = "../bodies/numbers.rs"]
mod numbers;
#[path = "../bodies/steps.rs"]
mod steps;
#[path = "../bodies/commutation.rs"]
mod swaps;
#[path = "../bodies/world.rs"]
mod world;

#[cfg(target_env = "gnu")]
mod bare_calls;
mod commutation;
mod conformance;
