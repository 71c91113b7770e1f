//! A lock of a crate from crates.io, [fs4](https://docs.rs/fs4), checked in a `#[test]`: `cargo test --example testing_crate`.
//!
//! The lock is flock(2) on a file. If the file is kept, it lets only one process in. If the release removes the file, it lets
//! two in: one process has opened the old file and locks it, while another creates and locks a new one.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use fs4::FileExt;

/// A locked file.
struct Locked {
    file: File,
    path: PathBuf,
}

fn try_acquire(path: &Path) -> io::Result<Locked> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    // With the name of the trait, because `File` has a method of the same name.
    FileExt::try_lock(&file)?;
    let path = path.to_owned();
    Ok(Locked { file, path })
}

impl Locked {
    fn unlock(self) -> io::Result<()> {
        FileExt::unlock(&self.file)
    }

    /// A common mistake: removes the file, to leave none behind.
    fn remove_and_unlock(self) -> io::Result<()> {
        fs::remove_file(&self.path)?;
        self.unlock()
    }
}

fn main() -> io::Result<()> {
    let directory = tempfile::tempdir()?;
    let lock = directory.path().join("lock");
    try_acquire(&lock)?.unlock()?;
    try_acquire(&lock)?.remove_and_unlock()?;
    println!("acquired and released; to check the lock, run `cargo test --example testing_crate`");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_kept_lets_one_in() {
        onewinner::explore(try_acquire)
            .release(Locked::unlock)
            .processes(2)
            .run()
            .or_skip()
            .expect_holds();
    }

    #[test]
    fn a_file_that_is_removed_lets_two_in() {
        onewinner::explore(try_acquire)
            .release(Locked::remove_and_unlock)
            .processes(2)
            .run()
            .or_skip()
            .expect_violation("mutual-exclusion");
    }
}
