//! Calls that make a process or a thread.

use super::interpreter::{AtCall, Decision};
use super::programs::Programs;
use crate::sys::bits;
use onewinner_core::fs::Errno;

/// The size of the part of `struct clone_args` that is read, in bytes: flags, then others, then `set_tid` and `set_tid_size`
/// ([clone(2)](https://man7.org/linux/man-pages/man2/clone.2.html)).
const CLONE_ARGUMENTS: usize = 80;
/// Where `set_tid_size` is in it.
const NUMBERS_CHOSEN: usize = 72;

impl Programs {
    /// A new task is traced and gets a chosen number. One that would escape that is out of control.
    pub(super) fn spawn(&self, at: &AtCall<'_>, name: &str) -> Decision {
        let refused = |what: &str| {
            Decision::Uncontrolled(format!(
                "{} makes a process {what}, which is not controlled",
                at.process
            ))
        };
        let flags = match name {
            "clone" => at.entry.arguments[0],
            "clone3" => {
                let mut arguments = [0; CLONE_ARGUMENTS];
                let asked = usize::try_from(at.entry.arguments[1])
                    .unwrap_or(usize::MAX)
                    .min(CLONE_ARGUMENTS);
                match at.memory.read(at.entry.arguments[0], &mut arguments[..asked]) {
                    Ok(read) if read == asked => {}
                    // The kernel will refuse it.
                    _ => return Decision::Spawns,
                }
                let word = |place: usize| u64::from_ne_bytes(std::array::from_fn(|byte| arguments[place + byte]));
                if word(NUMBERS_CHOSEN) != 0 {
                    return refused("with a number that it chooses");
                }
                word(0)
            }
            _ => 0,
        };
        if flags & bits::UNTRACED != 0 {
            // The program goes on without it, as on a kernel that lacks the flag.
            return Decision::Answered(-i64::from(Errno::ENOSYS.raw()));
        }
        if flags & bits::NEW_NAMESPACES != 0 {
            return refused("in a namespace of its own");
        }
        Decision::Spawns
    }
}
