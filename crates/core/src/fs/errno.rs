//! Error numbers of Linux as a portable type, so that the simulated kernel works on every system.
//!
//! Names, numbers and texts are those of Linux on x86-64 and aarch64 (`include/uapi/asm-generic/errno*.h`).

use std::fmt;
use std::io;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

macro_rules! errnos {
    ($($name:ident = $number:literal $text:literal,)*) => {
        /// Why a system call failed; [errno(3)](https://man7.org/linux/man-pages/man3/errno.3.html).
        ///
        /// It prints as its name, for example `EEXIST`. [`Errno::text`] describes it.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        #[non_exhaustive]
        pub enum Errno {
            $(#[doc = $text] $name,)*
            /// An error that is not listed here, by number.
            Unnamed(i32),
        }

        impl Errno {
            /// Whether the machine lacks a resource that any lock needs: space, descriptors or memory.
            pub fn is_scarcity(self) -> bool {
                matches!(
                    self,
                    Self::ENOSPC | Self::EDQUOT | Self::EMFILE | Self::ENFILE | Self::ENOMEM
                )
            }

            /// All errors that are listed here.
            pub const NAMED: &[Self] = &[$(Self::$name),*];

            /// The error with this number.
            pub fn from_raw(number: i32) -> Self {
                match number {
                    $($number => Self::$name,)*
                    other => Self::Unnamed(other),
                }
            }

            /// The number that the kernel returns, negated.
            pub fn raw(self) -> i32 {
                match self {
                    $(Self::$name => $number,)*
                    Self::Unnamed(number) => number,
                }
            }

            /// Its meaning, as a lowercase fragment.
            pub fn text(self) -> &'static str {
                match self {
                    $(Self::$name => $text,)*
                    Self::Unnamed(_) => "an error without a name here",
                }
            }
        }

        impl fmt::Display for Errno {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Self::$name => f.write_str(stringify!($name)),)*
                    Self::Unnamed(number) => write!(f, "errno {number}"),
                }
            }
        }
    };
}

impl Errno {
    /// The error that a text names, as programs write it: `ENOSPC`, `[Errno 28]` in Python, `os error 28` in Rust, or the text
    /// of a full disk in Go.
    pub fn named_in(text: &str) -> Option<Self> {
        let lower = text.to_ascii_lowercase();
        let words = |text: &str| -> Vec<String> {
            let words = text.split(|letter: char| !letter.is_ascii_alphanumeric());
            words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
        };
        let named = || words(text).iter().find_map(|word| word.parse().ok());
        let numbered = || {
            let words = words(&lower);
            let number = |at: usize| words.get(at)?.parse::<i32>().ok().filter(|number| *number > 0);
            (0..words.len()).find_map(|at| match words[at].as_str() {
                "errno" => number(at + 1),
                "os" if words.get(at + 1).is_some_and(|word| word == "error") => number(at + 2),
                _ => None,
            })
        };
        // What the machine lacks is not the fault of the lock, so its text counts too.
        let described = || {
            let scarce = Self::NAMED.iter().copied().filter(|errno| errno.is_scarcity());
            { scarce }.find(|errno| lower.contains(errno.text()))
        };
        named().or_else(|| numbered().map(Self::from_raw)).or_else(described)
    }
}

errnos! {
    EPERM = 1 "operation not permitted",
    ENOENT = 2 "no such file or directory",
    ESRCH = 3 "no such process",
    EINTR = 4 "interrupted by a signal",
    EIO = 5 "input/output error",
    ENXIO = 6 "no such device or address",
    EBADF = 9 "bad file descriptor",
    EAGAIN = 11 "resource temporarily unavailable",
    ENOMEM = 12 "out of memory",
    EACCES = 13 "permission denied",
    EBUSY = 16 "device or resource busy",
    EEXIST = 17 "file exists",
    EXDEV = 18 "cross-device link",
    ENODEV = 19 "no such device",
    ENOTDIR = 20 "not a directory",
    EISDIR = 21 "is a directory",
    EINVAL = 22 "invalid argument",
    ENFILE = 23 "too many open files in the system",
    EMFILE = 24 "too many open files in the process",
    ETXTBSY = 26 "text file busy",
    EFBIG = 27 "file too large",
    ENOSPC = 28 "no space left on device",
    ESPIPE = 29 "illegal seek",
    EROFS = 30 "read-only file system",
    EMLINK = 31 "too many links",
    ERANGE = 34 "result out of range",
    EDEADLK = 35 "resource deadlock avoided",
    ENAMETOOLONG = 36 "file name too long",
    ENOLCK = 37 "no record locks available",
    ENOSYS = 38 "function not implemented",
    ENOTEMPTY = 39 "directory not empty",
    ELOOP = 40 "too many levels of symbolic links",
    EOVERFLOW = 75 "value too large for the data type",
    EILSEQ = 84 "invalid or incomplete multibyte character",
    EOPNOTSUPP = 95 "operation not supported",
    ECONNABORTED = 103 "the connection was aborted",
    ENOTCONN = 107 "the transport endpoint is not connected",
    ETIMEDOUT = 110 "timed out",
    ESTALE = 116 "stale file handle",
    EDQUOT = 122 "disk quota exceeded",
}

impl std::error::Error for Errno {}

impl From<Errno> for io::Error {
    fn from(errno: Errno) -> Self {
        Self::from_raw_os_error(errno.raw())
    }
}

/// A text that is not the name of an error.
#[derive(Debug, thiserror::Error)]
#[error("failed to read `{0}` as an error: expected a name such as `EIO`")]
pub struct ParseErrnoError(String);

impl FromStr for Errno {
    type Err = ParseErrnoError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        Self::NAMED
            .iter()
            .copied()
            .find(|errno| errno.to_string() == text)
            .or_else(|| text.strip_prefix("errno ")?.parse().ok().map(Self::from_raw))
            .ok_or_else(|| ParseErrnoError(text.to_owned()))
    }
}

impl TryFrom<String> for Errno {
    type Error = ParseErrnoError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Errno> for String {
    fn from(errno: Errno) -> Self {
        errno.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_round_trip() {
        for &errno in Errno::NAMED.iter().chain(&[Errno::Unnamed(524)]) {
            assert_eq!(Errno::from_raw(errno.raw()), errno);
            assert_eq!(errno.to_string().parse::<Errno>().unwrap(), errno);
        }
        assert!("EWHAT".parse::<Errno>().is_err());
    }

    #[test]
    fn the_error_that_a_text_names_is_found_in_the_ways_in_which_languages_write_it() {
        for (text, errno) in [
            ("ENOSPC: no space left on device, write", Some(Errno::ENOSPC)),
            ("OSError: [Errno 28] No space left on device: '/a'", Some(Errno::ENOSPC)),
            ("permission denied (os error 13)", Some(Errno::EACCES)),
            ("write /a: no space left on device", Some(Errno::ENOSPC)),
            ("it is stuck since 28 days", None),
            ("errno zero", None),
            ("", None),
        ] {
            assert_eq!(Errno::named_in(text), errno, "{text}");
        }
    }
}
