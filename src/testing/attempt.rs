//! What a function that acquires a lock answers: that it has it, that somebody else has, or that it failed.
//!
//! The two ways not to have it must never be mixed up: *busy* is what a loser is told, and an error is a fault.

use std::error::Error;
use std::fmt;
use std::fs::TryLockError;
use std::io::{self, ErrorKind};

use onewinner_core::fs::Errno;
use onewinner_core::primitive::AcquireError;

/// What became of an attempt.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Attempt<G> {
    /// The lock is held as long as this is.
    Acquired(G),
    /// Somebody else has it.
    Busy,
    /// Something failed, and nothing is known about the lock.
    Failed(String),
}

/// The answer of a function that acquires: `Option`, where none is *busy*, or `Result` with an error that is a [`LockError`].
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
pub trait IntoAttempt {
    /// What holds the lock.
    type Guard;

    /// The answer, sorted.
    fn into_attempt(self) -> Attempt<Self::Guard>;
}

/// An error of an attempt, which tells whether the lock is held by somebody else.
///
/// Implement it for the error of your lock; of an error that is not yours, make an [`io::Error`] or an [`Attempt`].
///
/// ```
/// use std::fmt;
/// use onewinner::testing::{IntoAttempt, Attempt, LockError};
///
/// struct Taken;
/// impl fmt::Display for Taken {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         f.write_str("it is taken")
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
    /// Whether it says that somebody else has the lock.
    fn is_busy(&self) -> bool;

    /// The number of the operating system's error that caused it, if one did.
    fn os_error(&self) -> Option<i32> {
        None
    }
}

/// The answer of a function that gives a lock back: nothing, or a `Result`.
pub trait ReleaseResult {
    /// Why it is not given back, if it is not.
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

impl<G, E: LockError> IntoAttempt for Result<G, E> {
    type Guard = G;

    fn into_attempt(self) -> Attempt<G> {
        match self {
            Ok(guard) => Attempt::Acquired(guard),
            Err(error) if error.is_busy() => Attempt::Busy,
            Err(error) => Attempt::Failed(match error.os_error() {
                // By its name the error is known again, as that of a full disk for instance.
                Some(number) => format!("{}: {error}", Errno::from_raw(number)),
                None => error.to_string(),
            }),
        }
    }
}

/// `WouldBlock`, as of a kernel lock, and `AlreadyExists`, as of a lock that is a name, say that it is held.
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

/// As the error inside says, if that is one of those above; any other is a failure.
impl LockError for Box<dyn Error> {
    fn is_busy(&self) -> bool {
        inside(&**self).is_some_and(LockError::is_busy)
    }

    fn os_error(&self) -> Option<i32> {
        inside(&**self)?.os_error()
    }
}

/// As the error inside says, if that is one of those above; any other is a failure.
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
    fn busy_is_told_from_an_error_in_every_answer() {
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
