//! What an acquisition costs: through the layers, beside the bare system calls.
//!
//! The directories are those of `ONEWINNER_BENCH_DIRS`, separated by colons; without it the temporary directory and
//! `/dev/shm`. Uncontended on purpose: what contention costs is the kernel's, and `onewinner bench` measures it.

use criterion::{Criterion, criterion_group, criterion_main};

#[cfg(target_os = "linux")]
#[path = "../tests/bodies/bare.rs"]
mod bare;

#[cfg(target_os = "linux")]
mod cost {
    use std::env;
    use std::ffi::CString;
    use std::os::unix::ffi::OsStrExt;
    use std::path::{Path, PathBuf};
    use std::process::exit;

    use criterion::Criterion;
    use onewinner::fs::Fs;
    use onewinner::fs::real::RealFs;
    use onewinner::primitive::{self, LockPrimitive};
    use tempfile::TempDir;

    use super::bare::{self, Bare};

    const VARIABLE: &str = "ONEWINNER_BENCH_DIRS";

    /// A fresh directory in each directory that was asked for.
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
                    // What was asked for and is not measured is an error; what merely is usual is not.
                    if asked.is_some() {
                        exit(2);
                    }
                }
            }
        }
        places
    }

    pub(super) fn measure(criterion: &mut Criterion) {
        for (parent, place) in places() {
            for primitive in primitive::ALL {
                let name = primitive.name();
                let bare =
                    bare::by_name(name).unwrap_or_else(|| panic!("tests/bodies/bare.rs lacks the calls of {name}"));
                let lock = place.path().join("lock");
                won(criterion, *primitive, bare, &parent, &lock);
                lost(criterion, *primitive, bare, &parent, &lock);
            }
        }
    }

    fn won(criterion: &mut Criterion, primitive: &dyn LockPrimitive, bare: &Bare, parent: &Path, lock: &Path) {
        let mut group = criterion.benchmark_group(format!("won {} {}", primitive.name(), parent.display()));
        let real = RealFs::new();
        let fs: &dyn Fs = &real;
        group.bench_function("layered", |bencher| {
            bencher.iter(|| {
                let held = primitive.try_acquire(fs, lock).expect("the lock is free");
                primitive.release(fs, lock, held).expect("the lock is held");
            });
        });
        let lock = c_string(lock);
        group.bench_function("bare", |bencher| {
            bencher.iter(|| {
                (bare.acquire)(&lock).expect("the lock is free");
                (bare.release)(&lock).expect("the lock is held");
            });
        });
        group.finish();
    }

    fn lost(criterion: &mut Criterion, primitive: &dyn LockPrimitive, bare: &Bare, parent: &Path, lock: &Path) {
        let mut group = criterion.benchmark_group(format!("lost {} {}", primitive.name(), parent.display()));
        let real = RealFs::new();
        let fs: &dyn Fs = &real;
        let held = primitive.try_acquire(fs, lock).expect("the lock is free");
        group.bench_function("layered", |bencher| {
            bencher.iter(|| primitive.try_acquire(fs, lock).expect_err("the lock is held"));
        });
        let named = c_string(lock);
        group.bench_function("bare", |bencher| {
            bencher.iter(|| (bare.acquire)(&named).expect_err("the lock is held"));
        });
        primitive.release(fs, lock, held).expect("the lock is held");
        group.finish();
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

criterion_group!(benches, acquire);
criterion_main!(benches);
