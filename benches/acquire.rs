//! The cost of an acquisition: each lock through the layers, and some compared with their bare system calls.
//!
//! Criterion measures one side after the other. On a machine with other work, the cost of the layers is smaller than the noise
//! between the two. So the ratios at the end come from alternating pairs.
//!
//! The directories are those of `ONEWINNER_BENCH_DIRS`, separated by colons; without it the temporary directory and
//! `/dev/shm`. There is no contention here: its cost is the kernel's, and `onewinner bench` measures it.

use criterion::{Criterion, criterion_group};

#[cfg(target_os = "linux")]
#[path = "../tests/bodies/bare.rs"]
mod bare;

#[cfg(target_os = "linux")]
mod cost {
    use std::env;
    use std::ffi::CString;
    use std::io::{BufRead, BufReader};
    use std::os::unix::ffi::OsStrExt;
    use std::path::{Path, PathBuf};
    use std::process::{Child, Command, Stdio, exit};
    use std::time::{Duration, Instant};

    use criterion::Criterion;
    use onewinner_core::fs::Fs;
    use onewinner_core::id::ProcessId;
    use onewinner_core::primitive::{self, AcquireError, LockPrimitive};
    use onewinner_linux::real_fs::{Peers, RealFs};
    use tempfile::TempDir;

    use super::bare::{self, Bare};

    const VARIABLE: &str = "ONEWINNER_BENCH_DIRS";
    /// Alternating pairs for a ratio, and how often each of a pair acquires.
    const PAIRS: usize = 11;
    const TIMES: u32 = 1_000;

    /// A new directory in each requested directory.
    fn places() -> Vec<(PathBuf, TempDir)> {
        let asked = env::var_os(VARIABLE);
        let parents: Vec<PathBuf> = match &asked {
            Some(list) => env::split_paths(list).collect(),
            None => vec![env::temp_dir(), PathBuf::from("/dev/shm")],
        };
        let mut places = Vec::new();
        for parent in parents {
            match TempDir::new_in(&parent) {
                Ok(place) => places.push((parent, place)),
                Err(error) => {
                    let parent = parent.display();
                    eprintln!(
                        "failed to make a directory in {parent}: {error}; name writable directories in {VARIABLE}"
                    );
                    // A requested directory that cannot be measured is an error; a default one is not.
                    if asked.is_some() {
                        exit(2);
                    }
                }
            }
        }
        places
    }

    /// Short settings: there are two hundred benchmarks.
    pub(super) fn briefly() -> Criterion {
        Criterion::default()
            .sample_size(20)
            .warm_up_time(Duration::from_millis(200))
            .measurement_time(Duration::from_millis(600))
    }

    pub(super) fn measure(criterion: &mut Criterion) {
        for (parent, place) in places() {
            for primitive in primitive::ALL {
                let name = primitive.name();
                let bare = bare::by_name(name);
                // A new name for each: some locks leave a file behind.
                let lock = |part: &str| place.path().join(format!("{part}-{name}"));
                won(criterion, *primitive, bare, &parent, &lock("won"));
                lost(criterion, *primitive, bare, &parent, &lock("lost"));
            }
        }
    }

    fn acquire_and_release(primitive: &dyn LockPrimitive, fs: &dyn Fs, lock: &Path) -> Result<(), AcquireError> {
        let held = primitive.try_acquire(fs, lock)?;
        Ok(primitive.release(fs, lock, held)?)
    }

    fn won(criterion: &mut Criterion, primitive: &dyn LockPrimitive, bare: Option<&Bare>, parent: &Path, lock: &Path) {
        let name = format!("won {} {}", primitive.name(), parent.display());
        let fs = RealFs::new();
        if let Err(error) = acquire_and_release(primitive, &fs, lock) {
            return println!("skipped: {name}: {error:?}");
        }
        let mut group = criterion.benchmark_group(name);
        group.bench_function("layered", |bencher| {
            bencher.iter(|| acquire_and_release(primitive, &fs, lock).expect("the lock is free"));
        });
        if let Some(bare) = bare {
            let lock = c_string(lock);
            group.bench_function("bare", |bencher| {
                bencher.iter(|| {
                    (bare.acquire)(&lock).expect("the lock is free");
                    (bare.release)(&lock).expect("the lock is held");
                });
            });
        }
        group.finish();
    }

    fn lost(criterion: &mut Criterion, primitive: &dyn LockPrimitive, bare: Option<&Bare>, parent: &Path, lock: &Path) {
        let name = format!("lost {} {}", primitive.name(), parent.display());
        let holder = match Holder::of(primitive, lock) {
            Ok(holder) => holder,
            Err(reason) => return println!("skipped: {name}: the holder says {reason}"),
        };
        let fs = holder.seen();
        match primitive.try_acquire(&fs, lock) {
            Err(AcquireError::Busy) => {}
            Err(error) => return println!("skipped: {name}: {error:?}"),
            Ok(held) => {
                // The outcome of the release does not matter.
                let _released = primitive.release(&fs, lock, held);
                return println!("skipped: {name}: a second process acquires it too");
            }
        }
        let mut group = criterion.benchmark_group(name);
        group.bench_function("layered", |bencher| {
            bencher.iter(|| primitive.try_acquire(&fs, lock).expect_err("the lock is held"));
        });
        if let Some(bare) = bare {
            let named = c_string(lock);
            group.bench_function("bare", |bencher| {
                bencher.iter(|| (bare.acquire)(&named).expect_err("the lock is held"));
            });
        }
        group.finish();
    }

