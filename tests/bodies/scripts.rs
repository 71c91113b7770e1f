//! Each shipped lock as a script of bare system calls, which `bare_program.rs` makes: what the layers are held against.
//!
//! Written down from the protocols, and not from the code. Does not depend on `Fs` or `LockPrimitive`.
//!
//! L is the lock, M the second lock next to it, T the contender's own file, X what was moved aside. A call that has to fail says
//! with what; one that may say either of two (rename over a full directory) says `full`.

/// What is at the lock's name before a stale lock is broken.
#[derive(Clone, Copy, PartialEq)]
pub(crate) enum Left {
    /// The lock of a holder that is gone, long ago.
    Lock,
    /// A file without an owner.
    EmptyFile,
    /// A directory without an owner.
    EmptyDirectory,
}

/// One lock.
pub(crate) struct Script {
    pub(crate) lock: &'static str,
    /// Acquire and release.
    pub(crate) won: &'static str,
    /// An attempt while another process holds.
    pub(crate) lost: &'static str,
    /// What is left, and how it is broken and taken; with the release.
    pub(crate) broken: Option<(Left, &'static str)>,
}

const fn script(lock: &'static str, won: &'static str, lost: &'static str) -> Script {
    Script {
        lock,
        won,
        lost,
        broken: None,
    }
}

const fn breaking(lock: &'static str, calls: [&'static str; 2], left: Left, broken: &'static str) -> Script {
    let [won, lost] = calls;
    Script {
        lock,
        won,
        lost,
        broken: Some((left, broken)),
    }
}

const CREATED: [&str; 2] = ["create L; close; unlink L", "create L = EEXIST; stat L"];
const BY_PID: [&str; 2] = ["symlink L; unlink L", "symlink L = EEXIST; readlink L; kill own"];
const FLOCK_LOST: &str = "open L; flock = EAGAIN; close";

/// The script of that lock.
pub(crate) fn by_name(lock: &str) -> Option<&'static Script> {
    ALL.iter().find(|script| script.lock == lock)
}

