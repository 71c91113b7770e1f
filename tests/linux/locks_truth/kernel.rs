//! The kernel's side: P, its child C and Q are real processes, which make the calls that the test orders.
//!
//! Orders and answers are lines of JSON in pipes. Before the test makes the next call, it waits for each process that
//! it ordered to end. The kernel has then closed the descriptors of that process.

use std::cell::RefCell;
use std::io::{BufRead, BufReader, PipeReader, PipeWriter, Write, pipe};
use std::sync::Arc;
use std::sync::atomic::{AtomicI32, Ordering};
use std::time::{Duration, Instant};

use onewinner_core::fs::call::{Call, Reply, Value};
use onewinner_core::id::ProcessId;
use onewinner_linux::real_fs::{Peers, RealFs};
use onewinner_linux::sys::process::Worker;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::table::Who;

/// How long a child lives without an order to end, in seconds.
const LONGEST_CHILD_S: u32 = 300;
/// How long a process may take to end.
const LIMIT: Duration = Duration::from_secs(120);

#[derive(Serialize, Deserialize)]
enum Order {
    Make(Call),
    /// Wait for the child, which was ordered to end.
    Reap,
    /// The kernel's numbers of P and Q.
    Meet([i32; 2]),
}

/// The ends of pipes.
struct Line<In, Out> {
    input: In,
    output: Out,
}

type Here = Line<BufReader<PipeReader>, PipeWriter>;

impl Here {
    fn ask(&mut self, order: &Order) -> Reply {
        let mut text = serde_json::to_vec(order).expect("an order is plain data");
        text.push(b'\n');
        self.output.write_all(&text).expect("the process reads its orders");
        self.hear()
    }

    fn tell(&mut self, reply: &Reply) {
        let mut answer = serde_json::to_vec(reply).expect("a reply is plain data");
        answer.push(b'\n');
        self.output.write_all(&answer).expect("somebody listens");
    }

    fn hear(&mut self) -> Reply {
        let mut answer = String::new();
        self.input.read_line(&mut answer).expect("the process answers");
        serde_json::from_str(&answer).expect("a reply in one line")
    }
}

/// The two ends of a conversation: ours, and that of a process.
fn line() -> (Here, Here) {
    let (orders, order) = pipe().expect("the kernel has pipes");
    let (answers, answer) = pipe().expect("the kernel has pipes");
    let ours = Line {
        input: BufReader::new(answers),
        output: order,
    };
    let theirs = Line {
        input: BufReader::new(orders),
        output: answer,
    };
    (ours, theirs)
}

/// P, C and Q, with a directory for the root.
pub(crate) struct Processes {
    root: TempDir,
    lines: [Here; 3],
    /// P and Q.
    workers: [Option<Worker>; 2],
}

impl Processes {
    pub(crate) fn new() -> Self {
        let root = tempfile::tempdir().expect("a temporary directory");
        let [(p, at_p), (c, at_c), (q, at_q)] = [line(), line(), line()];
        let fork = |process, line: Here, child: Option<Here>| {
            Worker::fork(move || {
                serve(
                    &files_of(process),
                    &RefCell::new(line),
                    child.map(RefCell::new).as_ref(),
                )
            })
        };
        let first = fork(0, at_p, Some(at_c)).expect("the tests have a single thread");
        let second = fork(1, at_q, None).expect("the tests have a single thread");
        let mut made = Self {
            root,
            lines: [p, c, q],
            workers: [Some(first), Some(second)],
        };
        let numbers = made
            .workers
            .each_ref()
            .map(|worker| worker.as_ref().map_or(0, Worker::pid));
        for who in [Who::P, Who::Q] {
            made.line(who).ask(&Order::Meet(numbers)).expect("it takes them in");
        }
        made
    }

    fn line(&mut self, who: Who) -> &mut Here {
        &mut self.lines[match who {
            Who::P => 0,
            Who::C => 1,
            Who::Q => 2,
        }]
    }

