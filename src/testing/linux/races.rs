//! The races of an exploration, in a separate process: a race forks, and a test has threads.
//!
//! Knows no lock and no schedule.

use std::io;
use std::process::{ExitCode, Stdio};

use super::super::options::Options;
use super::super::report::Report;
use super::super::run_plans::run_plans;
use super::backends::Race;
use onewinner_check::{Allowance, Backend, Plan};
use onewinner_core::primitive::LockPrimitive;
use onewinner_core::property::Judging;
use onewinner_core::scenario::{FaultSweep, Subject};
use onewinner_linux::race::{Alignment, RaceOptions};
use onewinner_linux::sys::process;
use onewinner_linux::tracer;
use onewinner_linux::tracer::program::re_exec::{GREETING, Test};

/// The default number of processes.
const PROCESSES: usize = 16;

impl Race {
    /// The plan of this race.
    pub(super) fn plan(self, lock: &'static dyn LockPrimitive, options: &Options) -> Plan {
        let processes = options.processes.unwrap_or(PROCESSES);
        let scenario = options.single_scenario(processes);
        let race = RaceOptions {
            rounds: self.rounds,
            time_limit: options.time,
            directories: options.directories.clone(),
            alignment: if self.aligned {
                Alignment::Aligned
            } else {
                Alignment::default_for(processes)
            },
            ..RaceOptions::new(scenario.clone())
        };
        Plan {
            subject: Subject::Primitive(lock),
            scenario,
            fault_sweep: FaultSweep::Nothing,
            backend: Backend::Race(race),
            seed: options.seed,
            judged: Judging::All,
        }
    }
}

/// Starts the test binary again for its races, and returns their report.
pub(super) fn in_new_process(test: &Test, place: usize) -> Report {
    let mut command = test.race(place);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let report = output.map_err(|error| error.to_string()).and_then(|output| {
        let printed = String::from_utf8_lossy(&output.stdout).into_owned();
        let greeting = format!("\n{GREETING}\n");
        let report = printed
            .split_once(&greeting)
            .map(|(_, json)| serde_json::from_str(json));
        report.ok_or(printed)?.map_err(|error| error.to_string())
    });
    let failed = |reason: String| format!("failed to race in a new process of the test: {}", reason.trim());
    report.unwrap_or_else(|reason| Report::unknown(&failed(reason)))
}

/// Runs the races in a process that `parent` started, and prints the report.
///
/// # Errors
///
/// If standard output is closed.
pub(super) fn serve(races: &[Plan], parent: u32, place: usize) -> io::Result<ExitCode> {
    process::die_with(parent)?;
    let report = run_plans(races, Allowance::ForEach { jobs: 1 }, None, place);
    tracer::greet()?;
    serde_json::to_writer(io::stdout().lock(), &report)?;
    Ok(ExitCode::SUCCESS)
}
