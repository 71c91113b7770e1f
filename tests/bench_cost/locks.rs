//! Locks that are slow, never free, never closed, or without end.

use std::path::Path;
use std::time::Duration;

use onewinner::fs::Fs;
use onewinner::primitive::{AcquireError, CallError, CreateNew, Expectation, Held, LockPrimitive};

/// How many calls make it slow.
const IN_VAIN: usize = 40;

/// `create-new`, after forty looks at the directory; it has the same name, so that the two are compared.
pub(crate) struct Slow;
/// A lock that is always held by nobody.
pub(crate) struct NeverFree;
/// A lock that everybody gets.
pub(crate) struct GetsIn;
/// A lock whose attempt does not end.
pub(crate) struct Hangs;

impl LockPrimitive for Slow {
    fn name(&self) -> &'static str {
        CreateNew.name()
    }

    fn protocol(&self) -> &'static str {
        "stat, forty times; then as create-new"
    }

    fn expectation(&self) -> Expectation {
        Expectation::ExactlyOneWinner
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        for _ in 0..IN_VAIN {
            let directory = lock.parent().expect("a lock is in a directory");
            fs.stat(directory).map_err(CallError::when("look at", directory))?;
        }
        CreateNew.try_acquire(fs, lock)
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, held: Held) -> Result<(), CallError> {
        CreateNew.release(fs, lock, held)
    }
}

/// A lock of one answer.
macro_rules! lock {
    ($lock:ident, $name:literal, $answer:expr) => {
        impl LockPrimitive for $lock {
            fn name(&self) -> &'static str {
                $name
            }

            fn protocol(&self) -> &'static str {
                "none"
            }

            fn expectation(&self) -> Expectation {
                Expectation::SeveralWinners
            }

            fn try_acquire(&self, _: &dyn Fs, _: &Path) -> Result<Held, AcquireError> {
                $answer
            }

            fn release(&self, _: &dyn Fs, _: &Path, _: Held) -> Result<(), CallError> {
                Ok(())
            }
        }
    };
}

lock!(NeverFree, "never-free", Err(AcquireError::Busy));
lock!(GetsIn, "gets-in", Ok(Held::by_name()));
lock!(Hangs, "hangs", {
    std::thread::sleep(Duration::from_secs(3_600));
    Err(AcquireError::Busy)
});
