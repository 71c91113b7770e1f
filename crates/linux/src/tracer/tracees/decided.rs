//! What becomes of a task that is stopped at the entry of a call.
//!
//! Does not know why.

use super::loss::{lost, untraced};
use super::registry::Tracees;
use super::task::{AlteredCall, At, CallStop, Position};
use crate::sys::trace::Entry;
use crate::sys::tracee::{Stopped, Until};
use crate::tracer::syscalls::interpreter::Decision;
use onewinner_core::explore::{Lost, Retry};

impl Tracees {
    /// Carries out the decision about a task at the entry of a call.
    pub(crate) fn apply(&mut self, stopped: Stopped, entry: Entry, decision: Decision) -> Result<(), Lost> {
        let known = self.tasks.get_mut(&stopped.task()).expect("a task that is known");
        known.wait = None;
        let at = match decision {
            Decision::Harmless => {
                let _running = stopped.go(Until::Next, None);
                return Ok(());
            }
            Decision::Last(end) => {
                known.altered = Some(AlteredCall {
                    entry,
                    returns: None,
                    examined: false,
                    then: Some(end),
                });
                let _running = stopped.go(Until::Exit, None);
                return Ok(());
            }
            Decision::Answered(returned) => {
                stopped.answer(returned).map_err(|error| untraced(&error))?;
                let _running = stopped.go(Until::Next, None);
                return Ok(());
            }
            Decision::Examined => {
                known.altered = Some(AlteredCall {
                    entry,
                    returns: None,
                    examined: true,
                    then: None,
                });
                let _running = stopped.go(Until::Exit, None);
                return Ok(());
            }
            Decision::Uncontrolled(reason) => return Err(lost(Retry::Never, reason)),
            Decision::StartsAnew(reason) => return Err(lost(Retry::Maybe, reason)),
            Decision::Superseded(reason) => return Err(lost(Retry::Abandoned, reason)),
            Decision::Spawns => return self.spawn(stopped),
            Decision::Waits(wait, arguments) => return self.wait(stopped, entry, wait, arguments),
            Decision::Sleeps(wait) => {
                known.wait = Some(wait);
                At::Sleep
            }
            Decision::Dozes => {
                known.position = Position::Dozing(stopped);
                return Ok(());
            }
            Decision::Controlled => At::Call,
            Decision::Exits => At::Exit,
            Decision::Finished => At::Finish,
        };
        known.position = Position::AtCall(CallStop { stopped, entry, at });
        Ok(())
    }
}
