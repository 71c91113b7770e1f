//! The system of contenders of a lock over `Fs`: each is a forked process that runs the lock.

use std::io;
use std::path::{Path, PathBuf};
use std::rc::Rc;
use std::time::Duration;

use super::answering::failed;
use super::lock_visibility::hosts;
use super::zygote::{ready, zygote};
use crate::pid_table::PidTable;
use crate::real_fs::{Peers, RealFs};
use crate::sys::filter::{Chance, Clock};
use crate::sys::process::is_readable;
use crate::sys::supervisor::{Supervisor, Watch};
use crate::tracer::channel::shared_state::SharedState;
use crate::tracer::error::Refusal;
use crate::tracer::layout::contender_directory;
use crate::tracer::messages::SearchRequest;
use crate::tracer::syscalls::fs_calls::Calls;
use crate::tracer::syscalls::primitives::Primitives;
use crate::tracer::syscalls::watched_tree::reuses_inode_numbers;
use crate::tracer::system::{Parts, TracedSystem};
use crate::tracer::tracees::registry::Tracees;
use crate::tracer::tracees::start_order::Order;
use onewinner_core::backend::contender::Contender;
use onewinner_core::backend::sim;
use onewinner_core::explore::Limits;
use onewinner_core::history::What;
use onewinner_core::id::ProcessId;
use onewinner_core::primitive::LockPrimitive;
use onewinner_core::scenario::{Scenario, ScenarioKind};

/// Makes systems for one lock.
pub(super) struct PrimitiveLauncher {
    primitive: &'static dyn LockPrimitive,
    /// The last scenario, and whether the lock asks for inode numbers in it: a counterexample is replayed many times.
    asks_for_numbers: Option<(Scenario, bool)>,
}

impl PrimitiveLauncher {
    pub(super) fn new(primitive: &'static dyn LockPrimitive) -> Self {
        let asks_for_numbers = None;
        Self {
            primitive,
            asks_for_numbers,
        }
    }

    /// The system for one search, whose first execution has the directory with this number.
    ///
    /// # Errors
    ///
    /// When the machine does not let processes be traced, or has no memory or file system for them.
    pub(super) fn system(
        &mut self,
        request: &SearchRequest,
        roots: &[PathBuf],
        directory: u32,
    ) -> Result<TracedSystem, Refusal> {
        let reuses =
            reuses_inode_numbers(&roots[0]).map_err(|error| failed("find out the type of the file system", &error))?;
        let modelled = Scenario {
            reuse_inodes: reuses && self.asks_for_numbers(request)?,
            ..request.scenario.clone()
        };
        system(self.primitive, &request.scenario, &modelled, roots, directory)
    }

    fn asks_for_numbers(&mut self, request: &SearchRequest) -> Result<bool, Refusal> {
        let known = self.asks_for_numbers.as_ref();
        if let Some((_, asks)) = known.filter(|(scenario, _)| *scenario == request.scenario) {
            return Ok(*asks);
        }
        let asks = asks_for_numbers(self.primitive, request)?;
        self.asks_for_numbers = Some((request.scenario.clone(), asks));
        Ok(asks)
    }
}

/// The system of a scenario, whose shadow runs it as `modelled`.
fn system(
    primitive: &'static dyn LockPrimitive,
    scenario: &Scenario,
    modelled: &Scenario,
    roots: &[PathBuf],
    directory: u32,
) -> Result<TracedSystem, Refusal> {
    let shared = |error| failed("share memory with contenders", &error);
    let shared_state = Rc::new(SharedState::new(scenario.participants()).map_err(shared)?);
    let events = Rc::clone(&shared_state);
    let pid_table = PidTable::new(scenario.participants()).map_err(shared)?;
    let entered = pid_table.clone();
    let (contended, directories) = (scenario.clone(), roots.to_vec());
    let zygote = zygote(Clock::Real, Chance::Real, move |order| {
        std::panic::set_hook(Box::new(|_| {}));
        let Order { process, directory } = Order::of(order);
        let directory = contender_directory(&directories, process, directory);
        let contender = Contender::new(primitive, &contended, &directory, process);
        entered.enter(process);
        let fs = RealFs::of(process, entered.peers());
        let run = || contender.run(&fs, &mut |what| events.push(process, &what));
        let held = std::panic::catch_unwind(std::panic::AssertUnwindSafe(run));
        if let Err(payload) = &held {
            let message = sim::panic_message(&**payload);
            events.push(process, &What::Panicked { message });
        }
        // Neither closed nor released: the contender exits as it is.
        std::mem::forget((held, fs));
        0
    })?;
    let hosts = hosts(roots, scenario.participants());
    let shadow = sim::prepared(primitive, modelled).on_hosts(hosts);
    let in_turn = matches!(scenario.kind, ScenarioKind::Fault { .. });
    let calls = Calls::new(scenario.participants(), pid_table);
    let left = scenario.clone();
    let leave_behind = move |directory: &Path| {
        let gone = RealFs::of(ProcessId::GONE, Peers::new(|_| None));
        match primitive.try_acquire(&gone, &left.lock(directory)) {
            Ok(_held) => Ok(()),
            Err(error) => Err(error.to_string()),
        }
    };
    let parts = Parts {
        scenario: scenario.clone(),
        blank: sim::blank_history(primitive, scenario),
        roots: roots.to_vec(),
        first_directory: directory,
        renames: roots.len() > 1,
        tracees: Tracees::new(zygote, false),
        interpreter: Box::new(Primitives::new(shadow, calls, in_turn)),
        channel: Box::new(shared_state),
        leave_behind: Some(Box::new(leave_behind)),
        refresh: Box::new(|| Ok(false)),
        endless: Rc::default(),
        notes: Vec::new(),
    };
    Ok(ready(parts)?)
}

/// Whether the lock asks for inode numbers in some schedule of the scenario, by a search of the simulated file system; if that
/// is cut, it may.
///
/// In a process of its own: a lock that misbehaves must not do so in this one.
fn asks_for_numbers(primitive: &'static dyn LockPrimitive, request: &SearchRequest) -> Result<bool, Refusal> {
    /// A simulated execution takes a twentieth of one with real processes, or less.
    const FASTER: u64 = 20;
    /// How much longer than its search the process may take.
    const MARGIN: Duration = Duration::from_secs(5);
    let asked = request.limits();
    // A small part of what the search with real processes may take.
    let limits = Limits {
        executions: asked.executions.saturating_mul(FASTER).min(200_000),
        steps: asked.steps,
        time: (asked.time / u32::try_from(FASTER).unwrap_or(u32::MAX)).min(Duration::from_secs(10)),
    };
    let scenario = request.scenario.clone();
    let look = move || {
        std::panic::set_hook(Box::new(|_| {}));
        u8::from(sim::reads_inode_numbers(primitive, &scenario, limits))
    };
    let mut supervisor = Supervisor::default();
    supervisor
        .fork(look)
        .map_err(|error| failed("search the simulated file system", &error))?;
    // The session has ended the search, or is gone.
    let cancelled = || is_readable(&io::stdin(), Duration::ZERO);
    // A lock that spins without a call never comes to the limit of the search: then it may ask.
    Ok(supervisor
        .wait_for_all(&Watch::new(limits.time + MARGIN, &cancelled))
        .is_err())
}
