//! A function as a lock for races: the contenders are forked, and each keeps its own guard.
//!
//! A race takes a lock over `Fs`. This one makes its system calls directly, so only a race may run it: the backends with a
//! model would not see the calls.

use std::any::Any;
use std::cell::RefCell;
use std::path::Path;

use super::super::attempt::Attempt;
use onewinner_core::fs::Fs;
use onewinner_core::primitive::{AcquireError, CallError, Expectation, Held, LockPrimitive};

thread_local! {
    /// The function, for this thread and the processes that it forks. It cannot be in the lock, which all threads share.
    static FUNCTION: RefCell<Option<Box<dyn LockFunction>>> = const { RefCell::new(None) };
}

/// Tries to acquire the lock at a path.
type AttemptFn<G> = Box<dyn FnMut(&Path) -> Attempt<G>>;
/// Releases the lock; returns the reason if that failed.
type Release<G> = Box<dyn FnMut(G) -> Option<String>>;

/// A function with its guard of any type.
trait LockFunction: Any {
    fn acquire(&mut self, lock: &Path) -> Attempt<()>;
    /// Releases the lock; returns the reason if that failed.
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

/// The lock that calls the function of this thread.
struct FunctionLock {
    name: &'static str,
}

/// Converts a function into a lock for contenders that this thread forks. The name is leaked: the process exists only for
/// this race.
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

fn with<T>(operation: impl FnOnce(&mut dyn LockFunction) -> T) -> T {
    FUNCTION.with_borrow_mut(|function| {
        let function = function.as_mut();
        operation(&mut **function.expect("contenders are forked from the thread that has the function"))
    })
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
            Attempt::Failed(error) => Err(CallError::in_words("acquire", lock, &error).into()),
        }
    }

    fn release(&self, _: &dyn Fs, lock: &Path, _: Held) -> Result<(), CallError> {
        match with(LockFunction::release) {
            None => Ok(()),
            Some(error) => Err(CallError::in_words("release", lock, &error)),
        }
    }
}
