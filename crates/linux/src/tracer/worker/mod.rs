//! The worker: a process of its own, with a single thread, that traces, searches, and streams what it saw.
//!
//! It reads one request from its standard input, a line of JSON, and answers with lines on its standard output. It dies with
//! the thread that started it, and what it traces dies with it.

mod lock_visibility;

use std::io::{self, BufRead, Write};
use std::ops::ControlFlow;
use std::path::Path;
use std::process::ExitCode;
use std::rc::Rc;
use std::time::Duration;

use self::lock_visibility::hosts;
use crate::pid_table::PidTable;
use crate::real_fs::{Peers, RealFs};
use crate::sys::filter::{Chance, Clock, filters};
use crate::sys::process::Worker;
use crate::sys::supervisor::{NEVER, Supervisor, Watch};
use crate::sys::{affinity, process, seccomp, tracee, zygote};
use crate::tracer::channel::pipes::{HOLD, Pipes};
use crate::tracer::channel::shared_state::Board;
use crate::tracer::program::re_exec::GREETING;
use crate::tracer::program::start::Starter;
use crate::tracer::session::messages::{Asked, FORBIDDEN, Line, Request};
use crate::tracer::syscalls::fs_calls::Calls;
use crate::tracer::syscalls::primitives::Primitives;
use crate::tracer::syscalls::programs::Programs;
use crate::tracer::syscalls::watched_tree::reuses_numbers;
use crate::tracer::system::{Parts, TracedWorld, ground_of};
use crate::tracer::tracees::registry::Crowd;
use crate::tracer::tracees::start_order::Order;
use onewinner_core::backend::contender::Contender;
use onewinner_core::backend::sim;
use onewinner_core::explore::{self, Estimated, Limits, search};
use onewinner_core::history::{End, Execution, History, What};
use onewinner_core::id::ProcessId;
use onewinner_core::primitive::{self, LockPrimitive};
use onewinner_core::scenario::{Kind, Program, Scenario};

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

/// Tells whoever started this worker that it is one: a test has printed other things before. [`serve`] or [`serve_knowing`]
/// comes next.
///
/// # Errors
///
/// When nobody reads it.
pub fn greet() -> io::Result<()> {
    let mut out = io::stdout().lock();
    write!(out, "\n{GREETING}\n")?;
    out.flush()
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
    process::leave_interrupts_to_others().map_err(|error| format!("failed to ignore signals: {error}"))?;
    tracee::listen().map_err(|error| format!("failed to listen to traced processes: {error}"))?;
    affinity::stay_on_this_cpu().map_err(|error| format!("failed to stay on one CPU: {error}"))?;
    let mut world = match &request.subject {
        Asked::Primitive(name) => {
            // A test may give its own lock the name of another one.
            let known = extra.iter().copied().find(|each| each.name() == name);
            let primitive = known.or_else(|| primitive::by_name(name));
            let unknown = || format!("failed to find the lock {name}: the worker does not know it");
            primitives(primitive.ok_or_else(unknown)?, &request)?
        }
        Asked::Program(program) => programs(program, &request)?,
    };
    let limits = Limits {
        executions: request.executions,
        steps: request.steps,
        time: Duration::from_millis(request.time_ms),
    };
    let mut scheduler = request.strategy.scheduler();
    let mut noted = Vec::new();
    let searched = search(
        &mut world,
        // If nobody hears it, the next execution notices.
        &mut Estimated::new(&mut *scheduler, &mut |share| drop(say(&Line::Share(share)))),
        limits,
        &mut |world: &mut TracedWorld, schedule, ended| {
            let execution = Execution {
                schedule,
                history: world.take_history(),
                end: match ended {
                    explore::Ended::Completed => End::Completed,
                    explore::Ended::Cut | explore::Ended::Blocked => End::Cut,
                    explore::Ended::Lost { step, reason } | explore::Ended::Diverged { step, reason } => {
                        End::Diverged { step, reason }
                    }
                },
            };
            let notes = world.notes();
            if notes != noted {
                noted.clone_from(&notes);
                if say(&Line::Notes(notes)).is_err() {
                    return ControlFlow::Break(());
                }
            }
            match say(&Line::Execution(execution)) {
                Ok(()) => ControlFlow::Continue(()),
                Err(_) => ControlFlow::Break(()), // Nobody reads any more.
            }
        },
    );
    say(&Line::Done(searched)).map_err(|error| error.to_string())
}

/// Whether the lock asks for inode numbers in some schedule of the scenario, by a search of the simulated world; if that is cut,
/// it may.
///
/// In a process of its own: a lock that does what it should not must not do it to this one.
fn asks_for_numbers(primitive: &'static dyn LockPrimitive, request: &Request) -> Result<bool, String> {
    /// A simulated execution takes a twentieth of one with real processes, or less.
    const FASTER: u64 = 20;
    /// How much longer than its search the process may take.
    const MARGIN: Duration = Duration::from_secs(5);
    // A small part of what the search with real processes may take.
    let limits = Limits {
        executions: request.executions.saturating_mul(FASTER).min(200_000),
        steps: request.steps,
        time: Duration::from_millis(request.time_ms / FASTER).min(Duration::from_secs(10)),
    };
    let scenario = request.scenario.clone();
    let look = move || {
        std::panic::set_hook(Box::new(|_| {}));
        u8::from(sim::asks_for_inodes(primitive, &scenario, limits))
    };
    let mut supervisor = Supervisor::default();
    supervisor.fork(look).map_err(|error| error.to_string())?;
    // A lock that spins without a call never comes to the limit of the search: then it may ask.
    Ok(supervisor.all(&Watch::new(limits.time + MARGIN, NEVER)).is_err())
}

