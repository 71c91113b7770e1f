//! Which contender the zygote starts, as the number that answers its call.

use onewinner_core::id::ProcessId;

/// A contender of an execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Order {
    pub(crate) process: ProcessId,
    /// The number of the directory in which the execution takes place.
    pub(crate) directory: u32,
}

impl Order {
    /// As a number that is not negative: a negative one ends the zygote.
    pub(crate) fn word(self) -> i64 {
        i64::from(self.directory) << u8::BITS | i64::from(self.process.0)
    }

    pub(crate) fn of(word: i64) -> Self {
        Self {
            process: ProcessId((word & i64::from(u8::MAX)) as u8),
            directory: u32::try_from(word >> u8::BITS).expect("a word that was made from an order"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_order_comes_back_from_its_word() {
        for (process, directory) in [(0, 0), (63, 1), (1, u32::MAX), (255, 7)] {
            let process = ProcessId(process);
            let order = Order { process, directory };
            assert!(order.word() >= 0);
            assert_eq!(Order::of(order.word()), order);
        }
    }
}
