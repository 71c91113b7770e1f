//! Memory that a process shares with those it forks: an anonymous shared mapping of atomics that begin as 0.
//!
//! It holds only atomics: any process may write at any time, and may die while it writes.

use std::ffi::c_void;
use std::num::NonZeroUsize;
use std::ops::Deref;
use std::ptr::NonNull;
use std::slice;
use std::sync::atomic::{AtomicU32, AtomicU64};

use nix::sys::mman::{MapFlags, ProtFlags, mmap_anonymous, munmap};

use onewinner_core::fs::Errno;

use super::convert;

mod plain {
    use super::{AtomicU32, AtomicU64};

    /// Types for which every bit pattern is valid, also all zeros, and that any process may change at any time.
    pub trait Plain: Sync {}

    impl Plain for AtomicU32 {}
    impl Plain for AtomicU64 {}
}

/// The kernel has no memory to share.
#[derive(Debug, thiserror::Error)]
#[error("failed to share {bytes} bytes of memory between processes: {} ({errno}); use fewer processes or attempts", errno.text())]
pub struct ShareError {
    /// The requested size.
    bytes: usize,
    /// The kernel's error.
    #[source]
    errno: Errno,
}

/// A slice of atomics in memory shared with every process forked after its creation;
/// [mmap(2)](https://man7.org/linux/man-pages/man2/mmap.2.html), `MAP_SHARED | MAP_ANONYMOUS`.
///
/// Pages cost nothing until a process writes to them.
pub struct Shared<T: plain::Plain> {
    start: NonNull<T>,
    length: NonZeroUsize,
}

impl<T: plain::Plain> Shared<T> {
    /// `length` zeros; at least one.
    ///
    /// # Errors
    ///
    /// When the kernel has no such memory.
    pub fn zeroed(length: usize) -> Result<Self, ShareError> {
        let length = NonZeroUsize::new(length).unwrap_or(NonZeroUsize::MIN);
        let bytes = length.saturating_mul(const { NonZeroUsize::new(size_of::<T>()).unwrap() });
        // SAFETY: the kernel chooses the address, so that no mapping of ours is replaced.
        let mapped = unsafe {
            mmap_anonymous(
                None,
                bytes,
                ProtFlags::PROT_READ | ProtFlags::PROT_WRITE,
                MapFlags::MAP_SHARED | MapFlags::MAP_NORESERVE,
            )
        };
        let start = mapped.map_err(|errno| ShareError {
            bytes: bytes.get(),
            errno: convert::errno(errno),
        })?;
        Ok(Self {
            start: start.cast(),
            length,
        })
    }
}

impl<T: plain::Plain> Deref for Shared<T> {
    type Target = [T];

    fn deref(&self) -> &[T] {
        // SAFETY: the mapping is page-aligned, as long as `length` says, and lives until `self` is dropped; zeros are values
        // of every `Plain` type, and these are atomics, so that writers in other processes are not a data race.
        unsafe { slice::from_raw_parts(self.start.as_ptr(), self.length.get()) }
    }
}

impl<T: plain::Plain> Drop for Shared<T> {
    fn drop(&mut self) {
        let start: NonNull<c_void> = self.start.cast();
        // SAFETY: the mapping was made in `zeroed` with this length, and no reference outlives `self`.
        let unmapped = unsafe { munmap(start, self.length.get() * size_of::<T>()) };
        debug_assert_eq!(unmapped, Ok(()), "the mapping is ours");
    }
}

// SAFETY: `Shared` owns its mapping, which is not tied to a thread, and gives out only `&[T]` with `T: Sync`.
unsafe impl<T: plain::Plain> Send for Shared<T> {}
// SAFETY: as above.
unsafe impl<T: plain::Plain> Sync for Shared<T> {}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::*;

    #[test]
    fn shared_memory_begins_as_zeros_and_keeps_what_is_stored() {
        let words = Shared::<AtomicU64>::zeroed(1000).unwrap();
        assert!(words.iter().all(|word| word.load(Ordering::Relaxed) == 0));
        words[999].store(7, Ordering::Relaxed);
        assert_eq!((words.len(), words[999].load(Ordering::Relaxed)), (1000, 7));
    }

    #[test]
    fn more_than_the_address_space_is_an_error_that_says_so() {
        let Err(error) = Shared::<AtomicU32>::zeroed(usize::MAX) else {
            panic!("no machine has so much")
        };
        assert!(error.to_string().contains("ENOMEM"), "{error}");
    }
}
