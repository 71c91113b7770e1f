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

#[path = "../harness/mod.rs"]
mod harness;

#[cfg(target_env = "gnu")]
mod bare_calls;
mod commutation;
mod conformance;
mod locks_truth;
mod race;
mod traced;

use std::process::ExitCode;

use harness::{Capability, Suite, run};

/// With this argument and a directory, this binary is the command that a test of `race` kills: a race without end.
const RACE: &str = "--race-without-end";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [RACE, directory] = &arguments.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        race::race_without_end(directory.as_ref());
        return ExitCode::SUCCESS;
    }
    if let Some(code) = traced::serve(&arguments) {
        return code;
    }
    run(vec![
        #[cfg(target_env = "gnu")]
        Suite::new("bare_calls", bare_calls::tests()).needs(&[Capability::Ptrace]),
        Suite::new("commutation", commutation::tests()),
        Suite::new("conformance", conformance::tests()),
        Suite::new("locks_truth", locks_truth::tests()).alone(),
        // Its workers must not starve.
        Suite::new("race", race::tests()).alone(),
        Suite::new("traced", traced::tests()).needs(&[Capability::Ptrace]),
    ])
}
