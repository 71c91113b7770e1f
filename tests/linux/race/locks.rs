//! Locks with one deliberate fault each.

use std::path::Path;
use std::time::Duration;

use onewinner_core::fs::{Errno, Fs, Mode, OpenFlags, ProcessId};
use onewinner_core::primitive::{AcquireError, CallError, CreateNew, Expectation, Held, LockPrimitive};

/// The fault.
#[derive(Clone, Copy)]
pub(crate) enum Fault {
    /// A loser sleeps for ever.
    LoserSleeps,
    /// A loser spins for ever.
    LoserSpins,
    /// The winner dies.
    WinnerDies,
    /// The winner panics.
    WinnerPanics,
    /// Every attempt fails.
    AllFail,
    /// Every attempt returns busy.
    NobodyWins,
    /// The release fails.
    ReleaseFails,
    /// Every attempt opens a file and does not close it.
    Forgets,
    /// No fault: every attempt checks that the four contenders are alive, and that the holder of a stale lock is not.
    None,
}

/// `create-new` with a fault.
pub(crate) struct Faulty(pub(crate) Fault);

impl LockPrimitive for Faulty {
    fn name(&self) -> &'static str {
        "faulty"
    }

    fn protocol(&self) -> &'static str {
        "as create-new, with a fault"
    }

    fn expectation(&self) -> Expectation {
        Expectation::ExactlyOneWinner
    }

    fn try_acquire(&self, fs: &dyn Fs, lock: &Path) -> Result<Held, AcquireError> {
        match self.0 {
            Fault::AllFail => return Err(CallError::when("create", lock)(Errno::EROFS).into()),
            Fault::NobodyWins => return Err(AcquireError::Busy),
            Fault::Forgets => drop(fs.open(Path::new("/dev/null"), OpenFlags::READ, Mode::FILE)),
            Fault::None => counted(fs).map_err(CallError::when("look around", lock))?,
            _ => {}
        }
        match (CreateNew.try_acquire(fs, lock), self.0) {
            (Err(_), Fault::LoserSleeps) => loop {
                std::thread::sleep(Duration::from_secs(1000));
            },
            (Err(_), Fault::LoserSpins) => loop {
                std::hint::spin_loop();
            },
            (Ok(_), Fault::WinnerDies) => std::process::abort(),
            (Ok(_), Fault::WinnerPanics) => panic!("the winner panics"),
            (result, _) => result,
        }
    }

    fn release(&self, fs: &dyn Fs, lock: &Path, held: Held) -> Result<(), CallError> {
        CreateNew.release(fs, lock, held)?;
        match self.0 {
            Fault::ReleaseFails => Err(CallError::when("remove", lock)(Errno::EIO)),
            _ => Ok(()),
        }
    }
}

fn counted(fs: &dyn Fs) -> Result<(), Errno> {
    for process in ProcessId::first(4) {
        fs.alive(process)?;
    }
    for absent in [ProcessId(4), ProcessId::GONE] {
        match fs.alive(absent) {
            Err(Errno::ESRCH) => {}
            _ => return Err(Errno::EEXIST),
        }
    }
    match fs.process() {
        ProcessId(0..4) => Ok(()),
        _ => Err(Errno::EINVAL),
    }
}
