//! The races of an exploration, in a process of their own: they fork, and a test has threads.
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

/// How many race, unless told otherwise.
const PROCESSES: usize = 16;

impl Race {
    /// How it is run.
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
                Alignment::of_few(processes)
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

/// Has the test entered again for its races, and takes their report.
pub(super) fn in_new_process(test: &Test, place: usize) -> Report {
    let mut command = test.race(place);
    let output = command.stdin(Stdio::null()).stderr(Stdio::inherit()).output();
    let told = output.map_err(|error| error.to_string()).and_then(|output| {
        let said = String::from_utf8_lossy(&output.stdout).into_owned();
        let greeting = format!("\n{GREETING}\n");
        let told = said.split_once(&greeting).map(|(_, told)| serde_json::from_str(told));
        told.ok_or(said)?.map_err(|error| error.to_string())
    });
    told.unwrap_or_else(|said| Report::unknown(&format!("the process that was to race did not: {}", said.trim())))
}

/// Races, in a process that was started for that by `parent`, and reports.
///
/// # Errors
///
/// When nobody listens.
pub(super) fn serve(races: &[Plan], parent: u32, place: usize) -> io::Result<ExitCode> {
    process::die_with(parent)?;
    let report = run_plans(races, Allowance::ForEach { jobs: 1 }, None, place);
    tracer::greet()?;
    serde_json::to_writer(io::stdout().lock(), &report)?;
    Ok(ExitCode::SUCCESS)
}
