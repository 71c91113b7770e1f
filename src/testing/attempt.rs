//! The result of an attempt to acquire a lock: acquired, busy, or failed.
//!
//! *Busy* and *failed* differ: busy is the normal result of a loser, an error is a fault.

use std::error::Error;
use std::fmt;
use std::fs::TryLockError;
use std::io::{self, ErrorKind};

use onewinner_core::fs::Errno;
use onewinner_core::primitive::AcquireError;

/// The result of an attempt to acquire a lock.
///
/// Return it from the function that you pass to [`explore`](crate::explore), if neither `Option` nor `Result` suits.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt<G> {
    /// This process holds the lock, and this is its guard.
    Acquired(G),
    /// Another process holds the lock.
    Busy,
    /// The attempt failed for another reason, which the text names.
    Failed(String),
}

/// What a function may return after an attempt, as the parameter of [`IntoAttempt`].
///
/// A type that could be read in two ways matches two of them, so it does not compile without a choice:
///
/// ```compile_fail,E0283
/// # use std::fs::File;
/// # use std::io;
/// # use std::path::Path;
/// fn attempt(path: &Path) -> io::Result<Option<File>> {
///     Ok(File::create_new(path).ok())
/// }
/// // `Ok(None)` is no guard: onewinner has to know that.
/// onewinner::explore(attempt);
/// ```
///
/// Choose how to read it by [`maybe`], or return an [`Attempt`]:
///
/// ```no_run
/// # use std::fs::File;
/// # use std::io;
/// # use std::path::Path;
/// # fn attempt(path: &Path) -> io::Result<Option<File>> {
/// #     Ok(File::create_new(path).ok())
/// # }
/// use onewinner::testing::maybe;
///
/// onewinner::explore(|path| maybe(attempt(path)));
/// ```
pub mod shape {
    /// An [`Attempt`](super::Attempt), an `Option`, a `bool`, or a `Result` with a guard.
    #[derive(Debug)]
    pub enum Plain {}
    /// A `Result` with an `Option` or a `bool`, whose `None` or `false` is not a guard.
    #[derive(Debug)]
    pub enum NoneIsBusy {}
}

/// Reads `Ok(None)` and `Ok(false)` as *busy*, and `Ok(Some(guard))` and `Ok(true)` as acquired.
///
/// ```
/// use std::io;
/// use onewinner::testing::{Attempt, maybe};
///
/// assert_eq!(maybe(io::Result::Ok(Some(7))), Attempt::Acquired(7));
/// assert_eq!(maybe(io::Result::Ok(None::<u8>)), Attempt::Busy);
/// assert_eq!(maybe(io::Result::Ok(false)), Attempt::Busy);
/// ```
pub fn maybe<A: IntoAttempt<shape::NoneIsBusy>>(attempt: A) -> Attempt<A::Guard> {
    attempt.into_attempt()
}

/// A type that a function may return after an attempt: `Option`, `bool`, `Result` with a [`LockError`], or [`Attempt`].
///
/// `None` and `false` mean *busy*. A `Result` with an `Option` or a `bool` in it could be read in two ways, so the compiler
/// refuses it: see [`shape`].
///
/// ```
/// use std::io;
/// use onewinner::testing::{IntoAttempt, Attempt};
///
/// assert_eq!(Some(7).into_attempt(), Attempt::Acquired(7));
/// assert_eq!(None::<u8>.into_attempt(), Attempt::Busy);
/// let lost: io::Result<u8> = Err(io::ErrorKind::AlreadyExists.into());
/// assert_eq!(lost.into_attempt(), Attempt::Busy);
/// let failed: io::Result<u8> = Err(io::ErrorKind::NotFound.into());
/// assert!(matches!(failed.into_attempt(), Attempt::Failed(_)));
/// ```
pub trait IntoAttempt<Shape = shape::Plain> {
    /// The value that stands for holding the lock.
    type Guard;

    /// Converts the value into an [`Attempt`].
    fn into_attempt(self) -> Attempt<Self::Guard>;
}

/// An error of an attempt that can be *busy* or a failure.
///
/// Implement it for the error type of your lock. Convert an error type of another crate into an [`io::Error`] or an
/// [`Attempt`].
///
/// ```
/// use std::fmt;
/// use onewinner::testing::{IntoAttempt, Attempt, LockError};
///
/// struct Taken;
/// impl fmt::Display for Taken {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         f.write_str("the lock is taken")
///     }
/// }
/// impl LockError for Taken {
///     fn is_busy(&self) -> bool {
///         true
///     }
/// }
/// assert_eq!(Err::<(), _>(Taken).into_attempt(), Attempt::Busy);
/// ```
pub trait LockError: fmt::Display {
    /// Whether the error means that another process holds the lock.
    fn is_busy(&self) -> bool;

    /// The error number of the operating system, if there is one.
    fn os_error(&self) -> Option<i32> {
        None
    }
}

/// A type that a function may return after a release: `()` or a `Result`.
pub trait ReleaseResult {
    /// The reason why the release failed, if it did.
    fn failure(self) -> Option<String>;
}

impl<G> IntoAttempt for Attempt<G> {
    type Guard = G;

    fn into_attempt(self) -> Attempt<G> {
        self
    }
}

impl<G> IntoAttempt for Option<G> {
    type Guard = G;

    fn into_attempt(self) -> Attempt<G> {
        self.map_or(Attempt::Busy, Attempt::Acquired)
    }
}

impl IntoAttempt for bool {
    type Guard = ();

    fn into_attempt(self) -> Attempt<()> {
        if self { Attempt::Acquired(()) } else { Attempt::Busy }
    }
}

