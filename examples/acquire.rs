//! Acquires and releases, or loses, a lock again and again: the program that `tests/bare_calls.rs` traces and callgrind
//! counts.
//!
//! ```console
//! acquire layered|contender|noisy|bare|methods won|lost LOCK DIRECTORY ITERATIONS < /dev/null
//! ```
//!
//! It begins when its input ends, so that a tracer can attach first. The iterations stand between two calls of `getppid`,
//! which no lock makes. One more iteration runs before the first of them: it pays for the allocator's first growth.

#[cfg(target_os = "linux")]
#[path = "../tests/bodies/bare.rs"]
mod bare;

#[cfg(target_os = "linux")]
mod ways {
    use std::error::Error;
    use std::ffi::CString;
    use std::io;
    use std::os::unix::ffi::OsStrExt;
    use std::path::Path;

    use nix::errno::Errno;
    use nix::unistd::getppid;
    use onewinner::backend::contender::Contender;
    use onewinner::fs::call::{ByCall, Call, Value};
    use onewinner::fs::real::RealFs;
    use onewinner::fs::{Fs, Mode, OpenFlags, RecordLock};
    use onewinner::history::What;
    use onewinner::id::ProcessId;
    use onewinner::primitive::{self, AcquireError, LockPrimitive};
    use onewinner::scenario::Scenario;

    use super::bare;

    const USAGE: &str = "usage: acquire layered|contender|noisy|bare|methods won|lost LOCK DIRECTORY ITERATIONS";

    #[derive(Clone, Copy, PartialEq)]
    enum Part {
        Won,
        Lost,
    }

    struct Run {
        part: Part,
        primitive: &'static dyn LockPrimitive,
        iterations: u64,
    }

    pub(super) fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
        let [way, part, name, directory, iterations] = arguments else {
            return Err(USAGE.into());
        };
        let run = Run {
            part: match part.as_str() {
                "won" => Part::Won,
                "lost" => Part::Lost,
                _ => return Err(USAGE.into()),
            },
            primitive: primitive::by_name(name).ok_or("no such lock")?,
            iterations: iterations.parse()?,
        };
        io::copy(&mut io::stdin(), &mut io::sink())?;
        let (directory, fs) = (Path::new(directory), RealFs::new());
        let lock = directory.join("lock");
        match way.as_str() {
            "layered" => layered(&run, &fs, &lock),
            "contender" => contender(&run, &fs, directory),
            "noisy" => layered(&run, &noisy(&fs), &lock),
            "bare" => by_hand(&run, &lock)?,
            "methods" => repeat(&run, || {}, || methods(&fs, directory).expect("none fails"), || {}),
            _ => return Err(USAGE.into()),
        }
        Ok(())
    }

    /// `hold` and `free` frame the whole; `once` is one iteration.
    fn repeat(run: &Run, hold: impl FnOnce(), mut once: impl FnMut(), free: impl FnOnce()) {
        if run.part == Part::Lost {
            hold();
        }
        once();
        getppid();
        for _ in 0..run.iterations {
            once();
        }
        getppid();
        if run.part == Part::Lost {
            free();
        }
    }

    fn layered(run: &Run, fs: &dyn Fs, lock: &Path) {
        let held = std::cell::Cell::new(None);
        let acquire = || run.primitive.try_acquire(fs, lock).expect("the lock is free");
        let release = |held| run.primitive.release(fs, lock, held).expect("the lock is held");
        let once = || match run.part {
            Part::Won => release(acquire()),
            Part::Lost => assert_eq!(run.primitive.try_acquire(fs, lock), Err(AcquireError::Busy)),
        };
        repeat(
            run,
            || held.set(Some(acquire())),
            once,
            || release(held.take().expect("taken before")),
        );
    }

    fn contender(run: &Run, fs: &dyn Fs, directory: &Path) {
        let lock = directory.join("lock");
        let one = Contender::new(run.primitive, &Scenario::cycle(2, 1), directory, ProcessId(0));
        let wanted = match run.part {
            Part::Won => What::Released,
            Part::Lost => What::Busy,
        };
        let once = || {
            let mut last = None;
            one.run(fs, &mut |what| last = Some(what));
            assert_eq!(last.as_ref(), Some(&wanted));
        };
        let held = std::cell::Cell::new(None);
        let holder = RealFs::new();
        repeat(
            run,
            || held.set(run.primitive.try_acquire(&holder, &lock).ok()),
            once,
            || {
                let held = held.take().expect("the lock was free");
                run.primitive.release(&holder, &lock, held).expect("the lock is held");
            },
        );
    }

    /// The methods of `Fs` that no lock here calls, between an `open` and an `unlink`.
    fn methods(fs: &dyn Fs, directory: &Path) -> Result<(), onewinner::fs::Errno> {
        let (a, b) = (directory.join("a"), directory.join("b"));
        let fd = fs.open(&a, OpenFlags::APPEND, Mode::FILE)?;
        fs.record_lock(fd, RecordLock::TryExclusive)?;
        fs.record_lock(fd, RecordLock::Unlock)?;
        fs.ofd_lock(fd, RecordLock::TryExclusive)?;
        fs.close(fd)?;
        fs.expire(&a)?;
        fs.rename_new(&a, &b)?;
        fs.symlink(Path::new("b"), &a)?;
        fs.readlink(&a)?;
        fs.alive(fs.process())?;
        fs.unlink(&a)?;
        fs.unlink(&b)
    }

    /// One call too many after each `open`, for the tracer to find.
    fn noisy(fs: &RealFs) -> impl Fs {
        ByCall::new(fs.process(), move |call: Call| {
            let reply = call.perform(fs);
            if let Ok(Value::Fd(fd)) = reply {
                fs.fstat(fd).expect("it was opened just now");
            }
            reply
        })
    }

    fn by_hand(run: &Run, lock: &Path) -> Result<(), Box<dyn Error>> {
        let name = run.primitive.name();
        let bare = bare::by_name(name).ok_or_else(|| format!("tests/bodies/bare.rs lacks the calls of {name}"))?;
        let lock = &*CString::new(lock.as_os_str().as_bytes())?;
        let acquire = || (bare.acquire)(lock).expect("the lock is free");
        let release = || (bare.release)(lock).expect("the lock is held");
        let once = || match run.part {
            Part::Won => {
                acquire();
                release();
            }
            Part::Lost => assert_eq!((bare.acquire)(lock), Err(Errno::EEXIST)),
        };
        repeat(run, acquire, once, release);
        Ok(())
    }
}

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    ways::run(&arguments)
}

#[cfg(not(target_os = "linux"))]
fn main() {}
