//! Tasks that a signal has stopped: the signal is delivered, unless a reading of the processor's counter has raised it.
//!
//! Knows no clock.

use super::event::TaskEvent;
use super::loss::untraced;
use super::task::Task;
use crate::sys::counter::{self, CounterReading};
use crate::sys::signals;
use crate::sys::tracee::{Stopped, Until};
use onewinner_core::explore::Lost;

/// A signal with this number has stopped a task.
pub(super) fn signalled(task: &Task, stopped: Stopped, number: i32) -> Result<Option<TaskEvent>, Lost> {
    if number == signals::SEGMENTATION_FAULT {
        let reading = counter::reading(&stopped, &task.memory).map_err(|error| untraced(&error))?;
        if let Some(reading) = reading {
            return Ok(Some(TaskEvent::ReadsCounter { stopped, reading }));
        }
    }
    let _running = stopped.go(Until::Next, Some(number));
    Ok(None)
}

/// A task that has read the counter goes on.
pub(super) fn show_counter(stopped: Stopped, reading: CounterReading, shows: u64) -> Result<(), Lost> {
    counter::answer(&stopped, reading, shows).map_err(|error| untraced(&error))?;
    let _running = stopped.go(Until::Next, None);
    Ok(())
}
