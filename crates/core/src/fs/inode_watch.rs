//! Whether a lock asks for inode numbers: a watch that the results of `stat` carry.
//!
//! Where a file system reuses numbers, a lock that asks for them sees in which order files come and go, and no other lock
//! does. A backend that has to know this gives the file system a watch.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::{RefUnwindSafe, UnwindSafe};

/// What is called when an inode number is asked for.
type See = dyn Fn() + Send + Sync + UnwindSafe + RefUnwindSafe;

/// A function that is called when an inode number is asked for; or none, which is the default.
///
/// It is no part of what `stat` found: all watches are equal.
#[derive(Clone, Copy, Default)]
pub struct InodeWatch(Option<&'static See>);

impl InodeWatch {
    /// A watch that calls `see`. The function lives as long as the process, because a `Stat` is copied freely.
    pub fn new(see: impl Fn() + Send + Sync + UnwindSafe + RefUnwindSafe + 'static) -> Self {
        Self(Some(Box::leak(Box::new(see))))
    }

    /// A number is asked for.
    pub(super) fn see(self) {
        if let Some(see) = self.0 {
            see();
        }
    }
}

impl fmt::Debug for InodeWatch {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("InodeWatch")
    }
}

impl PartialEq for InodeWatch {
    fn eq(&self, _: &Self) -> bool {
        true
    }
}

impl Eq for InodeWatch {}

impl PartialOrd for InodeWatch {
    fn partial_cmp(&self, other: &Self) -> Option<std::cmp::Ordering> {
        Some(self.cmp(other))
    }
}

impl Ord for InodeWatch {
    fn cmp(&self, _: &Self) -> std::cmp::Ordering {
        std::cmp::Ordering::Equal
    }
}

impl Hash for InodeWatch {
    fn hash<H: Hasher>(&self, _: &mut H) {}
}