    /// Performs a call of one of them.
    pub(crate) fn perform(&mut self, who: Who, call: &Call) -> Reply {
        let mut placed = call.clone();
        for path in placed.paths_mut() {
            let inside = path.strip_prefix("/").expect("paths begin at the root");
            *path = self.root.path().join(inside);
        }
        let reply = self.line(who).ask(&Order::Make(placed));
        if *call == Call::Fork {
            // From here on the child may outlive P.
            self.line(Who::C).hear().expect("it greets");
        }
        if *call == Call::Exit {
            match who {
                Who::C => drop(self.line(Who::P).ask(&Order::Reap)),
                Who::P | Who::Q => self.await_end(who),
            }
        }
        reply
    }

    fn await_end(&mut self, who: Who) {
        let worker = &mut self.workers[usize::from(who == Who::Q)];
        let mut ended = worker.take().expect("it ends once");
        assert!(ended.wait_until_gone(Instant::now() + LIMIT), "{who:?} does not end");
    }
}

impl Drop for Processes {
    /// Orders the child to end: when P is gone it has no parent that waits for it.
    fn drop(&mut self) {
        let mut text = serde_json::to_vec(&Order::Make(Call::Exit)).expect("an order is plain data");
        text.push(b'\n');
        // There may be no child.
        let _written = self.line(Who::C).output.write_all(&text);
    }
}

/// What a process has, and the peers that it learns of.
struct Files {
    fs: RealFs,
    numbers: Arc<[AtomicI32; 2]>,
}

fn files_of(process: u8) -> Files {
    let numbers = Arc::new([const { AtomicI32::new(0) }; 2]);
    let known = Arc::clone(&numbers);
    let number = move |peer: ProcessId| known.get(peer.index()).map(|number| number.load(Ordering::Relaxed));
    let fs = RealFs::of(ProcessId(process), Peers::new(number));
    Files { fs, numbers }
}

/// Runs the child. It outlives its parent, and ends by itself if no order comes.
fn outlive(files: &Files, line: &RefCell<Here>) -> u8 {
    nix::unistd::alarm::set(LONGEST_CHILD_S);
    match nix::sys::prctl::set_pdeathsig(None) {
        Ok(()) => {
            line.borrow_mut().tell(&Ok(Value::Done));
            serve(files, line, None)
        }
        Err(_) => 1,
    }
}

/// The life of a process: its exit code. `child` is where its child listens.
fn serve(files: &Files, line: &RefCell<Here>, child: Option<&RefCell<Here>>) -> u8 {
    let mut forked = None;
    loop {
        let mut text = String::new();
        let read = line.borrow_mut().input.read_line(&mut text);
        if read.is_ok_and(|length| length == 0) {
            return 0;
        }
        let order = serde_json::from_str(&text).expect("an order in one line");
        let reply: Reply = match &order {
            Order::Meet(numbers) => {
                for (place, number) in files.numbers.iter().zip(numbers) {
                    place.store(*number, Ordering::Relaxed);
                }
                Ok(Value::Done)
            }
            Order::Make(Call::Fork) => {
                let at = child.expect("only P forks");
                forked = Some(Worker::fork(|| outlive(files, at)).expect("a process of one thread forks"));
                Ok(Value::Done)
            }
            Order::Make(Call::Exit) => Ok(Value::Done),
            Order::Make(call) => call.perform(&files.fs),
            Order::Reap => {
                let gone = forked
                    .take()
                    .is_some_and(|mut worker: Worker| worker.wait_until_gone(Instant::now() + LIMIT));
                assert!(gone, "the child does not end");
                Ok(Value::Done)
            }
        };
        line.borrow_mut().tell(&reply);
        if matches!(order, Order::Make(Call::Exit)) {
            // Dropped, it would be killed.
            std::mem::forget(forked);
            return 0;
        }
    }
}
