//! Alignment: every contender waits before its call k until all others have reached their call k or finished.
//!
//! A decorator over [`Fs`] with a barrier in shared memory; it needs no tracer. A check-then-act lock always fails: all check,
//! then all act. The order within one k is the kernel's choice.

use super::heartbeat::Heartbeat;
use crate::phaser::Phaser;
use onewinner_core::fs::Fs;
use onewinner_core::fs::call::{ByCall, Call};

/// Wraps `fs` so that each call waits for all others at `line`.
///
/// A contender that waits here is not at work, so it does not count as hung.
pub(super) fn aligned<'a>(fs: &'a dyn Fs, line: &'a Phaser, heartbeat: &'a Heartbeat<'a>) -> impl Fs + 'a {
    ByCall::new(fs.process(), move |call: Call| {
        heartbeat.begin_wait();
        line.arrive_and_wait(|| {});
        heartbeat.begin_work();
        call.perform(fs)
    })
}
