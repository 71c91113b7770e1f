//! One running driver, and the driver protocol with it. Judges nothing.

use std::io::{BufRead, BufReader, Write};
use std::os::fd::AsFd;
use std::path::Path;
use std::process::{Child, ChildStdout, Command, Stdio};

use nix::poll::{PollFd, PollFlags, poll};
use onewinner_core::history::What;
use onewinner_core::scenario::{Program, ProgramKind};
use onewinner_linux::tracer::channel::driver_protocol::{Conversation, Ending, Owes};
use onewinner_linux::tracer::program::command_line::words;

use crate::harness::workspace;

/// The longest that a driver may be silent, in milliseconds.
const LIMIT_MS: u16 = 60_000;

/// A driver that runs.
pub(crate) struct Driver {
    child: Child,
    output: BufReader<ChildStdout>,
    talk: Conversation,
    events: Vec<What>,
}

impl Driver {
    /// Starts one, whose interpreter is there.
    pub(crate) fn start(line: &str, lock: &Path) -> Self {
        let kind = ProgramKind::Driver;
        let words = words(&Program::new(kind, line), lock, &[]).expect("a command line");
        let mut command = Command::new(&words[0]);
        command.current_dir(workspace()).args(&words[1..]);
        let piped = command.stdin(Stdio::piped()).stdout(Stdio::piped());
        let mut child = piped.spawn().unwrap_or_else(|error| panic!("{words:?}: {error}"));
        let output = BufReader::new(child.stdout.take().expect("a pipe"));
        let (talk, events) = (Conversation::new(kind, lock), Vec::new());
        Self {
            child,
            output,
            talk,
            events,
        }
    }

    /// Reads the driver's answer to the attempt. A driver that serves is asked to acquire first.
    pub(crate) fn answer(&mut self) {
        self.read_line();
        if self.talk.owes() == Owes::Acquire {
            let events = &mut self.events;
            let line = self.talk.acquire(&mut |what| events.push(what));
            self.say(&line);
            self.read_line();
        }
    }

    /// Frees the lock that it holds.
    pub(crate) fn release(&mut self) {
        assert_eq!(self.talk.owes(), Owes::Release, "it holds the lock");
        let events = &mut self.events;
        let line = self.talk.release(&mut |what| events.push(what));
        self.say(line);
        self.read_line();
    }

    fn say(&mut self, line: &str) {
        let input = self.child.stdin.as_mut().expect("a pipe");
        input.write_all(line.as_bytes()).expect("it reads");
    }

    fn read_line(&mut self) {
        self.await_output();
        let mut line = String::new();
        self.output.read_line(&mut line).expect("a driver prints text");
        let events = &mut self.events;
        self.talk
            .hear(line.as_bytes(), &mut |what| events.push(what))
            .expect("the agreed words");
    }

    /// Whether the driver reported that it has the lock, and was not yet asked to release it.
    pub(crate) fn holds(&self) -> bool {
        self.talk.owes() == Owes::Release
    }

    /// Waits until it prints something, or closes its output.
    fn await_output(&self) {
        let mut output = [PollFd::new(self.output.get_ref().as_fd(), PollFlags::POLLIN)];
        let ready = poll(&mut output, LIMIT_MS).expect("it can be waited for");
        assert_eq!(ready, 1, "it says nothing for {LIMIT_MS} ms");
    }

    /// Waits for its end and returns all that it reported.
    pub(crate) fn end(mut self) -> Vec<What> {
        drop(self.child.stdin.take());
        self.await_output();
        assert!(self.child.wait().expect("a child").success());
        let events = &mut self.events;
        self.talk
            .ended(&Ending::Plain, &mut |what| events.push(what))
            .expect("nothing is owed");
        self.events
    }
}
