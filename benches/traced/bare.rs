//! A tracer that stops two contenders of `create-new` wherever the engine stops them, lets one of them on by lot, and does
//! nothing else: it knows no call but the last, keeps no history and judges nothing.

use std::ffi::CString;
use std::io::{self, Write};
use std::path::Path;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

use nix::sys::ptrace::{self, Options};
use nix::sys::signal::{Signal, kill};
use nix::sys::wait::{WaitPidFlag, WaitStatus, waitpid};
use nix::unistd::Pid;
use onewinner_linux::sys::filter::{Chance, Clock, filters};
use onewinner_linux::sys::process::{ForkError, Worker};
use onewinner_linux::sys::zygote::fork_zygote;
use onewinner_linux::sys::{Shared, affinity, seccomp};
use rand::{RngExt, SeedableRng};
use rand_chacha::ChaCha8Rng;

use crate::calls;

const PROCESSES: usize = 2;
/// The call at which a zygote waits for an order.
const AWAIT_ORDER: u64 = libc::SYS_read as u64;
/// As often as the end of the tracer is looked for.
const POLL: Duration = Duration::from_millis(2);

/// The events that a task stops at, as the engine asks for them.
const OPTIONS: Options = Options::PTRACE_O_TRACESYSGOOD
    .union(Options::PTRACE_O_TRACESECCOMP)
    .union(Options::PTRACE_O_TRACEFORK)
    .union(Options::PTRACE_O_TRACEVFORK)
    .union(Options::PTRACE_O_TRACEVFORKDONE)
    .union(Options::PTRACE_O_TRACECLONE)
    .union(Options::PTRACE_O_TRACEEXEC)
    .union(Options::PTRACE_O_EXITKILL);

/// What a run of the bare tracer took.
pub(crate) struct Bare {
    pub(crate) elapsed: Duration,
    /// Calls that were let on.
    pub(crate) steps: u64,
    /// Stops of all tasks.
    pub(crate) stops: u64,
}

/// Runs `executions` executions, in a separate process.
pub(crate) fn run(directory: &Path, executions: u64) -> Bare {
    let counts = Shared::<AtomicU64>::zeroed(2).expect("memory");
    let place = tempfile::tempdir_in(directory).expect("a directory");
    let lock = CString::new(place.path().join("lock").into_os_string().into_encoded_bytes()).expect("no zero byte");
    let began = Instant::now();
    let mut tracer = Worker::fork(|| {
        affinity::stay_on(None).expect("the kernel takes one CPU");
        let mut tracer = Tracer::new(lock.clone()).expect("the engine traces here too");
        for execution in 0..executions {
            tracer.execute(execution);
        }
        counts[0].store(tracer.steps, Ordering::Relaxed);
        counts[1].store(tracer.stops, Ordering::Relaxed);
        0
    })
    .expect("a process");
    let ended = loop {
        match tracer.ended() {
            Some(ended) => break ended,
            None => std::thread::sleep(POLL),
        }
    };
    let elapsed = began.elapsed();
    assert_eq!(ended.to_string(), "exit code 0");
    let [steps, stops] = [0, 1].map(|place| counts[place].load(Ordering::Relaxed));
    Bare { elapsed, steps, stops }
}

struct Tracer {
    zygote: Worker,
    calls: &'static calls::Bare,
    lock: CString,
    chance: ChaCha8Rng,
    steps: u64,
    stops: u64,
}

impl Tracer {
    fn new(lock: CString) -> Result<Self, ForkError> {
        let loaded = filters(Clock::Real, Chance::Real).expect("a filter for this machine");
        let (reader, mut go) = io::pipe().expect("a pipe");
        let calls = calls::by_name("create-new").expect("written out");
        let contended = lock.clone();
        let zygote = fork_zygote(
            reader,
            move || u8::from(seccomp::load(&loaded).is_err()),
            move |_| u8::from((calls.acquire)(&contended).is_err()),
        )?;
        let pid = Pid::from_raw(zygote.pid());
        ptrace::seize(pid, OPTIONS).expect("the engine traces here too");
        go.write_all(b"g").expect("it reads");
        let mut tracer = Self {
            zygote,
            calls,
            lock,
            chance: ChaCha8Rng::seed_from_u64(1),
            steps: 0,
            stops: 0,
        };
        while tracer.entry(pid) != AWAIT_ORDER {
            cont(pid);
        }
        Ok(tracer)
    }

    /// Both contenders, from their birth to their death.
    fn execute(&mut self, execution: u64) {
        if execution > 0 {
            (self.calls.release)(&self.lock).expect("somebody made it");
        }
        let mut standing: Vec<Pid> = (0..PROCESSES).map(|_| self.birth()).collect();
        let all = standing.clone();
        while !standing.is_empty() {
            let chosen = self.chance.random_range(0..standing.len());
            let task = standing[chosen];
            ptrace::syscall(task, None).expect("the task is stopped");
            self.stop_of(task);
            cont(task);
            self.steps += 1;
            if self.entry(task) == libc::SYS_exit_group as u64 {
                standing.swap_remove(chosen);
            }
        }
        for task in all {
            kill(task, Signal::SIGKILL).expect("the task is stopped");
            assert!(matches!(self.stop_of(task), WaitStatus::Signaled(..)));
        }
    }

    /// A contender at its first call.
    fn birth(&mut self) -> Pid {
        let zygote = Pid::from_raw(self.zygote.pid());
        // The call at which it waits is answered: with the order.
        let mut registers = ptrace::getregs(zygote).expect("the task is stopped");
        (registers.orig_rax, registers.rax) = (u64::MAX, 0);
        ptrace::setregs(zygote, registers).expect("the task is stopped");
        cont(zygote);
        let (mut child, mut ready) = (None, false);
        while child.is_none() || !ready {
            match self.stop() {
                WaitStatus::PtraceEvent(task, ..) if task != zygote => child = Some(task),
                WaitStatus::PtraceEvent(_, _, libc::PTRACE_EVENT_SECCOMP) if call(zygote) == AWAIT_ORDER => {
                    ready = true;
                }
                // The fork itself: before, and when it is done.
                WaitStatus::PtraceEvent(..) => cont(zygote),
                other => unreachable!("{other:?}"),
            }
        }
        let child = child.expect("it was born");
        cont(child);
        self.entry(child);
        child
    }

    fn stop(&mut self) -> WaitStatus {
        self.stops += 1;
        waitpid(None, Some(WaitPidFlag::__WALL)).expect("there are tasks")
    }

    fn stop_of(&mut self, task: Pid) -> WaitStatus {
        let status = self.stop();
        assert_eq!(status.pid(), Some(task), "all others stand");
        status
    }

    /// The call at which it stops.
    fn entry(&mut self, task: Pid) -> u64 {
        self.stop_of(task);
        call(task)
    }
}

fn call(task: Pid) -> u64 {
    ptrace::getregs(task).expect("the task is stopped").orig_rax
}

fn cont(task: Pid) {
    ptrace::cont(task, None).expect("the task is stopped");
}
