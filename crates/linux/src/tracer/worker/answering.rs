//! Sends answers to the session.
//!
//! Knows nothing of what they mean.

use std::io::{self, Write};

use crate::tracer::error::Refusal;
use crate::tracer::messages::Answer;

/// Sends an answer.
pub(super) fn say(answer: &Answer) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, answer)?;
    out.write_all(b"\n")?;
    out.flush()
}

/// A preparation that failed.
pub(super) fn failed(step: &str, error: &dyn std::error::Error) -> Refusal {
    Refusal::Preparation {
        step: step.to_owned(),
        error: error.to_string(),
    }
}
