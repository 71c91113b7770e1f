//! The circles that are still there. The list only ever gets shorter.

/// Each circle as its files, in order of their names.
pub(crate) const KNOWN: &[&[&str]] = &[];
