//! Branching statistics: how many choices the nodes of a search tree had, by depth. They estimate the size of the rest.
//!
//! Knows no node.

/// Sums of the nodes seen so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Branching(Vec<Sum>);

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    nodes: f64,
    choices: f64,
}

impl Branching {
    /// Adds a node with this number of choices.
    pub(super) fn add(&mut self, depth: usize, choices: u32) {
        if self.0.len() <= depth {
            self.0.resize(depth + 1, Sum::default());
        }
        self.0[depth].nodes += 1.0;
        self.0[depth].choices += f64::from(choices);
    }

    /// The mean number of choices of a node at this depth; 1 if there was none.
    pub(super) fn mean(&self, depth: usize) -> f64 {
        let sum = self.0.get(depth).copied().unwrap_or_default();
        if sum.nodes > 0.0 { sum.choices / sum.nodes } else { 1.0 }
    }
}
