//! The workers of one block: forked, watched, and gone at its end.
//!
//! Deliberately knows nothing of what they do.

use std::io::{self, BufRead, BufReader, Write};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::board::{Board, Fault};
use super::unmeasured::Unmeasured;
use onewinner_linux::sys::process::{Ended, KILL_LIMIT, Worker};

/// How often workers are looked at: seldom enough not to take part in what is measured.
const POLL: Duration = Duration::from_millis(1);
/// The exit code of a worker that has told its fault.
const FAULTY: u8 = 1;

/// How long workers may take, and who may end them.
#[derive(Clone, Copy)]
pub(super) struct Crew<'a> {
    pub(super) limit: Duration,
    pub(super) interrupted: &'a AtomicBool,
}

impl Crew<'_> {
    /// Forks a worker for each party of the board, each of which does `work` with its number; waits until all have ended.
    /// However it ends, no worker is left, unless a call holds it in the kernel even beyond SIGKILL.
    pub(super) fn run(self, board: &Board, work: impl Fn(usize) -> Result<(), Fault>) -> Result<(), Unmeasured> {
        // Dropped on any way out, all are killed.
        let mut workers = Workers(Vec::with_capacity(board.parties()));
        for number in 0..board.parties() {
            workers.0.push(Worker::fork(|| match work(number) {
                Ok(()) => 0,
                Err(fault) => {
                    board.blame(fault);
                    FAULTY
                }
            })?);
        }
        self.watch(&mut workers, || board.fault())
    }

    /// Has one worker do something, and hears what came of it, which has to fit in a pipe.
    pub(super) fn ask<T: Serialize + DeserializeOwned>(self, body: impl FnOnce() -> T) -> Result<T, Unmeasured> {
        let (reader, writer) = io::pipe()?;
        let worker = Worker::fork(|| {
            let text = serde_json::to_string(&body()).expect("it is plain data");
            u8::from(writeln!(&writer, "{text}").is_err())
        })?;
        drop(writer);
        self.watch(&mut Workers(vec![worker]), || None)?;
        let mut line = String::new();
        BufReader::new(reader).read_line(&mut line)?;
        Ok(serde_json::from_str(&line).map_err(io::Error::from)?)
    }

    fn watch(self, workers: &mut Workers, fault: impl Fn() -> Option<Fault>) -> Result<(), Unmeasured> {
        let deadline = Instant::now() + self.limit;
        loop {
            let ends: Vec<Option<Ended>> = workers.0.iter_mut().map(Worker::ended).collect();
            if let Some(fault) = fault() {
                return Err(fault.into());
            }
            if let Some(lost) = ends.iter().flatten().find(|ended| **ended != Ended::Exited(0)) {
                return Err(Unmeasured::Lost(*lost));
            }
            if ends.iter().all(Option::is_some) {
                return Ok(());
            }
            if self.interrupted.load(Ordering::Relaxed) {
                return Err(Unmeasured::Interrupted);
            }
            if Instant::now() >= deadline {
                return Err(Unmeasured::Hung(self.limit));
            }
            std::thread::sleep(POLL);
        }
    }
}

struct Workers(Vec<Worker>);

impl Drop for Workers {
    /// All are killed before the first is waited for: one that waits for another would not end by itself.
    fn drop(&mut self) {
        self.0.iter_mut().for_each(Worker::kill);
        let deadline = Instant::now() + KILL_LIMIT;
        self.0.iter_mut().for_each(|worker| {
            worker.gone_by(deadline);
        });
    }
}
