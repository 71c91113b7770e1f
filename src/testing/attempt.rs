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
pub enum Attempted<G> {
    /// The lock is held as long as this is.
    Acquired(G),
    /// Somebody else has it.
    Busy,
    /// Something failed, and nothing is known about the lock.
    Failed(String),
}

/// The answer of a function that acquires: `Option`, where none is *busy*, or `Result` with an error that is a [`Refusal`].
///
/// ```
/// use std::io;
/// use crate::testing::attempt::{Attempt, Attempted};
///
/// assert_eq!(Some(7).attempted(), Attempted::Acquired(7));
/// assert_eq!(None::<u8>.attempted(), Attempted::Busy);
/// let lost: io::Result<u8> = Err(io::ErrorKind::AlreadyExists.into());
/// assert_eq!(lost.attempted(), Attempted::Busy);
/// let failed: io::Result<u8> = Err(io::ErrorKind::NotFound.into());
/// assert!(matches!(failed.attempted(), Attempted::Failed(_)));
/// ```
pub trait Attempt {
    /// What holds the lock.
    type Guard;

    /// The answer, sorted.
    fn attempted(self) -> Attempted<Self::Guard>;
}

/// An error of an attempt, which tells whether the lock is held by somebody else.
///
/// Implement it for the error of your lock; of an error that is not yours, make an [`io::Error`] or an [`Attempted`].
///
/// ```
/// use std::fmt;
/// use crate::testing::attempt::{Attempt, Attempted, Refusal};
///
/// struct Taken;
/// impl fmt::Display for Taken {
///     fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
///         f.write_str("it is taken")
///     }
/// }
/// impl Refusal for Taken {
///     fn is_busy(&self) -> bool {
///         true
///     }
/// }
/// assert_eq!(Err::<(), _>(Taken).attempted(), Attempted::Busy);
/// ```
pub trait Refusal: fmt::Display {
    /// Whether it says that somebody else has the lock.
    fn is_busy(&self) -> bool;

    /// The number of the operating system's error that caused it, if one did.
    fn os_error(&self) -> Option<i32> {
        None
    }
}

/// The answer of a function that gives a lock back: nothing, or a `Result`.
pub trait Released {
    /// Why it is not given back, if it is not.
    fn failure(self) -> Option<String>;
}

impl<G> Attempt for Attempted<G> {
    type Guard = G;

    fn attempted(self) -> Attempted<G> {
        self
    }
}

impl<G> Attempt for Option<G> {
    type Guard = G;

    fn attempted(self) -> Attempted<G> {
        self.map_or(Attempted::Busy, Attempted::Acquired)
    }
}

impl<G, E: Refusal> Attempt for Result<G, E> {
    type Guard = G;

    fn attempted(self) -> Attempted<G> {
        match self {
            Ok(guard) => Attempted::Acquired(guard),
            Err(error) if error.is_busy() => Attempted::Busy,
            Err(error) => Attempted::Failed(match error.os_error() {
                // By its name the error is known again, as that of a full disk for instance.
                Some(number) => format!("{}: {error}", Errno::from_raw(number)),
                None => error.to_string(),
            }),
        }
    }
}

/// `WouldBlock`, as of a kernel lock, and `AlreadyExists`, as of a lock that is a name, say that it is held.
impl Refusal for io::Error {
    fn is_busy(&self) -> bool {
        matches!(self.kind(), ErrorKind::WouldBlock | ErrorKind::AlreadyExists)
    }

    fn os_error(&self) -> Option<i32> {
        self.raw_os_error()
    }
}

impl Refusal for TryLockError {
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

impl Refusal for AcquireError {
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
impl Refusal for Box<dyn Error> {
    fn is_busy(&self) -> bool {
        inside(&**self).is_some_and(Refusal::is_busy)
    }

    fn os_error(&self) -> Option<i32> {
        inside(&**self)?.os_error()
    }
}

/// As the error inside says, if that is one of those above; any other is a failure.
impl Refusal for Box<dyn Error + Send + Sync> {
    fn is_busy(&self) -> bool {
        inside(&**self).is_some_and(Refusal::is_busy)
    }

    fn os_error(&self) -> Option<i32> {
        inside(&**self)?.os_error()
    }
}

fn inside<'a>(error: &'a (dyn Error + 'static)) -> Option<&'a dyn Refusal> {
    let io = error.downcast_ref::<io::Error>().map(|error| error as &dyn Refusal);
    let lock = || error.downcast_ref::<TryLockError>().map(|error| error as &dyn Refusal);
    let own = || error.downcast_ref::<AcquireError>().map(|error| error as &dyn Refusal);
    io.or_else(lock).or_else(own)
}

impl Released for () {
    fn failure(self) -> Option<String> {
        None
    }
}

impl<T, E: fmt::Display> Released for Result<T, E> {
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
        for (attempted, expected) in [
            (Ok::<(), io::Error>(()).attempted(), "acquired"),
            (Err::<(), _>(io::Error::from(ErrorKind::WouldBlock)).attempted(), "busy"),
            (
                Err::<(), _>(full()).attempted(),
                "ENOSPC: No space left on device (os error 28)",
            ),
            (Err::<(), _>(TryLockError::WouldBlock).attempted(), "busy"),
            (
                Err::<(), _>(TryLockError::Error(full())).attempted(),
                "ENOSPC: lock acquisition failed due to I/O error",
            ),
            (Err::<(), _>(AcquireError::Busy).attempted(), "busy"),
            (boxed(ErrorKind::AlreadyExists.into()).attempted(), "busy"),
            (
                boxed(full()).attempted(),
                "ENOSPC: No space left on device (os error 28)",
            ),
            (other.attempted(), "a word"),
        ] {
            match (attempted, expected) {
                (Attempted::Acquired(()), "acquired") | (Attempted::Busy, "busy") => {}
                (Attempted::Failed(text), _) => assert_eq!(text, expected),
                (attempted, _) => panic!("{attempted:?}, not {expected}"),
            }
        }
        assert_eq!(
            Err::<(), _>(full()).failure(),
            Some("No space left on device (os error 28)".to_owned())
        );
        assert_eq!((Ok::<u8, io::Error>(1).failure(), ().failure()), (None, None));
    }
}
