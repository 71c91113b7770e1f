//! Sleep until a word of shared memory changes: [futex(2)](https://man7.org/linux/man-pages/man2/futex.2.html).
//!
//! Without `FUTEX_PRIVATE_FLAG`: the word is shared by processes, and the kernel must find the page behind the address.
//! The caller checks the word again after each sleep.

use std::sync::atomic::AtomicU32;
use std::time::Duration;

/// Sleeps while `word` is `expected`, at most `limit`. May return earlier, for a signal or without a reason.
pub fn wait(word: &AtomicU32, expected: u32, limit: Duration) {
    let timeout = libc::timespec {
        tv_sec: libc::time_t::try_from(limit.as_secs()).unwrap_or(libc::time_t::MAX),
        tv_nsec: limit.subsec_nanos().into(),
    };
    // SAFETY: the word and the timeout are borrowed for the whole call; the kernel only reads them. Every error (the word
    // changed, time ran out, a signal came) means "check again", which the caller does anyway.
    unsafe {
        libc::syscall(
            libc::SYS_futex,
            word.as_ptr(),
            libc::FUTEX_WAIT,
            expected,
            &raw const timeout,
        );
    }
}

/// Wakes all processes that sleep on `word`.
pub fn wake_all(word: &AtomicU32) {
    // SAFETY: the kernel uses the address as a key only and does not touch what is there.
    unsafe {
        libc::syscall(libc::SYS_futex, word.as_ptr(), libc::FUTEX_WAKE, i32::MAX);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;
    use std::time::Instant;

    use super::*;

    #[test]
    fn a_wait_ends_immediately_if_the_word_changed_and_at_the_limit_if_it_did_not() {
        let word = AtomicU32::new(1);
        let began = Instant::now();
        wait(&word, 0, Duration::from_secs(60));
        assert!(began.elapsed() < Duration::from_secs(30));
        wait(&word, 1, Duration::from_millis(5));
        assert!(began.elapsed() < Duration::from_secs(30));
    }

    #[test]
    fn a_sleeper_is_woken() {
        let word = AtomicU32::new(0);
        std::thread::scope(|scope| {
            scope.spawn(|| {
                while word.load(Ordering::Acquire) == 0 {
                    wait(&word, 0, Duration::from_secs(60));
                }
            });
            word.store(1, Ordering::Release);
            wake_all(&word);
        });
    }
}
