//! Calls whose result the tracer examines: they show times or figures of the machine, which it corrects, or make something whose
//! times it has to know.
//!
//! Decides nothing about steps.

use std::io;

use super::interpreter::AtCall;
use super::machine_figures;
use super::programs::{Pending, Programs};
use super::replies;
use crate::sys::syscalls;
use onewinner_core::explore::{Lost, Retry};

impl Programs {
    /// Whether what a call has returned is examined, if it is no step: it shows figures of the machine, or makes something that has
    /// times. Calls that show times are decided where it is known of what.
    pub(super) fn is_examined(name: &str) -> bool {
        matches!(
            name,
            "statfs"
                | "fstatfs"
                | "wait4"
                | "waitid"
                | "memfd_create"
                | "pipe"
                | "pipe2"
                | "socketpair"
                | "socket"
                | "accept"
                | "accept4"
        )
    }

    /// Times or figures cannot be corrected.
    pub(super) fn unshown(at: &AtCall<'_>, name: &str, error: &io::Error) -> Lost {
        Lost {
            reason: format!(
                "{} makes the call {name}, whose times are not those of the virtual clock: {error}",
                at.process
            ),
            again: Retry::Never,
        }
    }

    /// A call that is no step was made, and the kernel returned this.
    pub(super) fn examines(&mut self, at: &AtCall<'_>, returned: i64) -> Result<(), Lost> {
        let changing = self.changing.remove(&at.task);
        let Some(call) = syscalls::of(at.entry.number) else {
            return Ok(());
        };
        if replies::errno(returned).is_some() {
            return Ok(());
        }
        let examined = match changing {
            Some(Pending { decoded, touched, .. }) => self
                .times
                .after(at, &decoded, &touched, &self.tree, &mut self.time)
                .and_then(|()| {
                    if touched.unnamed_elsewhere {
                        self.opened(at, call.name, returned)
                    } else {
                        Ok(())
                    }
                }),
            None => self.opened(at, call.name, returned),
        };
        examined
            .and_then(|()| self.corrects(at, call.name, returned))
            .map_err(|error| Self::unshown(at, call.name, &error))
    }

    /// A call has opened new inodes without a name.
    pub(super) fn opened(&mut self, at: &AtCall<'_>, name: &str, returned: i64) -> io::Result<()> {
        let pair = |place: u64| {
            let mut bytes = [0; 8];
            at.memory.read(place, &mut bytes)?;
            let [a, b, c, d, e, f, g, h] = bytes;
            Ok::<_, io::Error>(vec![i32::from_ne_bytes([a, b, c, d]), i32::from_ne_bytes([e, f, g, h])])
        };
        let opened = match name {
            "memfd_create" | "socket" | "accept" | "accept4" | "open" | "openat" | "openat2" => {
                vec![i32::try_from(returned).map_err(io::Error::other)?]
            }
            "pipe" | "pipe2" => pair(at.entry.arguments[0])?,
            "socketpair" => pair(at.entry.arguments[3])?,
            _ => return Ok(()),
        };
        self.times.made(at, &opened, &self.tree, &mut self.time)
    }

    /// Corrects what a call has written to the memory of a task.
    pub(super) fn corrects(&mut self, at: &AtCall<'_>, name: &str, returned: i64) -> io::Result<()> {
        machine_figures::correct(at, name, returned)?;
        self.times.correct(at, name, &self.tree, &mut self.time)
    }
}
