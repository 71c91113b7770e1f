//! Which conflicting steps are reversed.
//!
//! The rules are a value, so that a test can replace one rule by a wrong one and check that the tests notice. Knows positions in
//! an execution and their order.

use crate::happens_before::HappensBefore;

/// Which pairs of steps are reversed. The default is sound; `tests.rs` shows what other rules miss.
#[derive(Clone, Copy, Debug)]
pub(super) struct Rules {
    /// Whether to look for races of the step at this position. The first `old` steps are inherited.
    pub(super) looks_at: fn(position: usize, old: usize) -> bool,
    /// Whether to skip an earlier step because it happens before the previous step of the later one's process.
    pub(super) is_past: fn(&HappensBefore, earlier: usize, previous: usize) -> bool,
    /// Which of the earlier steps are reversed.
    pub(super) nearest: fn(&HappensBefore, &[usize]) -> Vec<usize>,
    /// Which earlier steps remain candidates after some could not be reversed.
    pub(super) below: fn(&HappensBefore, &[usize], &Tried) -> Vec<usize>,
}

/// The results of reversing steps with a later one.
#[derive(Default)]
pub(super) struct Tried {
    /// Steps that were reversed with it.
    pub(super) reversed: Vec<usize>,
    /// Steps that enabled it: without them it cannot be taken.
    pub(super) only_enabled: Vec<usize>,
}

impl Default for Rules {
    /// The sound rules:
    ///
    /// - Look at the whole execution, not only at its new steps: a reversal of early steps may have to begin with later ones.
    /// - Reverse the candidates that happen before no other candidate.
    /// - If the later step cannot be taken without an earlier one, that one only enabled it. The race is with a step before it.
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
