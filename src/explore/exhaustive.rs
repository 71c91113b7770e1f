//! Every interleaving, depth first: the ground truth that reductions are measured against.

use super::{Begin, Choice, Scheduler};
use crate::id::ProcessId;

/// Runs each schedule once, in lexicographic order.
///
/// It reduces nothing: N processes of k steps have (Nk)! / (k!)^N schedules.
#[derive(Clone, Debug, Default)]
pub struct Exhaustive {
    /// The choices of the execution that runs or ran last.
    branches: Vec<Branch>,
    /// How many of them the current execution has made.
    depth: usize,
    begun: bool,
}

#[derive(Clone, Debug)]
struct Branch {
    enabled: Vec<ProcessId>,
    chosen: usize,
}

impl Exhaustive {
    /// Before the first execution.
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
        Begin::Exhausted
    }

    fn choose(&mut self, enabled: &[ProcessId]) -> Choice {
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
}
