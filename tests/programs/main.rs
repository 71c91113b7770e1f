//! The drivers to copy from, spoken to as the harness speaks: each answers in the agreed words, and none stays behind.
//!
//! No schedule is explored here: one process after another. A program that the machine does not have is skipped.

use std::io::{BufRead, BufReader, ErrorKind, Write};
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use onewinner::backend::traced::answers::{Conversation, Owes, words};
use onewinner::history::What;
use onewinner::scenario::{Program, ProgramKind};

/// A driver that runs.
struct Driver {
    child: Child,
    output: BufReader<ChildStdout>,
    talk: Conversation,
    events: Vec<What>,
}

impl Driver {
    /// Starts one; `None` if the machine does not have its interpreter.
    fn start(line: &str, lock: &Path) -> Option<Self> {
        let (kind, line) = (ProgramKind::Driver, line.to_owned());
        let words = words(&Program { kind, line }, lock, &[]).expect("a command line");
        let mut command = Command::new(&words[0]);
        command.current_dir(env!("CARGO_MANIFEST_DIR")).args(&words[1..]);
        let mut child = match command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => {
                eprintln!("skipped: there is no {} here", words[0]);
                return None;
            }
            Err(error) => panic!("{words:?}: {error}"),
        };
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (talk, events) = (Conversation::new(kind, lock), Vec::new());
        Some(Self {
            child,
            output,
            talk,
            events,
        })
    }

    /// Hears one line.
    fn hear(&mut self) {
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a driver prints text");
        let events = &mut self.events;
        self.talk
            .hear(line.as_bytes(), &mut |what| events.push(what))
            .expect("the agreed words");
    }

    fn release(&mut self) {
        let events = &mut self.events;
        let line = self.talk.release(&mut |what| events.push(what));
        let input = self.child.stdin.as_mut().expect("a pipe");
        input.write_all(line.as_bytes()).expect("a holder reads");
    }

    /// Waits for its end and tells all that it told.
    fn end(mut self) -> Vec<What> {
        drop(self.child.stdin.take());
        assert!(self.child.wait().expect("a child").success());
        let events = &mut self.events;
        self.talk.ended(&mut |what| events.push(what)).expect("nothing is owed");
        self.events
    }
}

/// One acquires; a second is told *busy*; the first releases; a third acquires.
#[track_caller]
fn check(line: &str) {
    use What::{AcquireBegan, Acquired, Busy, ReleaseBegan, Released};
    let directory = tempfile::tempdir().expect("a directory");
    let lock = directory.path().join("lock");
    let Some(mut holder) = Driver::start(line, &lock) else {
        return;
    };
    holder.hear();
    assert_eq!(holder.talk.owes(), Owes::Release);
    assert!(lock.exists());

    let mut loser = Driver::start(line, &lock).expect("it was there before");
    loser.hear();
    assert_eq!(loser.end(), [AcquireBegan, Busy]);
    assert!(lock.exists(), "a loser leaves the lock alone");

    holder.release();
    holder.hear();
    assert_eq!(holder.end(), [AcquireBegan, Acquired, ReleaseBegan, Released]);
    assert!(!lock.exists());

    let mut next = Driver::start(line, &lock).expect("it was there before");
    next.hear();
    assert_eq!(next.talk.owes(), Owes::Release);
    next.release();
    next.hear();
    next.end();

    let nowhere = directory.path().join("absent").join("lock");
    let mut failing = Driver::start(line, &nowhere).expect("it was there before");
    failing.hear();
    assert!(matches!(failing.end()[..], [AcquireBegan, What::Failed { .. }]));
}

#[test]
fn the_shell_driver_locks() {
    check("sh examples/driver.sh {lock}");
}

#[test]
fn the_python_driver_locks() {
    check("python3 examples/driver.py {lock}");
}

#[test]
fn the_node_driver_locks() {
    check("node examples/driver.js {lock}");
}
