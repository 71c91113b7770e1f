//! Locks that are slow, never free, always free, or that hang.

use std::path::Path;
use std::time::Duration;

use onewinner_core::fs::Fs;
use onewinner_core::primitive::{AcquireError, CallError, CreateNew, Expectation, Held, LockPrimitive};

/// A delay that no noise hides: create-new takes a thousandth of it.
const NAP: Duration = Duration::from_millis(20);

/// `create-new` after a delay; it has the same name, so that the two are compared.
pub(crate) struct Slow;
/// A lock whose attempts always return busy.
pub(crate) struct NeverFree;
/// A lock whose attempts always succeed.
pub(crate) struct GetsIn;
/// A lock whose attempts hang.
pub(crate) struct Hangs;

impl LockPrimitive for Slow {
    fn name(&self) -> &'static str {
        CreateNew.name()
    }

    fn protocol(&self) -> &'static str {
        "sleep; then as create-new"
    }

    fn expectation(&self) -> Expectation {
        Expectation::ExactlyOneWinner
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        std::thread::sleep(NAP);
        CreateNew.try_acquire(fs, lock)
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, held: Held) -> Result<(), CallError> {
        CreateNew.release(fs, lock, held)
    }
}

/// A lock whose attempts always have the same result.
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