fn primitives(primitive: &'static dyn LockPrimitive, request: &Request) -> Result<TracedWorld, String> {
    let scenario = &request.scenario;
    let reuses = reuses_numbers(&request.roots[0]).map_err(|error| error.to_string())?;
    let modelled = Scenario {
        reuse_inodes: reuses && asks_for_numbers(primitive, request)?,
        ..scenario.clone()
    };
    let board = Rc::new(Board::new(scenario.participants()).map_err(|error| error.to_string())?);
    let told = Rc::clone(&board);
    let pid_table = PidTable::new(scenario.participants()).map_err(|error| error.to_string())?;
    let entered = pid_table.clone();
    let (contended, roots) = (scenario.clone(), request.roots.clone());
    let zygote = zygote(Clock::Real, Chance::Real, move |order| {
        std::panic::set_hook(Box::new(|_| {}));
        let Order { process, ground } = Order::of(order);
        let directory = ground_of(&roots, process, ground);
        let contender = Contender::new(primitive, &contended, &directory, process);
        entered.enter(process);
        let fs = RealFs::of(process, entered.peers());
        let run = || contender.run(&fs, &mut |what| told.push(process, &what));
        let held = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
        if let Err(payload) = &held {
            let message = sim::panic_message(&**payload);
            told.push(process, &What::Panicked { message });
        }
        // Neither closed nor given back: it exits as it is.
        std::mem::forget((held, fs));
        0
    })?;
    let hosts = hosts(&request.roots, scenario.participants());
    let shadow = sim::prepared(primitive, &modelled).on_hosts(hosts);
    let in_turn = matches!(scenario.kind, Kind::Fault { .. });
    let calls = Calls::new(scenario.participants(), pid_table);
    let left = scenario.clone();
    let leave_behind = move |directory: &Path| {
        let gone = RealFs::of(ProcessId::GONE, Peers::new(|_| None));
        let held = primitive.try_acquire(&gone, &left.lock(directory));
        let _ = held.expect("a lock that nobody has ever taken is free");
    };
    new_world(Parts {
        scenario: scenario.clone(),
        blank: sim::blank_history(primitive, scenario),
        roots: request.roots.clone(),
        renames: request.roots.len() > 1,
        crowd: Crowd::new(zygote, false),
        interpreter: Box::new(Primitives::new(shadow, calls, in_turn)),
        voice: Box::new(board),
        leave_behind: Some(Box::new(leave_behind)),
        renew: None,
        notes: Vec::new(),
    })
}

fn programs(program: &Program, request: &Request) -> Result<TracedWorld, String> {
    let scenario = &request.scenario;
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let hold = vec![own.to_string_lossy().into_owned(), HOLD.to_owned()];
    let starter = Starter::new(program, hold).map_err(|error| error.to_string())?;
    let notes = starter.note().into_iter().collect();
    let (pipes, stage) = Pipes::new(starter, scenario, &request.roots).map_err(|error| error.to_string())?;
    let stage = Rc::new(stage);
    let renew = move |clock| {
        let stage = Rc::clone(&stage);
        zygote(clock, Chance::Drawn, move |order| {
            // Copies of a program keep the path that they were started with, so that it is one for all executions.
            stage.enter(Order::of(order).process)
        })
    };
    let zygote = renew(Clock::Real)?;
    let reuses = reuses_numbers(&request.roots[0]).map_err(|error| error.to_string())?;
    let mut blank = History::new(scenario.participants(), scenario.lock(Path::new("/")));
    blank.stale = scenario.start.is_stale();
    blank.probe = scenario.probe();
    blank.disturbed = scenario.disturbed();
    new_world(Parts {
        scenario: scenario.clone(),
        blank,
        roots: request.roots.clone(),
        renames: false,
        crowd: Crowd::new(zygote, true),
        interpreter: Box::new(Programs::new(reuses)),
        voice: Box::new(pipes),
        leave_behind: None,
        renew: Some(Box::new(renew)),
        notes,
    })
}

fn new_world(parts: Parts) -> Result<TracedWorld, String> {
    TracedWorld::new(parts).map_err(|lost| {
        let reason = lost.reason;
        format!("{FORBIDDEN}: {reason}; let the container allow seccomp(2), or run outside of it")
    })
}

/// A zygote that is traced, and stops at what its filter does not let pass.
fn zygote(clock: Clock, chance: Chance, serve: impl Fn(i64) -> u8) -> Result<Worker, String> {
    let loaded = filters(clock, chance).map_err(|error| format!("failed to make a filter: {error}"))?;
    let (reader, mut go) = io::pipe().map_err(|error| error.to_string())?;
    let begin = move || u8::from(seccomp::load(&loaded).is_err());
    let zygote = zygote::fork_zygote(reader, begin, serve).map_err(|error| error.to_string())?;
    tracee::seize(zygote.pid()).map_err(|error| {
        format!(
            "{FORBIDDEN}: {error}; let the container allow ptrace (`--cap-add=SYS_PTRACE`), or set \
             kernel.yama.ptrace_scope to 1 or less"
        )
    })?;
    go.write_all(b"g").map_err(|error| error.to_string())?;
    Ok(zygote)
}
