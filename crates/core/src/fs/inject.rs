//! Error injection: a decorator over [`Fs`] that makes the k-th call of a process fail.
//!
//! The failed call is not performed, except `close`: Linux frees the descriptor even when `close` reports an error
//! ([close(2)](https://man7.org/linux/man-pages/man2/close.2.html), "Dealing with error returns").

use std::cell::Cell;

use serde::{Deserialize, Serialize};

use super::call::{ByCall, Call};
use super::{Errno, Fs};

/// Which call fails, and how.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
pub struct Injection {
    /// The call that fails, counted from 0 over the life of the process.
    pub call: u32,
    /// The error that it returns.
    pub errno: Errno,
}

/// Wraps `fs` so that one call fails. `tell` is called with that call.
pub fn injected<'a>(fs: &'a dyn Fs, injection: Injection, tell: impl Fn(Call) + 'a) -> impl Fs + 'a {
    let made = Cell::new(0);
    ByCall::new(fs.process(), move |call: Call| {
        let number = made.get();
        made.set(number + 1);
        if number != injection.call {
            return call.perform(fs);
        }
        if matches!(call, Call::Close { .. }) {
            call.perform(fs)?;
        }
        tell(call);
        Err(injection.errno)
    })
}
