//! Alignment: every contender waits before its call k until all that still go on have come to their call k.
//!
//! On the real kernel and without a tracer: a decorator over [`Fs`], and a line in shared memory. Check-then-act cannot
//! survive it: all check, then all act. Deliberately orders nothing within one k; that is still the kernel's choice.

use super::pulse::Pulse;
use crate::phaser::Phaser;
use onewinner_core::fs::Fs;
use onewinner_core::fs::call::{ByCall, Call};

/// `fs`, in step with all others at `line`.
///
/// While it waits the contender is not at work: it is not the one that hangs.
pub(super) fn aligned<'a>(fs: &'a dyn Fs, line: &'a Phaser, pulse: &'a Pulse<'a>) -> impl Fs + 'a {
    ByCall::new(fs.process(), move |call: Call| {
        pulse.rest();
        line.arrive_and_wait(|| {});
        pulse.work();
        call.perform(fs)
    })
}
