//! Which of the steps that conflict with a later one are reversed.
//!
//! A value and no code, so that the tests can swap one rule and see what is lost: a test that finds no fault proves nothing.
//! Knows positions in an execution and their order.

use crate::happens_before::HappensBefore;

/// Which pairs of steps are reversed. There is one sound way; what another loses is seen in `tests.rs`.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Whether the races of the step at this position are looked at; the first `old` steps were taken before.
    pub(super) looks_at: fn(position: usize, old: usize) -> bool,
    /// Whether an earlier step is left out because the previous step of the later one's process is past it.
    pub(super) is_past: fn(&HappensBefore, earlier: usize, previous: usize) -> bool,
    /// Those of the earlier steps that are reversed.
    pub(super) nearest: fn(&HappensBefore, &[usize]) -> Vec<usize>,
    /// The earlier steps that are left to look at where some could not be reversed.
    pub(super) below: fn(&HappensBefore, &[usize], &Tried) -> Vec<usize>,
}

/// What became of the reversals of some steps with a later one.
#[derive(Default)]
pub(super) struct Tried {
    /// Steps that changed places with it.
    pub(super) reversed: Vec<usize>,
    /// Steps without which it could not be taken.
    pub(super) only_enabled: Vec<usize>,
}

impl Default for Rules {
    /// The whole execution is looked at, and not what is new in it: what comes later may be what a reversal of early steps has
    /// to begin with. Those are reversed that happen before no other. Where the later step could not be taken without the
    /// earlier one, that one only enabled it: the race is with a step below it.
    fn default() -> Self {
        Self {
            looks_at: |_, _| true,
            is_past: HappensBefore::before,
            nearest: |order, candidates| {
                let is_last = |one: &usize| !candidates.iter().any(|other| order.before(*one, *other));
                candidates.iter().copied().filter(is_last).collect()
            },
            below: |order, candidates, Tried { reversed, only_enabled }| {
                let is_left = |candidate: &usize| {
                    let above = |earlier: &usize| order.before(*candidate, *earlier);
                    !only_enabled.contains(candidate) && !reversed.contains(candidate) && !reversed.iter().any(above)
                };
                candidates.iter().copied().filter(is_left).collect()
            },
        }
    }
}
