//! Detects whether a lock reads inode numbers, through a watch that the results of `stat` carry.
//!
//! On a file system that reuses numbers, they reveal in which order files were created and removed. So the order of such calls
//! matters for locks that read the numbers, and for no others.

use std::fmt;
use std::hash::{Hash, Hasher};
use std::panic::{RefUnwindSafe, UnwindSafe};

/// The function that is called when an inode number is read.
type Notify = dyn Fn() + Send + Sync + UnwindSafe + RefUnwindSafe;

/// Calls a function when an inode number is read; by default, nothing.
///
/// It is not part of the attributes of a file: all watches compare as equal.
#[derive(Clone, Copy, Default)]
pub struct InodeWatch(Option<&'static Notify>);

impl InodeWatch {
    /// A watch that calls `notify`. The function is never freed, because a `Stat` can be copied.
    pub fn new(notify: impl Fn() + Send + Sync + UnwindSafe + RefUnwindSafe + 'static) -> Self {
        Self(Some(Box::leak(Box::new(notify))))
    }

    /// An inode number is read.
    pub(super) fn notify(self) {
        if let Some(notify) = self.0 {
            notify();
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
