//! A lock written over `Fs`, checked on every backend in a `#[test]`: `cargo test --example testing_primitive`.
//!
//! The lock is a directory: mkdir(2) creates it or fails. The lock uses only `Fs`, so every backend runs the same code.

use std::error::Error;
use std::path::Path;

use onewinner::fs::{Errno, Fs, Mode, RealFs};
use onewinner::primitive::{AcquireError, CallError, Expectation, Held, LockPrimitive};

struct DirectoryLock;

impl LockPrimitive for DirectoryLock {
    fn name(&self) -> &'static str {
        "directory"
    }

    fn protocol(&self) -> &'static str {
        "mkdir(L)"
    }

    fn expectation(&self) -> Expectation {
        Expectation::ExactlyOneWinner
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        match fs.mkdir(lock, Mode::DIRECTORY) {
            Ok(()) => Ok(Held::by_name()),
            Err(Errno::EEXIST) => Err(AcquireError::Busy),
            Err(errno) => Err(CallError::when("make", lock)(errno).into()),
        }
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, _held: Held) -> Result<(), CallError> {
        match fs.rmdir(lock) {
            Ok(()) | Err(Errno::ENOENT) => Ok(()),
            Err(errno) => Err(CallError::when("remove", lock)(errno)),
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let directory = tempfile::tempdir()?;
    let (fs, lock) = (RealFs::new(), directory.path().join("lock"));
    let held = DirectoryLock.try_acquire(&fs, &lock)?;
    DirectoryLock.release(&fs, &lock, held)?;
    println!("acquired and released; to check the lock, run `cargo test --example testing_primitive`");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn my_lock_lets_one_in_on_the_simulated_file_system_and_with_real_processes() {
        onewinner::explore_primitive(&DirectoryLock)
            .sim()
            .traced()
            .run()
            .or_skip()
            .expect_holds();
    }

    #[test]
    fn loom_and_a_race_see_no_second_winner_either() {
        let mine = onewinner::explore_primitive(&DirectoryLock);
        mine.loom().race(200).race_aligned(100).run().or_skip().expect_holds();
    }
}
