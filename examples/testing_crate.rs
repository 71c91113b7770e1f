//! A lock of a crate from crates.io, [fs4](https://docs.rs/fs4), explored from a `#[test]`: `cargo test --example testing_crate`.
//!
//! It is flock(2) on a file. On a file that is kept it lets one in. With the file removed at the release it does not: who has
//! opened it before locks a file that has no name any more, beside the next one, who makes another.

use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};

use fs4::FileExt;

/// A file that is locked.
struct Locked {
    file: File,
    path: PathBuf,
}

fn try_acquire(path: &Path) -> io::Result<Locked> {
    let file = File::options().create(true).truncate(false).write(true).open(path)?;
    // By name: the standard library has a method that is called so too.
    FileExt::try_lock(&file)?;
    let path = path.to_owned();
    Ok(Locked { file, path })
}

impl Locked {
    fn unlock(self) -> io::Result<()> {
        FileExt::unlock(&self.file)
    }

    /// What many do, to leave no file behind.
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
    println!("it was held; `cargo test --example testing_crate` explores it");
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_is_kept_lets_one_in() {
        onewinner::explore(try_acquire)
            .release(Locked::unlock)
            .processes(3)
            .run()
            .or_skip()
            .expect_holds();
    }

    #[test]
    fn a_file_that_is_removed_lets_two_in() {
        onewinner::explore(try_acquire)
            .release(Locked::remove_and_unlock)
            .processes(3)
            .run()
            .or_skip()
            .expect_violation("mutual-exclusion");
    }
}