const ALL: &[Script] = &[
    script(
        "stat-then-write",
        "stat L = ENOENT; overwrite L; write locked\n; close; unlink L",
        "stat L",
    ),
    script("create-new", CREATED[0], "create L = EEXIST"),
    script(
        "create-new-owner",
        "create L; write P0; close; unlink L",
        "create L = EEXIST",
    ),
    breaking(
        "create-new-empty-stale",
        [
            "create L; write P0; close; unlink L",
            "create L = EEXIST; view L; read; close",
        ],
        Left::EmptyFile,
        "create L = EEXIST; view L; read; close; unlink L; create L; write P0; close; unlink L",
    ),
    script("absent-retry", CREATED[0], CREATED[1]),
    script("absent-as-stale", CREATED[0], CREATED[1]),
    script("mkdir", "mkdir L; rmdir L", "mkdir L = EEXIST"),
    script(
        "mkdir-owner",
        "mkdir L; make L/owner; write P0; close; unlink L/owner; rmdir L",
        "mkdir L = EEXIST",
    ),
    breaking(
        "mkdir-ownerless-stale",
        [
            "mkdir L; make L/owner; write P0; close; unlink L/owner; rmdir L",
            "mkdir L = EEXIST; rmdir L = full",
        ],
        Left::EmptyDirectory,
        "mkdir L = EEXIST; rmdir L; mkdir L; make L/owner; write P0; close; unlink L/owner; rmdir L",
    ),
    script(
        "rename-directory",
        "mkdir T; make T/owner; write P0; close; rename T L; unlink L/owner; rmdir L",
        "mkdir T; make T/owner; write P0; close; rename T L = full; unlink T/owner; rmdir T",
    ),
    script("symlink", BY_PID[0], "symlink L = EEXIST"),
    script(
        "link",
        "create T; write P0; close; link T L; stat T; unlink T; unlink L",
        "create T; write P0; close; link T L = EEXIST; stat T; unlink T",
    ),
    script(
        "rename-new",
        "create T; write P0; close; rename-new T L; unlink L",
        "create T; write P0; close; rename-new T L = EEXIST; unlink T",
    ),
    script(
        "rename-over",
        "stat L = ENOENT; create T; write P0; close; rename T L; unlink L",
        "stat L",
    ),
    script(
        "rename-over-read-back",
        "stat L = ENOENT; create T; write P0; close; rename T L; view L; read; close; unlink L",
        "stat L",
    ),
    script("flock", "open L; flock; close", FLOCK_LOST),
    script(
        "flock-unlink-unlock-first",
        "open L; flock; unlock; unlink L; close",
        FLOCK_LOST,
    ),
    script("flock-unlink-close-first", "open L; flock; close; unlink L", FLOCK_LOST),
    script("flock-unlink-close-last", "open L; flock; unlink L; close", FLOCK_LOST),
    script("flock-nlink", "open L; flock; fstat; unlink L; close", FLOCK_LOST),
    script(
        "flock-same-inode",
        "open L; flock; fstat; stat L; unlink L; close",
        FLOCK_LOST,
    ),
    script("flock-half-fix", "open L; flock; fstat; close; unlink L", FLOCK_LOST),
    script(
        "flock-tombstone",
        "open L; flock; fstat; unlink L; write d; close",
        FLOCK_LOST,
    ),
    script(
        "record-lock",
        "open L; record-lock; close",
        "open L; record-lock = EAGAIN; close",
    ),
    script(
        "ofd-lock",
        "open L; ofd-lock; close",
        "open L; ofd-lock = EAGAIN; close",
    ),
    script("pid-file", BY_PID[0], BY_PID[1]),
    breaking(
        "break-unlink",
        BY_PID,
        Left::Lock,
        "symlink L = EEXIST; readlink L; kill gone; unlink L; symlink L; unlink L",
    ),
    breaking(
        "break-unlink-inode",
        CREATED,
        Left::Lock,
        "create L = EEXIST; stat L; stat L; unlink L; create L; close; unlink L",
    ),
    breaking(
        "break-rename",
        BY_PID,
        Left::Lock,
        "symlink L = EEXIST; readlink L; kill gone; rename L X; unlink X; symlink L; unlink L",
    ),
    breaking(
        "break-rename-leave",
        BY_PID,
        Left::Lock,
        "symlink L = EEXIST; readlink L; kill gone; rename L X; readlink X; unlink X; symlink L; unlink L",
    ),
    breaking(
        "break-rename-restore",
        BY_PID,
        Left::Lock,
        "symlink L = EEXIST; readlink L; kill gone; rename L X; readlink X; unlink X; symlink L; unlink L",
    ),
    breaking(
        "break-rename-restore-inode",
        CREATED,
        Left::Lock,
        "create L = EEXIST; stat L; rename L X; stat X; unlink X; create L; close; unlink L",
    ),
    breaking(
        "break-mutex-blind",
        BY_PID,
        Left::Lock,
        "symlink L = EEXIST; readlink L; kill gone; open M; flock; unlink L; close; symlink L; unlink L",
    ),
    breaking(
        "break-mutex",
        BY_PID,
        Left::Lock,
        "symlink L = EEXIST; readlink L; kill gone; open M; flock; readlink L; unlink L; close; symlink L; unlink L",
    ),
    breaking(
        "break-mutex-file",
        BY_PID,
        Left::Lock,
        "symlink L = EEXIST; readlink L; kill gone; create M; close; readlink L; unlink L; unlink M; symlink L; unlink L",
    ),
    breaking(
        "lease-unlink",
        ["create L; write P0; close; unlink L", CREATED[1]],
        Left::Lock,
        "create L = EEXIST; stat L; unlink L; create L; write P0; close; unlink L",
    ),
    breaking(
        "lease-compare",
        ["create L; write P0; close; view L; read; close; unlink L", CREATED[1]],
        Left::Lock,
        "create L = EEXIST; stat L; unlink L; create L; write P0; close; view L; read; close; unlink L",
    ),
    breaking(
        "lease-rename",
        [
            "create L; write P0; close; rename L T; view T; read; close; unlink T",
            CREATED[1],
        ],
        Left::Lock,
        "create L = EEXIST; stat L; unlink L; create L; write P0; close; rename L T; view T; read; close; unlink T",
    ),
    breaking(
        "lease-mutex",
        [
            "create L; write P0; close; open M; flock-waiting; view L; read; close; unlink L; close",
            CREATED[1],
        ],
        Left::Lock,
        "create L = EEXIST; stat L; open M; flock; stat L; unlink L; close; \
         create L; write P0; close; open M; flock-waiting; view L; read; close; unlink L; close",
    ),
];
