//! `seed create-new|stat-then-write LOCK`: the two locks that onewinner began with, in Rust with its standard library alone.
//!
//! create-new is right: one system call makes the file or fails. stat-then-write is wrong: two that look before either writes
//! both find nothing.

use std::fs::{self, File};
use std::io::{self, ErrorKind};

fn acquire(name: &str, lock: &str) -> io::Result<()> {
    if name == "create-new" {
        File::create_new(lock)?;
        return Ok(());
    }
    if fs::exists(lock)? {
        return Err(ErrorKind::AlreadyExists.into());
    }
    fs::write(lock, "locked\n")
}

fn main() -> io::Result<()> {
    let arguments: Vec<String> = std::env::args().collect();
    let [_, name, lock] = &arguments[..] else {
        return Err(io::Error::other("usage: seed create-new|stat-then-write LOCK"));
    };
    match acquire(name, lock) {
        Ok(()) => println!("acquired"),
        Err(error) if error.kind() == ErrorKind::AlreadyExists => {
            println!("busy");
            return Ok(());
        }
        Err(error) => {
            println!("error {error}");
            return Ok(());
        }
    }
    io::stdin().read_line(&mut String::new())?;
    match fs::remove_file(lock) {
        Err(error) if error.kind() != ErrorKind::NotFound => return Err(error),
        _ => println!("released"),
    }
    Ok(())
}
