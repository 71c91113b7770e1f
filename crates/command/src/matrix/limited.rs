//! One piece of work in a process of its own, under a limit: what hangs in it hangs alone.

use std::io::{self, BufRead, BufReader, Write};
use std::sync::atomic::{AtomicU32, Ordering};
use std::time::{Duration, Instant};

use serde::Serialize;
use serde::de::DeserializeOwned;

use onewinner_linux::sys::Shared;
use onewinner_linux::sys::memory::ShareError;
use onewinner_linux::sys::process::{Ended, ForkError, KILL_LIMIT, PANICKED, Worker, is_at_end, let_go_of_streams};

/// How often the process is looked at.
const POLL: Duration = Duration::from_millis(1);
/// How long it may take to clean up after it was asked to stop.
const GRACE: Duration = Duration::from_secs(3);

/// Whether the command wants no more: it closes our standard input.
pub(super) struct Wish(Shared<AtomicU32>);

impl Wish {
    pub(super) fn new() -> Result<Self, ShareError> {
        Ok(Self(Shared::zeroed(1)?))
    }

    /// Looks whether the command wants no more; for the process that started all others.
    pub(super) fn look(&self) -> bool {
        if is_at_end(&io::stdin()) {
            self.0[0].store(1, Ordering::Relaxed);
        }
        self.is_over()
    }

    /// Whether it was seen that the command wants no more.
    pub(super) fn is_over(&self) -> bool {
        self.0[0].load(Ordering::Relaxed) != 0
    }
}

/// Why there is no result.
#[derive(Debug, thiserror::Error)]
pub(super) enum LimitedError {
    #[error("it did not end within {} s, and was killed: a call hangs, or it needs longer", .0.as_secs())]
    Hung(Duration),
    #[error("it hangs in a call of the kernel and cannot be killed")]
    Unkillable,
    #[error("its process died ({0})")]
    Died(String),
    #[error("interrupted")]
    Interrupted,
    #[error(transparent)]
    Fork(#[from] ForkError),
    #[error("failed to hear of its process: {0}")]
    Pipe(#[from] io::Error),
}

/// Runs `body` in a process of its own. Its result has to fit in a pipe.
pub(super) fn limited<T: Serialize + DeserializeOwned>(
    limit: Duration,
    wish: &Wish,
    body: impl FnOnce() -> T,
) -> Result<T, LimitedError> {
    let (reader, writer) = io::pipe()?;
    let mut worker = Worker::fork(|| {
        // What it would say of a broken invariant goes where its result goes.
        let said = writer.try_clone();
        std::panic::set_hook(Box::new(move |panic| {
            if let Ok(mut said) = said.as_ref() {
                let _unheard = writeln!(said, "{}", panic.to_string().replace('\n', " "));
            }
        }));
        // Without /dev/null they stay, and do harm only if a call hangs for ever.
        let _kept = let_go_of_streams();
        let text = serde_json::to_string(&body()).expect("it is plain data");
        u8::from(writeln!(&writer, "{text}").is_err())
    })?;
    drop(writer);
    let mut deadline = Instant::now() + limit;
    let mut interrupted = false;
    let ended = loop {
        if let Some(ended) = worker.ended() {
            break ended;
        }
        if !interrupted && wish.look() {
            interrupted = true;
            deadline = deadline.min(Instant::now() + GRACE);
        }
        if Instant::now() > deadline {
            worker.kill();
            let gone = worker.gone_by(Instant::now() + KILL_LIMIT);
            return Err(match (gone, interrupted) {
                (false, _) => LimitedError::Unkillable,
                (true, true) => LimitedError::Interrupted,
                (true, false) => LimitedError::Hung(limit),
            });
        }
        std::thread::sleep(POLL);
    };
    if interrupted {
        return Err(LimitedError::Interrupted);
    }
    // One line, and not to the end: what it started in the background may keep the pipe open.
    let line = |mut line: String| BufReader::new(&reader).read_line(&mut line).map(|_| line);
    match ended {
        Ended::Exited(0) => Ok(serde_json::from_str(&line(String::new())?).map_err(io::Error::from)?),
        Ended::Exited(PANICKED) => Err(LimitedError::Died(line(String::new())?.trim_end().to_owned())),
        other => Err(LimitedError::Died(other.to_string())),
    }
}
