//! Fork snapshots: a program that starts slowly is started once, and contenders are forked from it.
//!
//! ```text
//!  contender 10000 ──runs to its first controlled call──▶ forks the snapshot, and is killed
//!  snapshot ──before each execution──▶ forks a copy with the number 10000, which makes that call
//! ```
//!
//! Where it cannot be copied there, the contender stops earlier: see `copy_point.rs`.
//!
//! The snapshot never runs code of the program: it stays stopped, and the tracer makes it call clone(2). With `CLONE_PARENT` the
//! copy is a child of the zygote, as any contender. So what the program has remembered, its number among it, agrees with what
//! the kernel reports. A snapshot is taken only of a process whose state a fork copies: see `sys/private_state.rs`. Knows nothing of
//! programs.

use super::engine::{Engine, Wait};
use super::event::{Birth, TaskEvent};
use super::fork_snapshots::StartPoint;
use super::loss::{lost, untraced};
use super::numbers::check_number;
use super::task::{At, AtEnd, CallStop, ForkSnapshot, Position, RunningSnapshot};
use crate::sys::private_state::{NotPrivate, descriptions, robust_list};
use crate::sys::trace::{Entry, Memory};
use crate::sys::tracee::{self, Stopped, Until, Why};
use crate::sys::zygote;
use onewinner_core::explore::{Lost, Retry};
use onewinner_core::id::ProcessId;

/// What became of a contender that should become a snapshot.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kept {
    /// It is gone, and its snapshot with this serial number is there: the contender starts again, as a copy.
    Snapshot(u64),
    /// It goes on, because copies could notice: for this reason.
    Itself(NotPrivate),
}

impl Engine {
    /// What the next start of this contender follows from; `None` where it cannot be a copy, because numbers of processes cannot be
    /// chosen, or because more decides about it.
    pub(crate) fn start_point(&self, process: ProcessId) -> Option<StartPoint> {
        let start = self.tracees.numbers.as_ref()?.upcoming(process);
        let (clock, times) = self.interpreter.at_start(process)?;
        // One that it has left in an earlier round can be found, and can do something to the new process.
        let has_child = self.tracees.tasks.values().any(|task| task.process == process);
        (!has_child).then_some(StartPoint {
            process,
            start,
            clock,
            times,
        })
    }

    /// Takes a snapshot of a contender that has started here, and is stopped at its first controlled call or at its copy point.
    pub(crate) fn keep(&mut self, point: StartPoint) -> Result<Kept, Lost> {
        let process = point.process;
        let numbers = self.tracees.numbers.as_ref();
        let Some((_, tasks)) = numbers.and_then(|numbers| numbers.present(process)) else {
            return Ok(Kept::Itself(NotPrivate::Number));
        };
        let mut own = self.tracees.tasks.iter().filter(|(_, task)| task.process == process);
        let (Some((&number, task)), None) = (own.next(), own.next()) else {
            return Ok(Kept::Itself(NotPrivate::Tasks));
        };
        let stands = matches!(
            &task.position,
            Position::AtCall(CallStop {
                at: At::Call | At::Snapshot,
                ..
            })
        );
        if !stands || self.tracees.first.get(&process) != Some(&number) {
            return Ok(Kept::Itself(NotPrivate::Tasks));
        }
        let descriptions = match descriptions(number) {
            Ok(descriptions) => descriptions,
            Err(why) => return Ok(Kept::Itself(why)),
        };
        let Ok(robust) = robust_list(number) else {
            return Ok(Kept::Itself(NotPrivate::Unknown));
        };
        let numbers = self.tracees.numbers.as_mut().expect("they were there");
        let Some(chosen) = numbers.snapshot() else {
            return Ok(Kept::Itself(NotPrivate::Number));
        };
        let task = self.tracees.tasks.remove(&number).expect("it was found");
        self.tracees.first.remove(&process);
        self.interpreter.gone(number);
        let memory = task.memory;
        let Position::AtCall(CallStop { stopped, entry, .. }) = task.position else {
            unreachable!("it is stopped at a call");
        };
        let registers = stopped.registers().map_err(|error| untraced(&error))?;
        // Its call is not made: it moves on to the exit of the call, and forks.
        stopped.answer(0).map_err(|error| untraced(&error))?;
        let stopped = self.run_snapshot_to(stopped, Until::Exit, Why::Exit)?;
        let at_end = AtEnd { clears: 0, robust };
        let serial = self.tracees.fork_snapshots.next_serial();
        let mut own = ForkSnapshot {
            serial,
            stopped,
            registers,
            entry,
            tasks,
            descriptions,
            at_end,
        };
        own = self.ask_what_it_clears(own, &memory)?;
        // The snapshot itself never ends by itself.
        let fork = Entry {
            number: zygote::CLONE,
            arguments: zygote::CLONE_ARGUMENTS,
            ..own.entry
        };
        own.prepare(&fork)?;
        let numbers = self.tracees.numbers.as_ref().expect("they were there");
        numbers.choose(chosen)?;
        let at_entry = self.run_snapshot_to(own.stopped, Until::Next, Why::Entry)?;
        let (original, child) = self.fork_copy(at_entry, chosen)?;
        tracee::kill_process(original.task());
        self.await_end(original.task())?;
        own.stopped = self.await_copy(child)?;
        self.tracees.fork_snapshots.put(point, own);
        while let Some(surplus) = self.tracees.fork_snapshots.take_surplus(&point) {
            self.discard_one(&surplus)?;
        }
        let numbers = self.tracees.numbers.as_mut().expect("they were there");
        numbers.take_back_start(process);
        Ok(Kept::Snapshot(serial))
    }

