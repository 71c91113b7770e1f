//! The worker: a process of its own, with a single thread, that traces, searches, and streams what it saw.
//!
//! It reads one request from its standard input, a line of JSON, and answers with lines on its standard output. It dies with
//! the thread that started it, and what it traces dies with it.

use std::io::{self, BufRead, Write};
use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::ExitCode;
use std::rc::Rc;

use serde::{Deserialize, Serialize};

use super::board::Board;
use super::world::TracedWorld;
use crate::backend::contender::Contender;
use crate::explore::{Ended, Limits, Searched, Strategy, search};
use crate::fs::real::RealFs;
use crate::history::{End, Execution};
use crate::id::ProcessId;
use crate::primitive::{self, LockPrimitive};
use crate::scenario::Scenario;
use crate::sys::filter::{Clock, filters};
use crate::sys::{affinity, process, seccomp, tracee, zygote};

/// What a worker is asked for.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Request {
    pub(super) primitive: String,
    pub(super) scenario: Scenario,
    pub(super) strategy: Strategy,
    pub(super) executions: u64,
    pub(super) steps: usize,
    pub(super) time_ms: u64,
    pub(super) root: PathBuf,
    /// The process that asks.
    pub(super) parent: u32,
}

/// A line of its answer.
#[derive(Debug, Serialize, Deserialize)]
pub(super) enum Line {
    Execution(Execution),
    /// The search is over.
    Done(Searched),
    /// There was no search, for this reason.
    Refused(String),
}

/// What the hidden command `worker` does; `extra` are locks that are not in the catalogue, for tests.
pub fn serve_knowing(extra: &[&'static dyn LockPrimitive]) -> ExitCode {
    match answer(extra) {
        Ok(()) => ExitCode::SUCCESS,
        Err(reason) => {
            // If nobody reads it, nobody is there.
            let _unread = say(&Line::Refused(reason));
            ExitCode::FAILURE
        }
    }
}

/// As [`serve_knowing`], with the catalogue alone.
pub fn serve() -> ExitCode {
    serve_knowing(&[])
}

fn say(line: &Line) -> io::Result<()> {
    let mut out = io::stdout().lock();
    serde_json::to_writer(&mut out, line)?;
    out.write_all(b"\n")?;
    out.flush()
}

fn answer(extra: &[&'static dyn LockPrimitive]) -> Result<(), String> {
    let mut line = String::new();
    io::stdin()
        .lock()
        .read_line(&mut line)
        .map_err(|error| error.to_string())?;
    let request: Request = serde_json::from_str(&line).map_err(|error| error.to_string())?;
    process::die_with(request.parent).map_err(|error| format!("failed to stay with the process that asks: {error}"))?;
    let known = || extra.iter().copied().find(|each| each.name() == request.primitive);
    let primitive = primitive::by_name(&request.primitive).or_else(known).ok_or_else(|| {
        format!(
            "failed to find the lock {}: the worker does not know it",
            request.primitive
        )
    })?;
    affinity::stay_on_this_cpu().map_err(|error| format!("failed to stay on one CPU: {error}"))?;
    let mut world = begin(primitive, &request)?;
    let limits = Limits {
        executions: request.executions,
        steps: request.steps,
        time: std::time::Duration::from_millis(request.time_ms),
    };
    let mut scheduler = request.strategy.scheduler();
    let searched = search(
        &mut world,
        &mut *scheduler,
        limits,
        &mut |world: &mut TracedWorld, schedule, ended| {
            let execution = Execution {
                schedule,
                history: world.take_history(),
                end: match ended {
                    Ended::Completed => End::Completed,
                    Ended::Cut | Ended::Blocked => End::Cut,
                    Ended::Lost { step, reason } | Ended::Diverged { step, reason } => End::Diverged { step, reason },
                },
            };
            match say(&Line::Execution(execution)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()), // Nobody reads any more.
            }
        },
    );
    say(&Line::Done(searched)).map_err(|error| error.to_string())
}

fn begin(primitive: &'static dyn LockPrimitive, request: &Request) -> Result<TracedWorld, String> {
    let scenario = &request.scenario;
    let board = Rc::new(Board::new(scenario.processes).map_err(|error| error.to_string())?);
    let loaded = filters(Clock::Real).map_err(|error| format!("failed to make a filter: {error}"))?;
    let (reader, mut go) = io::pipe().map_err(|error| error.to_string())?;
    let told = Rc::clone(&board);
    let (contended, root) = (scenario.clone(), request.root.clone());
    let zygote = zygote::fork_zygote(
        reader,
        move || u8::from(seccomp::load(&loaded).is_err()),
        move |order| {
            std::panic::set_hook(Box::new(|_| {}));
            let process = ProcessId(u8::try_from(order).expect("an order is the number of a process"));
            let directory = root.join(format!("e{}", told.execution()));
            let contender = Contender::new(primitive, &contended, &directory, process);
            let fs = RealFs::new();
            let run = || contender.run(&fs, &mut |what| told.push(process, &what));
            let held = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
            if let Err(payload) = &held {
                let message = crate::backend::sim::panic_message(&**payload);
                told.push(process, &crate::history::What::Panicked { message });
            }
            // Neither closed nor given back: it exits as it is.
            std::mem::forget((held, fs));
            0
        },
    )
    .map_err(|error| error.to_string())?;
    tracee::seize(zygote.pid()).map_err(|error| {
        format!(
            "failed to trace a process: {error}; let the container allow ptrace (`--cap-add=SYS_PTRACE`), or set \
             kernel.yama.ptrace_scope to 1 or less"
        )
    })?;
    go.write_all(b"g").map_err(|error| error.to_string())?;
    TracedWorld::new(primitive, scenario, &request.root, board, zygote).map_err(|lost| {
        let reason = lost.reason;
        format!("failed to trace a process: {reason}; let the container allow seccomp(2), or run outside of it")
    })
}
