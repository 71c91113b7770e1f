//! Two locks in ordinary Rust code, checked in a `#[test]`: `cargo test --example testing_function`.
//!
//! The first lock is a file that one system call creates, or fails to create; dropping the value releases it. The second is a
//! kernel lock of the standard library, on a file that is kept; a call releases it.
//!
//! If tracing is forbidden, `or_skip` prints so and lets the tests pass; without it they fail.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// The lock is held as long as the file exists.
struct NameLock {
    path: PathBuf,
}

impl NameLock {
    /// Tries once; the error `AlreadyExists` means that another process holds the lock.
    fn try_acquire(path: &Path) -> io::Result<Self> {
        File::create_new(path)?;
        Ok(Self { path: path.to_owned() })
    }
}

impl Drop for NameLock {
    fn drop(&mut self) {
        // A destructor cannot report an error; no other process removes the file.
        let _removed = fs::remove_file(&self.path);
    }
}

/// Tries once. The file is never removed: a new file of the same name would be another lock.
fn try_lock(path: &Path) -> Result<File, TryLockError> {
    let file = File::options().create(true).truncate(false).write(true).open(path);
    let file = file.map_err(TryLockError::Error)?;
    file.try_lock()?;
    Ok(file)
}

fn main() -> io::Result<()> {
    let directory = tempfile::tempdir()?;
    let _name = NameLock::try_acquire(&directory.path().join("name"))?;
    let _file = try_lock(&directory.path().join("file"))?;
    println!("both are acquired; to check the locks, run `cargo test --example testing_function`");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn my_lock_lets_one_in() {
        onewinner::explore(NameLock::try_acquire)
            .processes(2)
            .rounds(2)
            .run()
            .or_skip()
            .expect_holds();
    }

    #[test]
    fn a_lock_of_the_kernel_on_a_file_that_is_kept_lets_one_in() {
        onewinner::explore(try_lock)
            .release(|file| file.unlock())
            .processes(2)
            .run()
            .or_skip()
            .expect_holds();
    }
}