    /// A contender that waits at its copy point goes on, because no snapshot was taken of it.
    pub(crate) fn go_on_uncopied(&mut self, process: ProcessId) -> Result<(), Lost> {
        let Some((stopped, entry)) = self.tracees.leave_copy_point(process) else {
            return Ok(());
        };
        self.handle_any(Some(TaskEvent::ReachedCall { stopped, entry }))
    }

    /// Starts a contender as a copy of its snapshot.
    ///
    /// # Panics
    ///
    /// When there is none.
    pub(crate) fn copy(&mut self, point: StartPoint) -> Result<(), Lost> {
        let process = point.process;
        let mut snapshot = self.tracees.fork_snapshots.take(&point).expect("there is a snapshot");
        // Copies share the offsets and flags of open files with their snapshot.
        for description in snapshot.descriptions.clone() {
            for (number, arguments) in description.restoring(snapshot.stopped.task()) {
                let restore = Entry {
                    number,
                    arguments,
                    ..snapshot.entry
                };
                snapshot.prepare(&restore)?;
                snapshot.stopped = self.make_call(snapshot.stopped)?;
            }
        }
        snapshot.prepare(&snapshot.clone_call())?;
        let at_entry = self.run_snapshot_to(snapshot.stopped, Until::Next, Why::Entry)?;
        let numbers = self.tracees.numbers.as_mut().expect("they were there");
        let chosen = numbers.start(process, snapshot.tasks)?;
        let (parent, child) = self.fork_copy(at_entry, chosen)?;
        snapshot.stopped = self.run_snapshot_to(parent, Until::Exit, Why::Exit)?;
        let mut copy = self.await_copy(child)?;
        if let Some(call) = snapshot.robust_call() {
            snapshot.set(&copy, &call)?;
            copy = self.make_call(copy)?;
        }
        // The copy makes the original call.
        snapshot.set(&copy, &snapshot.entry)?;
        let serial = snapshot.serial;
        self.tracees.early.insert(child, copy);
        self.tracees.fork_snapshots.put(point, snapshot);
        self.tracees.first.insert(process, child);
        let event = self.tracees.born(process, child, child, Birth::First)?;
        self.handle_any(Some(event))?;
        self.interpreter.copied(process, child, serial);
        Ok(())
    }

    /// Asks a process which word the kernel clears when its thread ends. It writes the answer below its stack, where a signal
    /// handler may write at any time too.
    fn ask_what_it_clears(&mut self, mut own: ForkSnapshot, memory: &Memory) -> Result<ForkSnapshot, Lost> {
        /// How far below the stack pointer, in bytes: more than what functions may use there.
        const BELOW: u64 = 1024;
        let place = own.registers.stack().saturating_sub(BELOW) & !15;
        let call = Entry {
            number: zygote::CONTROL,
            arguments: [zygote::GET_TID_ADDRESS, place, 0, 0, 0, 0],
            ..own.entry
        };
        own.prepare(&call)?;
        own.stopped = self.make_call(own.stopped)?;
        let mut bytes = [0; 8];
        let answered = own.stopped.returned().map_err(|error| untraced(&error))? == 0;
        // A kernel that does not answer has no numbers that can be chosen either.
        if answered && memory.read(place, &mut bytes).map_err(|error| untraced(&error))? == bytes.len() {
            own.at_end.clears = u64::from_ne_bytes(bytes);
        }
        Ok(own)
    }

