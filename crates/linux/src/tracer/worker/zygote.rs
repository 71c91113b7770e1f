//! The traced process that forks contenders, and why there is none.

use std::io::{self, Write};

use crate::sys::filter::{Chance, Clock, filters};
use crate::sys::process::{Ended, Worker};
use crate::sys::{seccomp, tracee, zygote};
use crate::tracer::error::Unavailable;
use crate::tracer::system::{Parts, TracedSystem};

/// The exit code of a zygote whose filter the kernel refuses.
const NO_FILTER: u8 = 1;

/// Forks a zygote that is traced, and stops at every call that its filter does not let pass. It runs `serve` in a child for
/// each order.
///
/// # Errors
///
/// When the machine does not let a process be traced.
pub(crate) fn zygote(clock: Clock, chance: Chance, serve: impl Fn(i64) -> u8) -> Result<Worker, Unavailable> {
    let failed = |step: &'static str| {
        move |error: &dyn std::error::Error| Unavailable::NoZygote {
            reason: format!("{step}: {error}"),
        }
    };
    let loaded = filters(clock, chance).map_err(|error| failed("its filter cannot be built")(&error))?;
    let (reader, mut go) = io::pipe().map_err(|error| failed("there is no pipe for it")(&error))?;
    let begin = move || if seccomp::load(&loaded).is_err() { NO_FILTER } else { 0 };
    let zygote = zygote::fork_zygote(reader, begin, serve).map_err(|error| failed("it cannot be forked")(&error))?;
    tracee::seize(zygote.pid()).map_err(|error| Unavailable::PtraceForbidden {
        error: error.to_string(),
    })?;
    go.write_all(b"g")
        .map_err(|error| failed("it cannot be started")(&error))?;
    Ok(zygote)
}

/// Why a zygote ended before its first order.
fn why_it_ended(how: Ended) -> Unavailable {
    match how {
        Ended::Exited(NO_FILTER) => Unavailable::SeccompRefused,
        how => Unavailable::NoZygote {
            reason: how.to_string(),
        },
    }
}

/// The system of these parts, whose zygote takes orders.
///
/// # Errors
///
/// When the zygote ends, or does not arrive.
pub(crate) fn ready(parts: Parts) -> Result<TracedSystem, Unavailable> {
    let mut system = TracedSystem::new(parts);
    match system.engine.await_zygote() {
        Ok(()) => Ok(system),
        Err(lost) => Err(match system.engine.tracees.zygote_end() {
            Some(how) => why_it_ended(how),
            None => Unavailable::NoZygote { reason: lost.reason },
        }),
    }
}
