//! The number of an exploration in its test, and the role of this process in it.
//!
//! A test may contain several explorations, even in a loop. A process that it starts for one of them also reaches the earlier
//! ones, and skips them. So each thread counts the explorations that it has reached: the number is the same in all processes
//! of the test.

use std::cell::RefCell;

use onewinner_linux::tracer::program::re_exec::{ReExecError, Role, Test, role};

thread_local! {
    /// The last test of this thread that reached an exploration, and how many it has reached. libtest reuses threads.
    static REACHED: RefCell<Option<(String, usize)>> = const { RefCell::new(None) };
}

/// The role of this process in an exploration.
#[derive(Debug)]
pub(super) enum Entry {
    /// This process is the test itself, which explores.
    Explore {
        /// The test.
        test: Test,
        /// The number of the exploration in it, from 0.
        place: usize,
    },
    /// The test started this process for this exploration.
    Serve {
        /// The work to do.
        role: Role,
        /// The test.
        test: Test,
    },
    /// The test started this process for another exploration.
    Skip,
}

/// Registers that the test reached an exploration; `lock` is the name of the lock, unless it is a function.
///
/// # Errors
///
/// If this thread does not run a test.
pub(super) fn enter(lock: Option<&str>) -> Result<Entry, ReExecError> {
    let test = Test::of_this_thread()?;
    let place = REACHED.with_borrow_mut(|before| {
        let place = match before {
            Some((name, count)) if *name == test.name => *count,
            _ => 0,
        };
        *before = Some((test.name.clone(), place + 1));
        place
    });
    Ok(entry_of(role(), test, place, lock))
}

fn entry_of(role: Option<Role>, test: Test, place: usize, lock: Option<&str>) -> Entry {
    let Some(role) = role else {
        return Entry::Explore { test, place };
    };
    let wanted = match &role {
        Role::Contender { place: wanted, .. } | Role::Worker { place: wanted } => lock.is_none() && *wanted == place,
        Role::Race { place: wanted, .. } => *wanted == place,
        Role::Knowing { lock: wanted } => lock == Some(wanted),
    };
    if wanted {
        Entry::Serve { role, test }
    } else {
        Entry::Skip
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_process_serves_the_exploration_that_it_was_started_for_and_skips_the_others() {
        let test = || Test::of_this_thread().unwrap();
        let worker = |place| Some(Role::Worker { place });
        let knowing = || {
            Some(Role::Knowing {
                lock: "mine".to_owned(),
            })
        };
        for (role, place, lock, serves) in [
            (worker(1), 0, None, false),
            (worker(1), 1, None, true),
            (worker(1), 1, Some("mine"), false),
            (knowing(), 0, Some("mine"), true),
            (knowing(), 5, Some("mine"), true),
            (knowing(), 0, Some("yours"), false),
            (knowing(), 0, None, false),
        ] {
            let entry = entry_of(role.clone(), test(), place, lock);
            assert_eq!(
                matches!(entry, Entry::Serve { .. }),
                serves,
                "{role:?} {place} {lock:?}"
            );
        }
        assert!(matches!(
            entry_of(None, test(), 3, None),
            Entry::Explore { place: 3, .. }
        ));
    }

    #[test]
    fn explorations_of_a_test_are_counted() {
        for number in 0..3 {
            assert!(matches!(enter(None).unwrap(), Entry::Explore { place, .. } if place == number));
        }
    }
}
