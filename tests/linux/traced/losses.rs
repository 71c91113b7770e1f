//! What ends an execution from outside, or changes whom the tracer waits for: every wait ends.

use std::fs::{self, File, TryLockError};
use std::ops::ControlFlow;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

use nix::sys::signal::{Signal, kill};
use nix::unistd::Pid;
use onewinner_core::explore::{Limits, Stop, Strategy};
use onewinner_core::history::What;
use onewinner_core::primitive::CreateNew;
use onewinner_core::scenario::{Program, ProgramKind, Scenario, Subject};
use onewinner_linux::tracer::{Run, TracerError, explore};

use super::{TIME, explored_of};
use crate::harness::{Capability, Missing, Tried};

/// With this argument and the path of a lock, this binary is a driver whose second thread calls execve.
pub(crate) const EXECUTE_IN_A_THREAD: &str = "--execute-in-a-thread";

/// Locks a file, and gives the lock back by execve in a thread that is not the first one: the descriptor is closed then.
pub(crate) fn execute_in_a_thread(lock: &Path) -> ExitCode {
    let file = File::create(lock).expect("the directory is there");
    match file.try_lock() {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            println!("busy");
            return ExitCode::SUCCESS;
        }
        Err(TryLockError::Error(error)) => panic!("{error}"),
    }
    let executing = std::thread::spawn(|| {
        Command::new("sh")
            .args(["-c", "echo acquired; read -r line; echo released"])
            .exec()
    });
    panic!("there is a shell: {:?}", executing.join());
}

pub(crate) fn a_thread_that_calls_execve_is_followed() -> Tried {
    let own = std::env::current_exe().expect("this binary");
    let line = format!("{} {EXECUTE_IN_A_THREAD} {{lock}}", own.display());
    let subject = Subject::Program(Program::new(ProgramKind::Driver, line));
    let began = Instant::now();
    let (explored, seen) = explored_of(
        &subject,
        &Scenario::contend(2),
        &Strategy::Bounded { preemptions: 0 },
        10,
    )?;
    assert_eq!(explored.searched.failure, None);
    let mut events = seen.iter().flat_map(|execution| &execution.history.events);
    let is_execve =
        |what: &What| matches!(what, What::Performed { call, .. } if call.to_string().starts_with("execve("));
    assert!(events.any(|event| is_execve(&event.what)));
    assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
    Ok(())
}

/// The children of a process.
fn children(parent: u32) -> Vec<u32> {
    let all = fs::read_dir("/proc").expect("/proc is mounted").flatten();
    let numbers = all.filter_map(|entry| entry.file_name().to_str()?.parse::<u32>().ok());
    let is_child = |number: &u32| {
        let stat = fs::read_to_string(format!("/proc/{number}/stat")).unwrap_or_default();
        let behind = stat.rsplit(')').next().unwrap_or_default();
        behind.split_whitespace().nth(1) == Some(&parent.to_string())
    };
    numbers.filter(is_child).collect()
}

pub(crate) fn a_search_ends_with_the_process_that_starts_contenders() -> Tried {
    let (subject, scenario) = (Subject::Primitive(&CreateNew), Scenario::contend(3));
    let parent = tempfile::tempdir().expect("a temporary directory");
    let run = Run {
        subject: &subject,
        scenario: &scenario,
        strategy: &Strategy::Random { seed: 1 },
        limits: Limits {
            executions: 1_000,
            time: TIME,
            ..Limits::default()
        },
        directories: &[parent.path().to_owned()],
    };
    let began = Instant::now();
    let mut killed = false;
    let explored = explore(&run, &mut |_| {
        if !std::mem::replace(&mut killed, true) {
            for worker in children(std::process::id()) {
                for zygote in children(worker) {
                    kill(Pid::from_raw(zygote.cast_signed()), Signal::SIGKILL).expect("it is ours");
                }
            }
        }
        ControlFlow::Continue(())
    });
    match explored {
        Ok(explored) => {
            let failure = explored.searched.failure.expect("an execution is lost");
            assert!(
                failure.contains("the process that starts contenders was lost"),
                "{failure}"
            );
            // The search ends with the first execution that is lost.
            let searched = (explored.searched.stop, explored.searched.lost);
            assert_eq!(searched, (Stop::Failed, 1));
            assert!(began.elapsed() < Duration::from_secs(10), "{:?}", began.elapsed());
            Ok(())
        }
        Err(TracerError::Unavailable(why)) => Err(Missing::new(Capability::Ptrace, why)),
        Err(error) => panic!("{error}"),
    }
}
