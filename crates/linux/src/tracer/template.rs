//! Contenders forked from one of their kind: a program that takes long to start is started once.
//!
//! A contender that has come to its first controlled call is kept there, and each execution gets a copy of it: the tracer lets
//! it call clone(2) in place of its own call, and the copy makes that. With `CLONE_PARENT` the copy is a child of the zygote as
//! any contender is.
//!
//! It is not done where the copy could tell: with several tasks, of which a copy has one, and with open files, whose offsets
//! copies share. Its number is another, too: one that uses the old one is found out, and then all are started afresh.
//! Deliberately knows nothing of programs.

use super::crowd::{Crowd, lost, untraced};
use super::interpreter::Interpreter;
use super::task::{At, Place, Standing};
use crate::sys::registers::Registers;
use crate::sys::trace::Entry;
use crate::sys::tracee::{self, Stopped, Until, Why};
use crate::sys::zygote;
use onewinner_core::explore::{Lost, Retry};
use onewinner_core::id::ProcessId;

/// A contender that is kept at its first controlled call.
pub(super) struct Template {
    /// At the exit of a call.
    stopped: Stopped,
    /// Those of its first controlled call.
    registers: Registers,
    entry: Entry,
}

/// A template that is let go for a moment, and where it has stopped.
pub(super) struct Moving {
    pub(super) task: i32,
    pub(super) came: Option<(Stopped, Why)>,
}

impl Crowd {
    /// Whether copies of this contender are to be had.
    pub(super) fn has_template(&self, process: ProcessId) -> bool {
        self.templates.contains_key(&process)
    }

    /// Makes a template of a contender, which is no contender any more, and tells its number; `None` if it has several tasks,
    /// or stands at no controlled call, or has open files of which copies would share the offset.
    pub(super) fn keep(&mut self, process: ProcessId, interpreter: &mut dyn Interpreter) -> Result<Option<i32>, Lost> {
        let mut own = self.tasks.iter().filter(|(_, task)| task.process == process);
        let (Some((&number, task)), None) = (own.next(), own.next()) else {
            return Ok(None);
        };
        let stands = matches!(&task.place, Place::Stands(Standing { at: At::Call, .. }));
        if !stands || self.first.get(&process) != Some(&number) || zygote::shares_offsets(number) {
            return Ok(None);
        }
        let task = self.tasks.remove(&number).expect("it was found");
        self.first.remove(&process);
        interpreter.gone(number);
        let Place::Stands(Standing { stopped, entry, .. }) = task.place else {
            unreachable!("it stands");
        };
        let registers = stopped.registers().map_err(|error| untraced(&error))?;
        // Its call is not made: it is brought to where a call has returned.
        stopped.answer(0).map_err(|error| untraced(&error))?;
        let stopped = self.move_template(stopped, Until::Exit, Why::Exit, interpreter)?;
        let template = Template {
            stopped,
            registers,
            entry,
        };
        self.templates.insert(process, template);
        Ok(Some(number))
    }

    /// Starts a contender as a copy of its template.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub(super) fn copy(&mut self, process: ProcessId, interpreter: &mut dyn Interpreter) -> Result<(), Lost> {
        let template = self.templates.remove(&process).expect("there is a template");
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
        let at_entry = self.move_template(stopped, Until::Next, Why::Entry, interpreter)?;
        let (bearing, child) = self.bear(at_entry, interpreter)?;
        let stopped = self.move_template(bearing, Until::Exit, Why::Exit, interpreter)?;
        let template = Template {
            stopped,
            registers: registers.clone(),
            entry,
        };
        self.templates.insert(process, template);
        while !self.early.contains_key(&child) {
            self.next("a copy of a contender", interpreter)?;
        }
        // The call of the template, as if it had not been asked for yet.
        set(&self.early[&child], &entry)?;
        self.first.insert(process, child);
        interpreter.starts(process, child);
        self.born(process, child, child, interpreter)
    }

    /// Lets a template go, which stops again at once: for this reason, or something is wrong.
    fn move_template(
        &mut self,
        stopped: Stopped,
        until: Until,
        expected: Why,
        interpreter: &mut dyn Interpreter,
    ) -> Result<Stopped, Lost> {
        match self.step_template(stopped, until, interpreter)? {
            (stopped, why) if why == expected => Ok(stopped),
            (_, why) => Err(lost(
                Retry::Maybe,
                format!("a template does what it was not to: {why:?}"),
            )),
        }
    }

    fn bear(&mut self, stopped: Stopped, interpreter: &mut dyn Interpreter) -> Result<(Stopped, i32), Lost> {
        match self.step_template(stopped, Until::Exit, interpreter)? {
            (stopped, Why::Born(child)) => Ok((stopped, child)),
            (_, why) => Err(lost(Retry::Maybe, format!("a template bears no copy: {why:?}"))),
        }
    }

    fn step_template(
        &mut self,
        stopped: Stopped,
        until: Until,
        interpreter: &mut dyn Interpreter,
    ) -> Result<(Stopped, Why), Lost> {
        let task = stopped.task();
        self.moving = Some(Moving { task, came: None });
        let _running = stopped.go(until, None);
        loop {
            self.next("a template", interpreter)?;
            let moving = self.moving.as_mut().expect("it was let go");
            if let Some(came) = moving.came.take() {
                self.moving = None;
                return Ok(came);
            }
            if self.gone.contains(&task) {
                return Err(lost(Retry::Maybe, "a template is gone".to_owned()));
            }
        }
    }

    /// Kills all templates.
    pub(super) fn discard(&mut self, interpreter: &mut dyn Interpreter) -> Result<(), Lost> {
        for template in std::mem::take(&mut self.templates).into_values() {
            let task = template.stopped.task();
            tracee::slay(task);
            while !self.gone.contains(&task) {
                self.next("a killed template", interpreter)?;
            }
        }
        Ok(())
    }
}
