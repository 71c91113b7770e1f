//! Acquires and releases a lock, or loses it, repeatedly. `tests/linux/bare_calls/` traces this program, and callgrind counts
//! its instructions.
//!
//! ```console
//! acquire layered|contender|noisy|bare|script|methods won|lost|broken LOCK,… DIRECTORY ITERATIONS < /dev/null
//! ```
//!
//! `bare` knows two locks, whose path is already a C string; `script` knows all. With several locks, each gets its own
//! directory. The program starts to work when its input ends, so that a tracer can attach first. A call of `getppid` before
//! and after each iteration marks it: no lock makes this call. One unmarked iteration runs first, to let the allocator grow.

#[cfg(target_os = "linux")]
#[path = "../tests/bodies/bare.rs"]
mod bare;

#[cfg(target_os = "linux")]
#[path = "../tests/bodies/bare_program.rs"]
mod bare_program;

#[cfg(target_os = "linux")]
#[path = "../tests/bodies/scripts.rs"]
mod scripts;

#[cfg(target_os = "linux")]
mod ways {
    use std::error::Error;
    use std::ffi::CString;
    use std::io::{self, Read, Write};
    use std::os::unix::ffi::OsStrExt;
    use std::path::{Path, PathBuf};

    use nix::errno::Errno;
    use nix::unistd::getppid;
    use onewinner_core::backend::contender::Contender;
    use onewinner_core::fs::call::{ByCall, Call, Value};
    use onewinner_core::fs::{Flock, Fs, Mode, OpenFlags, RecordLock};
    use onewinner_core::history::What;
    use onewinner_core::id::ProcessId;
    use onewinner_core::primitive::{self, AcquireError, LockPrimitive};
    use onewinner_core::scenario::Scenario;
    use onewinner_linux::real_fs::{Peers, RealFs};
    use onewinner_linux::sys::process::Worker;

    use super::{bare, bare_program, scripts};

    const USAGE: &str =
        "usage: acquire layered|contender|noisy|bare|script|methods won|lost|broken LOCK,… DIRECTORY ITERATIONS";

    #[derive(Clone, Copy, PartialEq)]
    enum Part {
        /// Acquire and release.
        Won,
        /// An attempt while another process holds the lock.
        Lost,
        /// Acquire and release, starting from a stale lock.
        Broken,
    }

    struct Run {
        part: Part,
        primitive: &'static dyn LockPrimitive,
        directory: PathBuf,
        lock: PathBuf,
        iterations: u64,
    }

    pub(super) fn run(arguments: &[String]) -> Result<(), Box<dyn Error>> {
        let [way, part, name, directory, iterations] = arguments else {
            return Err(USAGE.into());
        };
        let part = match part.as_str() {
            "won" => Part::Won,
            "lost" => Part::Lost,
            "broken" => Part::Broken,
            _ => return Err(USAGE.into()),
        };
        io::copy(&mut io::stdin(), &mut io::sink())?;
        let (several, directory) = (name.contains(','), Path::new(directory));
        for name in name.split(',') {
            let directory = if several {
                directory.join(name)
            } else {
                directory.to_owned()
            };
            if several {
                std::fs::create_dir(&directory)?;
            }
            let run = Run {
                part,
                primitive: primitive::by_name(name).ok_or("no such lock")?,
                lock: directory.join("lock"),
                directory,
                iterations: iterations.parse()?,
            };
            go(&run, way)?;
        }
        Ok(())
    }

    fn go(run: &Run, way: &str) -> Result<(), Box<dyn Error>> {
        let own = i32::try_from(std::process::id())?;
        // Every contender has the PID of this process, so that the lock asks the kernel in each case.
        let peers = Peers::new(move |process| (process != ProcessId::GONE).then_some(own));
        let fs = RealFs::of(ProcessId(0), peers);
        match way {
            "layered" => layered(run, &fs),
            "contender" => contender(run, &fs),
            "noisy" => layered(run, &noisy(&fs)),
            "bare" => by_hand(run),
            "script" => by_script(run),
            "methods" => repeat(run, || methods(&fs, &run.directory).expect("none fails")),
            _ => Err(USAGE.into()),
        }
    }

    /// Runs the iterations between marks, after the unmarked one.
    fn repeat(run: &Run, mut once: impl FnMut()) -> Result<(), Box<dyn Error>> {
        if run.part == Part::Broken {
            for iteration in 0..=run.iterations {
                leave(run)?;
                let marked = iteration > 0;
                marked.then(getppid);
                once();
                marked.then(getppid);
            }
            return Ok(());
        }
        let _holder = (run.part == Part::Lost).then(|| holder(run)).transpose()?;
        once();
        getppid();
        for _ in 0..run.iterations {
            once();
        }
        getppid();
        Ok(())
    }

    /// Another process that holds the lock until the value is dropped; the kernel grants a process its own record locks again.
    fn holder(run: &Run) -> Result<Worker, Box<dyn Error>> {
        let (mut reader, mut writer) = io::pipe()?;
        let worker = Worker::fork(|| {
            let fs = RealFs::of(ProcessId(1), Peers::new(|_| None));
            let _held = run.primitive.try_acquire(&fs, &run.lock).expect("the lock is free");
            writer.write_all(b"held").expect("somebody waits for it");
            loop {
                std::thread::park();
            }
        })?;
        drop(writer);
        reader.read_exact(&mut [0; 4])?;
        Ok(worker)
    }