    /// Another process that holds the lock: record locks do not exclude the process that holds them.
    struct Holder(Child);

    impl Holder {
        fn of(primitive: &dyn LockPrimitive, lock: &Path) -> Result<Self, String> {
            let mut holder = Self(
                Command::new(env!("CARGO_BIN_EXE_onewinner"))
                    .args(["drive", primitive.name()])
                    .arg(lock)
                    .stdin(Stdio::piped())
                    .stdout(Stdio::piped())
                    .spawn()
                    .map_err(|error| error.to_string())?,
            );
            let mut line = String::new();
            let output = holder.0.stdout.as_mut().expect("it was piped");
            BufReader::new(output)
                .read_line(&mut line)
                .map_err(|error| error.to_string())?;
            match line.trim() {
                "acquired" => Ok(holder),
                other => Err(other.to_owned()),
            }
        }

        /// The file system of a process that knows the holder.
        fn seen(&self) -> RealFs {
            let (own, other) = (std::process::id().cast_signed(), self.0.id().cast_signed());
            let number = move |process| match process {
                ProcessId(0) => Some(other),
                ProcessId(1) => Some(own),
                _ => None,
            };
            RealFs::of(ProcessId(1), Peers::new(number))
        }
    }

    impl Drop for Holder {
        /// Closes the input of the holder, which then releases the lock.
        fn drop(&mut self) {
            drop(self.0.stdin.take());
            if let Err(error) = self.0.wait() {
                eprintln!("failed to wait for the holder: {error}");
            }
        }
    }

    /// Prints the time of the layers divided by that of the bare calls, in alternating pairs, so that other work affects both.
    pub(super) fn ratios() {
        for (parent, place) in places() {
            let lock = &place.path().join("lock");
            let named = c_string(lock);
            for bare in bare::ALL {
                let primitive = primitive::by_name(bare.name).expect("it is shipped");
                let fs: &dyn Fs = &RealFs::new();
                let layered = || acquire_and_release(primitive, fs, lock).expect("the lock is free");
                let by_hand = || {
                    (bare.acquire)(&named).expect("the lock is free");
                    (bare.release)(&named).expect("the lock is held");
                };
                ratio(&format!("{} in {}, won", bare.name, parent.display()), layered, by_hand);
                let held = primitive.try_acquire(fs, lock).expect("the lock is free");
                let layered = || assert!(primitive.try_acquire(fs, lock).is_err(), "the lock is held");
                let by_hand = || assert!((bare.acquire)(&named).is_err(), "the lock is held");
                ratio(
                    &format!("{} in {}, lost", bare.name, parent.display()),
                    layered,
                    by_hand,
                );
                primitive.release(fs, lock, held).expect("the lock is held");
            }
        }
    }

    fn ratio(name: &str, mut layered: impl FnMut(), mut bare: impl FnMut()) {
        let mut ratios: Vec<f64> = (0..PAIRS)
            .map(|_| timed(&mut layered).as_secs_f64() / timed(&mut bare).as_secs_f64())
            .collect();
        ratios.sort_by(f64::total_cmp);
        println!(
            "{name}, layered / bare, {PAIRS} pairs: median {:.2}, from {:.2} to {:.2}",
            ratios[PAIRS / 2],
            ratios[0],
            ratios[PAIRS - 1]
        );
    }

    fn timed(once: &mut impl FnMut()) -> Duration {
        let began = Instant::now();
        (0..TIMES).for_each(|_| once());
        began.elapsed()
    }

    fn c_string(path: &Path) -> CString {
        CString::new(path.as_os_str().as_bytes()).expect("a path has no zero byte")
    }
}

fn acquire(criterion: &mut Criterion) {
    #[cfg(target_os = "linux")]
    cost::measure(criterion);
    #[cfg(not(target_os = "linux"))]
    let _ = criterion;
}

#[cfg(target_os = "linux")]
criterion_group! {
    name = benches;
    config = cost::briefly();
    targets = acquire
}
#[cfg(not(target_os = "linux"))]
criterion_group!(benches, acquire);

fn main() {
    benches();
    Criterion::default().configure_from_args().final_summary();
    // Only in `cargo bench`, and not in a test run of the benchmarks.
    let asked = |wanted: &str| std::env::args().any(|argument| argument == wanted);
    #[cfg(target_os = "linux")]
    if asked("--bench") && !asked("--test") && !asked("--list") {
        cost::ratios();
    }
    #[cfg(not(target_os = "linux"))]
    let _ = asked;
}
