//! How many choices nodes of a tree had, by their depth: what is to be expected of the next.
//!
//! Knows no node.

/// Sums of the nodes seen so far.
#[derive(Clone, Debug, Default)]
pub(super) struct Widths(Vec<Sum>);

#[derive(Clone, Copy, Debug, Default)]
struct Sum {
    nodes: f64,
    choices: f64,
}

impl Widths {
    /// Adds a node with so many choices.
    pub(super) fn add(&mut self, depth: usize, choices: u32) {
        if self.0.len() <= depth {
            self.0.resize(depth + 1, Sum::default());
        }
        self.0[depth].nodes += 1.0;
        self.0[depth].choices += f64::from(choices);
    }

    /// How many choices a node at this depth had on average; 1 if there was none.
    pub(super) fn mean(&self, depth: usize) -> f64 {
        let sum = self.0.get(depth).copied().unwrap_or_default();
        if sum.nodes > 0.0 { sum.choices / sum.nodes } else { 1.0 }
    }
}
