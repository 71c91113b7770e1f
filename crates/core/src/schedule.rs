//! A schedule: the choices that determine one execution, as a value with a text form.
//!
//! Both `explore` and `history` use it: an execution carries its schedule. Does not depend on what the steps do.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::id::{ParseProcessIdError, ProcessId};

/// Which process takes each step, from the first to the last.
///
/// The text form groups consecutive steps of one process: `P0*2 P1 P0`. It round-trips.
///
/// ```
/// use onewinner_core::schedule::Schedule;
///
/// let schedule: Schedule = "P0*2 P1 P0".parse().unwrap();
/// assert_eq!(schedule.len(), 4);
/// assert_eq!(schedule.to_string(), "P0*2 P1 P0");
/// ```
#[derive(Clone, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Schedule(Vec<ProcessId>);

impl Schedule {
    /// The steps, in order.
    pub fn steps(&self) -> &[ProcessId] {
        &self.0
    }

    /// The number of steps.
    pub fn len(&self) -> usize {
        self.0.len()
    }

    /// Whether there are no steps.
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Appends a step.
    pub fn push(&mut self, process: ProcessId) {
        self.0.push(process);
    }

    /// How often the next step is of another process than the last: an upper bound on the preemptions.
    pub fn switches(&self) -> usize {
        self.0.windows(2).filter(|pair| pair[0] != pair[1]).count()
    }
}

impl FromIterator<ProcessId> for Schedule {
    fn from_iter<I: IntoIterator<Item = ProcessId>>(steps: I) -> Self {
        Self(steps.into_iter().collect())
    }
}

impl fmt::Display for Schedule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (position, run) in self.0.chunk_by(|a, b| a == b).enumerate() {
            if position > 0 {
                f.write_str(" ")?;
            }
            write!(f, "{}", run[0])?;
            if run.len() > 1 {
                write!(f, "*{}", run.len())?;
            }
        }
        Ok(())
    }
}

/// Why a text is not a schedule.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ParseScheduleError {
    /// A step that does not name a process.
    #[error(transparent)]
    Process(#[from] ParseProcessIdError),
    /// A repetition that is not a number from 1 to [`MAX_STEPS`].
    #[error("failed to read `{0}` in a schedule: expected a count from 1 to {MAX_STEPS} after `*`")]
    Count(String),
}

/// The longest schedule that is read from text. No execution is that long; a typing error must not fill the memory.
pub const MAX_STEPS: usize = 1_000_000;

impl FromStr for Schedule {
    type Err = ParseScheduleError;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let mut steps = Vec::new();
        for token in text.split_whitespace() {
            let (process, count) = match token.split_once('*') {
                None => (token.parse::<ProcessId>()?, 1),
                Some((process, count)) => {
                    let count = count
                        .parse::<usize>()
                        .ok()
                        .filter(|count| (1..=MAX_STEPS).contains(count))
                        .ok_or_else(|| ParseScheduleError::Count(token.to_owned()))?;
                    (process.parse::<ProcessId>()?, count)
                }
            };
            if steps.len() + count > MAX_STEPS {
                return Err(ParseScheduleError::Count(token.to_owned()));
            }
            steps.extend(std::iter::repeat_n(process, count));
        }
        Ok(Self(steps))
    }
}

impl TryFrom<String> for Schedule {
    type Error = ParseScheduleError;

    fn try_from(text: String) -> Result<Self, Self::Error> {
        text.parse()
    }
}

impl From<Schedule> for String {
    fn from(schedule: Schedule) -> Self {
        schedule.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wrong_text_is_refused_with_the_token_in_the_message() {
        for (text, token) in [
            ("P0 Q1", "Q1"),
            ("P0*0", "P0*0"),
            ("P0*x", "P0*x"),
            ("P0*9999999", "P0*9999999"),
            ("P256", "P256"),
        ] {
            let error = text.parse::<Schedule>().unwrap_err().to_string();
            assert!(error.contains(token), "{text}: {error}");
        }
    }

    proptest::proptest! {
        #[test]
        fn the_text_form_round_trips(steps in proptest::collection::vec(0u8..5, 0..40)) {
            let schedule: Schedule = steps.into_iter().map(ProcessId).collect();
            proptest::prop_assert_eq!(schedule.to_string().parse::<Schedule>().unwrap(), schedule);
        }
    }
}
