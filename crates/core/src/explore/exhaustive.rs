//! Every interleaving, depth first: the reference that reductions are tested against.

use super::{Begin, Choice, ChoicePoint, Covered, Scheduler};
use crate::id::ProcessId;

/// Runs each schedule once, in lexicographic order.
///
/// There is no reduction: N processes of k steps have (Nk)! / (k!)^N schedules.
#[derive(Clone, Debug, Default)]
pub struct Exhaustive {
    /// The choices of the current or last execution.
    branches: Vec<Branch>,
    /// How many of them the current execution has made.
    depth: usize,
    begun: bool,
    exhausted: bool,
    /// Whether some execution could not be run to its end.
    unfinished: bool,
}

#[derive(Clone, Debug)]
struct Branch {
    enabled: Vec<ProcessId>,
    chosen: usize,
}

impl Exhaustive {
    /// A search before its first execution.
    pub fn new() -> Self {
        Self::default()
    }
}

impl Scheduler for Exhaustive {
    fn begin(&mut self) -> Begin {
        self.depth = 0;
        if !self.begun {
            self.begun = true;
            return Begin::Another;
        }
        while let Some(branch) = self.branches.last_mut() {
            branch.chosen += 1;
            if branch.chosen < branch.enabled.len() {
                return Begin::Another;
            }
            self.branches.pop();
        }
        self.exhausted = true;
        Begin::Exhausted
    }

    fn again(&mut self) {
        self.depth = 0;
    }

    fn choose(&mut self, now: &ChoicePoint<'_>) -> Choice {
        let enabled = now.enabled;
        if self.depth == self.branches.len() {
            self.branches.push(Branch {
                enabled: enabled.to_owned(),
                chosen: 0,
            });
        }
        let branch = &self.branches[self.depth];
        self.depth += 1;
        if branch.enabled != enabled {
            let reason = format!("the same steps enabled {:?} before and {enabled:?} now", branch.enabled);
            return Choice::Diverged { reason };
        }
        Choice::Step(branch.enabled[branch.chosen])
    }

    fn unfinished(&mut self) {
        self.unfinished = true;
    }

    fn covered(&self) -> Covered {
        if self.exhausted && !self.unfinished {
            Covered::Everything
        } else {
            Covered::Some
        }
    }

    fn estimate(&self) -> Option<f64> {
        let (mut done, mut weight) = (f64::from(u8::from(self.exhausted)), 1.0);
        for branch in &self.branches {
            weight /= branch.enabled.len() as f64;
            done += weight * branch.chosen as f64;
        }
        Some(done)
    }
}