    /// Lets a process that is between two calls make the one that was prepared.
    fn make_call(&mut self, mut stopped: Stopped) -> Result<Stopped, Lost> {
        // It stops before the call, once more if the filter reports the call, and after it.
        for _ in 0..2 {
            let mut why = Why::Entry;
            while why == Why::Entry {
                (stopped, why) = self.run_snapshot(stopped, Until::Exit)?;
            }
            if why != Why::Exit {
                return Err(stopped_unexpectedly(why));
            }
        }
        Ok(stopped)
    }

    /// Waits until a new process has stopped for the first time.
    fn await_copy(&mut self, child: i32) -> Result<Stopped, Lost> {
        let wait = Wait::of("waiting for a copy of a contender", child);
        loop {
            if let Some(stopped) = self.tracees.early.remove(&child) {
                return Ok(stopped);
            }
            self.next(&wait)?;
        }
    }

    fn await_end(&mut self, task: i32) -> Result<(), Lost> {
        let wait = Wait::of(
            "waiting for the end of the process that a contender was copied from",
            task,
        );
        while !self.tracees.gone.contains(&task) {
            self.next(&wait)?;
        }
        Ok(())
    }

    /// Resumes a snapshot process, which stops again soon: for the expected reason, or something is wrong.
    fn run_snapshot_to(&mut self, stopped: Stopped, until: Until, expected: Why) -> Result<Stopped, Lost> {
        match self.run_snapshot(stopped, until)? {
            (stopped, why) if why == expected => Ok(stopped),
            (_, why) => Err(stopped_unexpectedly(why)),
        }
    }

    /// Lets a process that is stopped before clone(2) make it. Returns the process, and the number of its copy.
    fn fork_copy(&mut self, stopped: Stopped, chosen: i32) -> Result<(Stopped, i32), Lost> {
        match self.run_snapshot(stopped, Until::Exit)? {
            (stopped, Why::Born(child)) => {
                check_number(chosen, child)?;
                Ok((stopped, child))
            }
            (_, why) => Err(lost(
                Retry::Maybe,
                format!("the process that contenders are copied from did not fork: {why:?}"),
            )),
        }
    }

    fn run_snapshot(&mut self, stopped: Stopped, until: Until) -> Result<(Stopped, Why), Lost> {
        let task = stopped.task();
        self.tracees.running_snapshot = Some(RunningSnapshot { task, stop: None });
        let _running = stopped.go(until, None);
        let wait = Wait::of("waiting for the process that a contender is copied from", task);
        loop {
            self.next(&wait)?;
            let running_snapshot = self.tracees.running_snapshot.as_mut().expect("it was let go");
            if let Some(stop) = running_snapshot.stop.take() {
                self.tracees.running_snapshot = None;
                return Ok(stop);
            }
            if self.tracees.gone.contains(&task) {
                return Err(lost(
                    Retry::Maybe,
                    "the process that contenders are copied from was lost".to_owned(),
                ));
            }
        }
    }

    /// Kills all snapshot processes.
    pub(crate) fn discard(&mut self) -> Result<(), Lost> {
        for snapshot in self.tracees.fork_snapshots.take_all() {
            self.discard_one(&snapshot)?;
        }
        Ok(())
    }

    fn discard_one(&mut self, snapshot: &ForkSnapshot) -> Result<(), Lost> {
        let task = snapshot.stopped.task();
        tracee::kill_process(task);
        self.await_end(task)?;
        if let Some(numbers) = &mut self.tracees.numbers {
            numbers.discard(task);
        }
        self.interpreter.discards(snapshot.serial);
        Ok(())
    }
}

fn stopped_unexpectedly(why: Why) -> Lost {
    let reason = format!("the process that contenders are copied from stopped unexpectedly: {why:?}");
    lost(Retry::Maybe, reason)
}

impl ForkSnapshot {
    /// The call that forks it: as it is, with the same parent.
    fn clone_call(&self) -> Entry {
        Entry {
            number: zygote::CLONE,
            arguments: zygote::clone_arguments(self.at_end.clears),
            ..self.entry
        }
    }

    /// The call that gives a copy its list of robust mutexes.
    fn robust_call(&self) -> Option<Entry> {
        let (head, length) = self.at_end.robust;
        (head != 0).then_some(Entry {
            number: zygote::SET_ROBUST_LIST,
            arguments: [head, length, 0, 0, 0, 0],
            ..self.entry
        })
    }

    /// The snapshot process makes this call next.
    fn prepare(&self, call: &Entry) -> Result<(), Lost> {
        self.set(&self.stopped, call)
    }

    /// A process that is like the snapshot makes this call next.
    fn set(&self, stopped: &Stopped, call: &Entry) -> Result<(), Lost> {
        let mut registers = self.registers.clone();
        registers.ask_again(call);
        stopped.set_registers(&registers).map_err(|error| untraced(&error))
    }
}
