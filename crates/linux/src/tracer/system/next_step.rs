//! What a contender does next, as a value.

use onewinner_core::fs::call::Call;

/// What a contender does next.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NextStep {
    /// Its task makes the call at which it stands.
    Call(i32),
    /// A process of it ends.
    Exit(i32),
    /// The world does something for it: it is killed, or has waited.
    Made(Call),
}
