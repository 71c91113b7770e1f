//! One search of the worker, and its answers.
//!
//! Knows nothing of what contenders are.

use std::io;
use std::ops::ControlFlow;
use std::time::{Duration, Instant};

use super::answering::say;
use crate::sys::process::is_readable;
use crate::tracer::messages::{Answer, SearchRequest};
use crate::tracer::system::TracedSystem;
use crate::tracer::tracees::search_end::SearchEnd;
use onewinner_core::explore::{self, Estimated, search};
use onewinner_core::history::{End, Execution};

/// How long the worker is silent at most while it searches, but for a wait of the tracer.
const HEARTBEAT: Duration = Duration::from_secs(2);

/// How much later than the search the engine notices that the time is over: the search then knows why the engine stopped.
const LATER: Duration = Duration::from_millis(10);

/// Searches to the end, until `stopped`, or until the session is gone.
///
/// # Errors
///
/// When the session is gone.
pub(super) fn search_and_answer(
    system: &mut TracedSystem,
    request: &SearchRequest,
    stopped: &dyn Fn() -> bool,
) -> io::Result<()> {
    system.endless.learn(&request.endless);
    let mut scheduler = request.strategy.scheduler();
    let mut noted = Vec::new();
    let mut last = Instant::now();
    system.on_step(Box::new(move || {
        if last.elapsed() > HEARTBEAT {
            last = Instant::now();
            // If the session is gone, the next execution finds out.
            let _unread = say(&Answer::Alive);
        }
    }));
    // Between two executions the search looks for itself; in an execution only the engine does. A session that is gone has
    // closed the pipe, which can be read then too.
    let requested = || is_readable(&io::stdin(), Duration::ZERO);
    system.engine.search_end = SearchEnd::within(request.limits().time + LATER, requested);
    let searched = search(
        system,
        // If the session is gone, the next execution finds out.
        &mut Estimated::new(&mut *scheduler, &mut |share| drop(say(&Answer::Share(share)))),
        request.limits(),
        &mut |system: &mut TracedSystem, schedule, ended| {
            let execution = Execution {
                schedule,
                history: system.take_history(),
                end: match ended {
                    explore::Ended::Completed => End::Completed,
                    explore::Ended::Cut | explore::Ended::Blocked | explore::Ended::Redundant => End::Cut,
                    explore::Ended::Lost { step, reason } | explore::Ended::Diverged { step, reason } => {
                        End::Diverged { step, reason }
                    }
                },
            };
            let notes = system.notes();
            let mut said = Ok(());
            if notes != noted {
                noted.clone_from(&notes);
                said = say(&Answer::Notes(notes));
            }
            match said.and_then(|()| say(&Answer::Execution(execution))) {
                Ok(()) if !stopped() => ControlFlow::Continue(()),
                Ok(()) | Err(_) => ControlFlow::Break(()),
            }
        },
    );
    system.engine.search_end = SearchEnd::never();
    say(&Answer::Endless(system.endless.all()))?;
    if !system.engine.interpreter.shares().is_empty() {
        say(&Answer::Superseded)?;
    }
    say(&Answer::Done(searched))
}