impl<G, E: LockError> IntoAttempt<shape::NoneIsBusy> for Result<Option<G>, E> {
    type Guard = G;

    fn into_attempt(self) -> Attempt<G> {
        nested(self)
    }
}

impl<E: LockError> IntoAttempt<shape::NoneIsBusy> for Result<bool, E> {
    type Guard = ();

    fn into_attempt(self) -> Attempt<()> {
        nested(self)
    }
}

/// The attempt inside a result.
fn nested<A: IntoAttempt, E: LockError>(result: Result<A, E>) -> Attempt<A::Guard> {
    match IntoAttempt::<shape::Plain>::into_attempt(result) {
        Attempt::Acquired(inner) => inner.into_attempt(),
        Attempt::Busy => Attempt::Busy,
        Attempt::Failed(error) => Attempt::Failed(error),
    }
}

impl<G, E: LockError> IntoAttempt for Result<G, E> {
    type Guard = G;

    fn into_attempt(self) -> Attempt<G> {
        match self {
            Ok(guard) => Attempt::Acquired(guard),
            Err(error) if error.is_busy() => Attempt::Busy,
            Err(error) => Attempt::Failed(match error.os_error() {
                // With the name of the error number, because reports group errors by it.
                Some(number) => format!("{}: {error}", Errno::from_raw(number)),
                None => error.to_string(),
            }),
        }
    }
}

/// The kinds `WouldBlock` (of a kernel lock) and `AlreadyExists` (of a lock file) mean *busy*.
impl LockError for io::Error {
    fn is_busy(&self) -> bool {
        matches!(self.kind(), ErrorKind::WouldBlock | ErrorKind::AlreadyExists)
    }

    fn os_error(&self) -> Option<i32> {
        self.raw_os_error()
    }
}

impl LockError for TryLockError {
    fn is_busy(&self) -> bool {
        match self {
            Self::WouldBlock => true,
            Self::Error(error) => error.is_busy(),
        }
    }

    fn os_error(&self) -> Option<i32> {
        match self {
            Self::WouldBlock => None,
            Self::Error(error) => error.raw_os_error(),
        }
    }
}

impl LockError for AcquireError {
    fn is_busy(&self) -> bool {
        *self == Self::Busy
    }

    fn os_error(&self) -> Option<i32> {
        match self {
            Self::Busy => None,
            Self::Failed(error) => Some(error.errno.raw()),
        }
    }
}

/// *Busy* if it contains one of the error types above that is busy; otherwise a failure.
impl LockError for Box<dyn Error> {
    fn is_busy(&self) -> bool {
        inside(&**self).is_some_and(LockError::is_busy)
    }

    fn os_error(&self) -> Option<i32> {
        inside(&**self)?.os_error()
    }
}

/// *Busy* if it contains one of the error types above that is busy; otherwise a failure.
impl LockError for Box<dyn Error + Send + Sync> {
    fn is_busy(&self) -> bool {
        inside(&**self).is_some_and(LockError::is_busy)
    }

    fn os_error(&self) -> Option<i32> {
        inside(&**self)?.os_error()
    }
}

fn inside<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a dyn LockError> {
    let io = error.downcast_ref::<io::Error>().map(|error| error as &dyn LockError);
    let lock = || {
        error
            .downcast_ref::<TryLockError>()
            .map(|error| error as &dyn LockError)
    };
    let own = || {
        error
            .downcast_ref::<AcquireError>()
            .map(|error| error as &dyn LockError)
    };
    io.or_else(lock).or_else(own)
}

impl ReleaseResult for () {
    fn failure(self) -> Option<String> {
        None
    }
}

impl<T, E: fmt::Display> ReleaseResult for Result<T, E> {
    fn failure(self) -> Option<String> {
        self.err().map(|error| error.to_string())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn busy_and_errors_are_distinguished_in_every_type() {
        let full = || io::Error::from_raw_os_error(28);
        let boxed = |error: io::Error| -> Result<(), Box<dyn Error>> { Err(error.into()) };
        let other: Result<(), Box<dyn Error + Send + Sync>> = Err("a word".into());
        for (attempt, expected) in [
            (Ok::<(), io::Error>(()).into_attempt(), "acquired"),
            (
                Err::<(), _>(io::Error::from(ErrorKind::WouldBlock)).into_attempt(),
                "busy",
            ),
            (
                Err::<(), _>(full()).into_attempt(),
                "ENOSPC: No space left on device (os error 28)",
            ),
            (Err::<(), _>(TryLockError::WouldBlock).into_attempt(), "busy"),
            (
                Err::<(), _>(TryLockError::Error(full())).into_attempt(),
                "ENOSPC: lock acquisition failed due to I/O error",
            ),
            (Err::<(), _>(AcquireError::Busy).into_attempt(), "busy"),
            (boxed(ErrorKind::AlreadyExists.into()).into_attempt(), "busy"),
            (
                boxed(full()).into_attempt(),
                "ENOSPC: No space left on device (os error 28)",
            ),
            (other.into_attempt(), "a word"),
        ] {
            match (attempt, expected) {
                (Attempt::Acquired(()), "acquired") | (Attempt::Busy, "busy") => {}
                (Attempt::Failed(text), _) => assert_eq!(text, expected),
                (attempt, _) => panic!("{attempt:?}, not {expected}"),
            }
        }
        assert_eq!(
            Err::<(), _>(full()).failure(),
            Some("No space left on device (os error 28)".to_owned())
        );
        assert_eq!((Ok::<u8, io::Error>(1).failure(), ().failure()), (None, None));
    }
}
