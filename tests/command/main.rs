//! The command `onewinner`, as its users run it, and what is written about it.

#![expect(clippy::unwrap_used, reason = "a test fails by a panic")]

#[path = "../harness/mod.rs"]
mod harness;

mod bench_cost;
mod book;
mod cli;
mod container;
mod explored;
mod filesystems;
mod gate;
mod matrix;
mod memory;
mod packages;
mod pages;
mod programs;
mod readme;
mod schema;
mod seed;
mod specs;
mod verdicts;

use std::process::ExitCode;

use harness::{Capability, Suite, run};

fn main() -> ExitCode {
    run(vec![
        // The longest test begins first, so that the others run next to it.
        Suite::new("verdicts", verdicts::tests()),
        Suite::new("book", book::tests()),
        Suite::new("cli", cli::tests()),
        Suite::new("container", container::tests()).needs(&[Capability::Ptrace]),
        Suite::new("explored", explored::tests()).needs(&[Capability::Ptrace]),
        Suite::new("filesystems", filesystems::tests()).needs(&[Capability::Namespaces]),
        Suite::new("gate", gate::tests()),
        Suite::new("matrix", matrix::tests()),
        Suite::new("memory", memory::tests()),
        Suite::new("packages", packages::tests()).needs(&[Capability::Ptrace]),
        Suite::new("pages", pages::tests()),
        Suite::new("programs", programs::tests()),
        Suite::new("readme", readme::tests()),
        Suite::new("schema", schema::tests()),
        Suite::new("seed", seed::tests()),
        Suite::new("specs", specs::tests()),
        // It measures time.
        Suite::new("bench_cost", bench_cost::tests()).alone(),
    ])
}
