//! A function that acquires, as a lock that races: its contenders are forked, and each keeps its guard for itself.
//!
//! A race takes a lock over `Fs`, which every contender may share. This one makes its calls beside `Fs`, which a race on the
//! kernel's file system does not need, and nothing else may run it: no model sees what it does.

use std::any::Any;
use std::cell::RefCell;
use std::path::Path;

use super::super::attempt::Attempt;
use onewinner_core::fs::{Errno, Fs};
use onewinner_core::primitive::{AcquireError, CallError, Expectation, Held, LockPrimitive};

thread_local! {
    /// The function, of the thread that was given it and of the processes that it forks. The lock itself is shared by all
    /// threads, and has no place for it.
    static FUNCTION: RefCell<Option<Box<dyn LockFunction>>> = const { RefCell::new(None) };
}

/// An attempt at the lock there.
type AttemptFn<G> = Box<dyn FnMut(&Path) -> Attempt<G>>;
/// Gives the lock back. Returns why that failed, if it did.
type Release<G> = Box<dyn FnMut(G) -> Option<String>>;

/// A function with its guards, whatever their type.
trait LockFunction: Any {
    fn acquire(&mut self, lock: &Path) -> Attempt<()>;
    /// Why the lock is not given back, if it is not.
    fn release(&mut self) -> Option<String>;
}

struct Guarded<G> {
    attempt: AttemptFn<G>,
    release: Release<G>,
    guard: Option<G>,
}

impl<G: 'static> LockFunction for Guarded<G> {
    fn acquire(&mut self, lock: &Path) -> Attempt<()> {
        match (self.attempt)(lock) {
            Attempt::Acquired(guard) => {
                self.guard = Some(guard);
                Attempt::Acquired(())
            }
            Attempt::Busy => Attempt::Busy,
            Attempt::Failed(error) => Attempt::Failed(error),
        }
    }

    fn release(&mut self) -> Option<String> {
        let guard = self.guard.take().expect("only a holder releases");
        (self.release)(guard)
    }
}

/// The lock whose function this thread was given.
struct FunctionLock {
    name: &'static str,
}

/// A lock of this function, for contenders that this thread forks. The name lives as long as the process, which was started
/// for this race.
pub(super) fn lock<G: 'static>(name: &str, attempt: AttemptFn<G>, release: Release<G>) -> &'static dyn LockPrimitive {
    let guard = None;
    FUNCTION.set(Some(Box::new(Guarded {
        attempt,
        release,
        guard,
    })));
    Box::leak(Box::new(FunctionLock {
        name: String::leak(name.to_owned()),
    }))
}

fn with<T>(deed: impl FnOnce(&mut dyn LockFunction) -> T) -> T {
    FUNCTION.with_borrow_mut(|function| {
        let function = function.as_mut();
        deed(&mut **function.expect("contenders are forked from the thread that has the function"))
    })
}

/// With the first error number that the text names, if it names one.
fn failed(operation: &str, lock: &Path, text: &str) -> CallError {
    let mut words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
    CallError {
        operation: format!("{operation} ({text})"),
        path: lock.to_owned(),
        errno: words.find_map(|word| word.parse().ok()).unwrap_or(Errno::Unnamed(0)),
    }
}

impl LockPrimitive for FunctionLock {
    fn name(&self) -> &'static str {
        self.name
    }

    fn protocol(&self) -> &'static str {
        "a function"
    }

    fn expectation(&self) -> Expectation {
        Expectation::ExactlyOneWinner
    }

    fn try_acquire(&self, _: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        match with(|function| function.acquire(lock)) {
            Attempt::Acquired(()) => Ok(Held::by_name()),
            Attempt::Busy => Err(AcquireError::Busy),
            Attempt::Failed(error) => Err(failed("acquire", lock, &error).into()),
        }
    }

    fn release(&self, _: &dyn Fs, lock: &Path, _: Held) -> Result<(), CallError> {
        match with(LockFunction::release) {
            None => Ok(()),
            Some(error) => Err(failed("release", lock, &error)),
        }
    }
}
