//! Contenders forked from one of their kind: a program that takes long to start is started once.
//!
//! A contender that has come to its first controlled call is kept there, and each execution gets a copy of it: the tracer lets
//! it call clone(2) in place of its own call, and the copy makes that. With `CLONE_PARENT` the copy is a child of the zygote as
//! any contender is.
//!
//! It is not done where the copy could tell: with several tasks, of which a copy has one, and with open files, whose offsets
//! copies share. Its number is another, too: one that uses the old one is found out, and then all are started afresh.
//! Deliberately knows nothing of programs.

use super::engine::{Engine, Wait};
use super::event::Birth;
use super::loss::{lost, untraced};
use super::task::{At, Moving, Place, Standing, Template};
use crate::sys::trace::Entry;
use crate::sys::tracee::{self, Stopped, Until, Why};
use crate::sys::zygote;
use onewinner_core::explore::{Lost, Retry};
use onewinner_core::id::ProcessId;

impl Engine {
    /// Whether copies of this contender are to be had.
    pub(crate) fn has_template(&self, process: ProcessId) -> bool {
        self.crowd.templates.contains_key(&process)
    }

    /// Makes a template of a contender, which is no contender any more, and tells its number; `None` if it has several tasks,
    /// or stands at no controlled call, or has open files of which copies would share the offset.
    pub(crate) fn keep(&mut self, process: ProcessId) -> Result<Option<i32>, Lost> {
        let mut own = self.crowd.tasks.iter().filter(|(_, task)| task.process == process);
        let (Some((&number, task)), None) = (own.next(), own.next()) else {
            return Ok(None);
        };
        let stands = matches!(&task.place, Place::Stands(Standing { at: At::Call, .. }));
        if !stands || self.crowd.first.get(&process) != Some(&number) || zygote::shares_offsets(number) {
            return Ok(None);
        }
        let task = self.crowd.tasks.remove(&number).expect("it was found");
        self.crowd.first.remove(&process);
        self.interpreter.gone(number);
        let Place::Stands(Standing { stopped, entry, .. }) = task.place else {
            unreachable!("it stands");
        };
        let registers = stopped.registers().map_err(|error| untraced(&error))?;
        // Its call is not made: it is brought to where a call has returned.
        stopped.answer(0).map_err(|error| untraced(&error))?;
        let stopped = self.move_template(stopped, Until::Exit, Why::Exit)?;
        let template = Template {
            stopped,
            registers,
            entry,
        };
        self.crowd.templates.insert(process, template);
        Ok(Some(number))
    }

    /// Starts a contender as a copy of its template.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub(crate) fn copy(&mut self, process: ProcessId) -> Result<(), Lost> {
        let template = self.crowd.templates.remove(&process).expect("there is a template");
        let Template {
            stopped,
            registers,
            entry,
        } = template;
        let set = |stopped: &Stopped, entry: &Entry| {
            let mut registers = registers.clone();
            registers.ask_again(entry);
            stopped.set_registers(&registers).map_err(|error| untraced(&error))
        };
        let clone = Entry {
            number: zygote::CLONE,
            arguments: zygote::CLONE_ARGUMENTS,
            ..entry
        };
        set(&stopped, &clone)?;
        let at_entry = self.move_template(stopped, Until::Next, Why::Entry)?;
        let (bearing, child) = self.bear(at_entry)?;
        let stopped = self.move_template(bearing, Until::Exit, Why::Exit)?;
        let template = Template {
            stopped,
            registers: registers.clone(),
            entry,
        };
        self.crowd.templates.insert(process, template);
        let wait = Wait::of("waiting for a copy of a contender");
        while !self.crowd.early.contains_key(&child) {
            self.next(&wait)?;
        }
        // The call of the template, as if it had not been asked for yet.
        set(&self.crowd.early[&child], &entry)?;
        self.crowd.first.insert(process, child);
        let event = self.crowd.born(process, child, child, Birth::First)?;
        self.handle_any(Some(event))
    }

    /// Lets a template go, which stops again at once: for this reason, or something is wrong.
    fn move_template(&mut self, stopped: Stopped, until: Until, expected: Why) -> Result<Stopped, Lost> {
        match self.step_template(stopped, until)? {
            (stopped, why) if why == expected => Ok(stopped),
            (_, why) => Err(lost(
                Retry::Maybe,
                format!("a template does what it was not to: {why:?}"),
            )),
        }
    }

    fn bear(&mut self, stopped: Stopped) -> Result<(Stopped, i32), Lost> {
        match self.step_template(stopped, Until::Exit)? {
            (stopped, Why::Born(child)) => Ok((stopped, child)),
            (_, why) => Err(lost(Retry::Maybe, format!("a template bears no copy: {why:?}"))),
        }
    }

    fn step_template(&mut self, stopped: Stopped, until: Until) -> Result<(Stopped, Why), Lost> {
        let task = stopped.task();
        self.crowd.moving = Some(Moving { task, came: None });
        let _running = stopped.go(until, None);
        let wait = Wait::of("waiting for the process that a contender is copied from");
        loop {
            self.next(&wait)?;
            let moving = self.crowd.moving.as_mut().expect("it was let go");
            if let Some(came) = moving.came.take() {
                self.crowd.moving = None;
                return Ok(came);
            }
            if self.crowd.gone.contains(&task) {
                return Err(lost(Retry::Maybe, "a template is gone".to_owned()));
            }
        }
    }

    /// Kills all templates.
    pub(crate) fn discard(&mut self) -> Result<(), Lost> {
        for template in std::mem::take(&mut self.crowd.templates).into_values() {
            let task = template.stopped.task();
            tracee::slay(task);
            let wait = Wait::of("waiting for the end of the process that a contender was copied from");
            while !self.crowd.gone.contains(&task) {
                self.next(&wait)?;
            }
        }
        Ok(())
    }
}
