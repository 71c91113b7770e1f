//! The race on the real kernel. Without libtest, whose tests are threads: a race forks, and forks only from a single thread.
//!
//! `tests/linux/race/ [NAME]` runs the facts whose name contains NAME. Called with `--command DIRECTORY` it is the command that
//! one of the facts kills: a race without end.

mod ends;
mod locks;
mod outcomes;
mod world;

use std::panic::catch_unwind;
use std::process::ExitCode;

/// What a fact answers: nothing, or why it could not be tried here.
pub(crate) type Tried = Result<(), String>;

/// A name and how to try it.
pub(crate) type Fact = (&'static str, fn() -> Tried);

/// Names a function as a fact.
macro_rules! facts {
    ($($fact:ident),* $(,)?) => { &[$((stringify!($fact), $fact)),*] };
}
pub(crate) use facts;

/// How long the whole suite may take, in seconds: what reaches it hangs.
const LONGEST_SECONDS: u32 = 900;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if let [command, directory] = &arguments[..]
        && command == "--command"
    {
        ends::race_without_end(directory.as_ref());
        return ExitCode::SUCCESS;
    }
    // SIGALRM ends a suite that hangs; what it forked dies with it.
    nix::unistd::alarm::set(LONGEST_SECONDS);
    let wanted = arguments.iter().find(|argument| !argument.starts_with('-'));
    let (mut passed, mut failed, mut skipped) = (0, 0, 0);
    for (name, fact) in [outcomes::FACTS, ends::FACTS].concat() {
        if wanted.is_some_and(|wanted| !name.contains(wanted.as_str())) {
            continue;
        }
        match catch_unwind(fact) {
            Ok(Ok(())) => {
                passed += 1;
                println!("ok      {name}");
            }
            Ok(Err(why)) => {
                skipped += 1;
                println!("skipped {name}: {why}");
            }
            Err(_) => {
                failed += 1;
                println!("FAILED  {name}");
            }
        }
    }
    println!("{passed} passed, {failed} failed, {skipped} skipped");
    ExitCode::from(u8::from(failed > 0))
}
