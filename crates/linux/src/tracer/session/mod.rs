//! A session with a worker: one process that traces and searches.
//!
//! | file | what it holds |
//! |---|---|
//! | `messages.rs` | the lines between a session and its worker |

pub(crate) mod messages;
