//! Two locks of one's own, any Rust code, explored from a `#[test]`: `cargo test --example testing_function`.
//!
//! The first is a name that one system call makes or does not; it is given back on drop. The second is a lock of the kernel by
//! way of the standard library, on a file that is kept; it is given back by a call.
//!
//! Where processes may not be traced, `or_skip` says so and lets the tests pass; without it they fail.

use std::fs::{self, File, TryLockError};
use std::io;
use std::path::{Path, PathBuf};

/// Held as long as the file is there.
struct NameLock {
    path: PathBuf,
}

impl NameLock {
    /// `AlreadyExists` says that somebody else has it.
    fn try_acquire(path: &Path) -> io::Result<Self> {
        File::create_new(path)?;
        Ok(Self { path: path.to_owned() })
    }
}

impl Drop for NameLock {
    fn drop(&mut self) {
        // Nobody else removes it; and a destructor has nobody to tell.
        let _removed = fs::remove_file(&self.path);
    }
}

/// Held as long as the file is locked. It is never removed: another one of that name would be another lock.
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
    println!("both are held; `cargo test --example testing_function` explores them");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn my_lock_lets_one_in() {
        onewinner::explore(NameLock::try_acquire)
            .processes(3)
            .rounds(2)
            .run()
            .or_skip()
            .expect_holds();
    }

    #[test]
    fn a_lock_of_the_kernel_on_a_file_that_is_kept_lets_one_in() {
        onewinner::explore(try_lock)
            .release(|file| file.unlock())
            .processes(3)
            .run()
            .or_skip()
            .expect_holds();
    }
}