    /// Leaves a stale lock behind.
    fn leave(run: &Run) -> Result<(), Box<dyn Error>> {
        let script = scripts::by_name(run.primitive.name()).ok_or("no script of this lock")?;
        let (left, _) = script.broken.ok_or("nobody breaks this lock")?;
        let of_a_holder = || {
            let gone = RealFs::of(ProcessId::GONE, Peers::new(|_| None));
            let _held = run.primitive.try_acquire(&gone, &run.lock).expect("the lock is free");
            // A lock that is a dangling symbolic link has no age.
            let _aged = gone.expire(&run.lock);
        };
        Ok(bare_program::leave(left, &run.lock, of_a_holder)?)
    }

    fn layered(run: &Run, fs: &dyn Fs) -> Result<(), Box<dyn Error>> {
        let acquire = || run.primitive.try_acquire(fs, &run.lock);
        repeat(run, || match run.part {
            Part::Won | Part::Broken => {
                let held = acquire().expect("the lock is free, or stale");
                run.primitive.release(fs, &run.lock, held).expect("the lock is held");
            }
            Part::Lost => assert_eq!(acquire(), Err(AcquireError::Busy)),
        })
    }

    fn contender(run: &Run, fs: &dyn Fs) -> Result<(), Box<dyn Error>> {
        let one = Contender::new(run.primitive, &Scenario::cycle(2, 1), &run.directory, ProcessId(0));
        let wanted = match run.part {
            Part::Won | Part::Broken => What::Released,
            Part::Lost => What::Busy,
        };
        repeat(run, || {
            let mut last = None;
            one.run(fs, &mut |what| last = Some(what));
            assert_eq!(last.as_ref(), Some(&wanted));
        })
    }

    fn by_script(run: &Run) -> Result<(), Box<dyn Error>> {
        let script = scripts::by_name(run.primitive.name()).ok_or("no script of this lock")?;
        let calls = match run.part {
            Part::Won => script.won,
            Part::Lost => script.lost,
            Part::Broken => script.broken.ok_or("nobody breaks this lock")?.1,
        };
        let mut program = bare_program::Program::new(&run.lock);
        repeat(run, || program.run(calls))
    }

    /// Calls every method of `Fs` except `fork`, in an order in which none fails.
    fn methods(fs: &dyn Fs, directory: &Path) -> Result<(), onewinner_core::fs::Errno> {
        let [a, b, c, d] = ["a", "b", "c", "d"].map(|name| directory.join(name));
        let fd = fs.open(&a, OpenFlags::APPEND, Mode::FILE)?;
        fs.write(fd, b"text")?;
        fs.flock(fd, Flock::TryExclusive)?;
        fs.flock(fd, Flock::Unlock)?;
        fs.record_lock(fd, RecordLock::TryExclusive)?;
        fs.record_lock(fd, RecordLock::Unlock)?;
        fs.ofd_lock(fd, RecordLock::TryExclusive)?;
        fs.close(fd)?;
        let fd = fs.open(&a, OpenFlags::READ, Mode::FILE)?;
        fs.read(fd, &mut [0; 4])?;
        fs.fstat(fd)?;
        fs.close(fd)?;
        fs.stat(&a)?;
        fs.expire(&a)?;
        fs.link(&a, &b)?;
        fs.unlink(&b)?;
        fs.rename_new(&a, &b)?;
        fs.rename(&b, &a)?;
        fs.symlink(Path::new("b"), &c)?;
        fs.readlink(&c)?;
        fs.alive(fs.process())?;
        fs.unlink(&a)?;
        fs.unlink(&c)?;
        fs.mkdir(&d, Mode::DIRECTORY)?;
        fs.rmdir(&d)
    }

    /// Makes one extra call after each `open`, which the tracer must find.
    fn noisy(fs: &RealFs) -> impl Fs {
        ByCall::new(fs.process(), move |call: Call| {
            let reply = call.perform(fs);
            if let Ok(Value::Fd(fd)) = reply {
                fs.fstat(fd).expect("it was opened just now");
            }
            reply
        })
    }

    fn by_hand(run: &Run) -> Result<(), Box<dyn Error>> {
        let name = run.primitive.name();
        let bare = bare::by_name(name).ok_or_else(|| format!("tests/bodies/bare.rs lacks the calls of {name}"))?;
        let lock = &*CString::new(run.lock.as_os_str().as_bytes())?;
        repeat(run, || match run.part {
            Part::Won | Part::Broken => {
                (bare.acquire)(lock).expect("the lock is free");
                (bare.release)(lock).expect("the lock is held");
            }
            Part::Lost => assert_eq!((bare.acquire)(lock), Err(Errno::EEXIST)),
        })
    }
}

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    ways::run(&arguments)
}

#[cfg(not(target_os = "linux"))]
fn main() {}
