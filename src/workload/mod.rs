//! What a holder does inside.
pub mod hub_sync;
