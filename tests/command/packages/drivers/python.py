"""`python.py KIND LOCK`: one attempt by a lock of a Python package, as the documentation of the package shows it."""

import contextlib
import os
import sys


def say(line):
    print(line, flush=True)


def attempt(acquire, release, busy):
    """Acquires, holds until `release` is requested, and releases; the exception `busy` means that another process holds."""
    try:
        acquire()
    except busy:
        say("busy")
        return
    say("acquired")
    sys.stdin.readline()
    release()
    say("released")


def filelock_plain(lock):
    import filelock

    lock = filelock.FileLock(lock)
    attempt(lambda: lock.acquire(timeout=0), lock.release, filelock.Timeout)


def filelock_soft(lock):
    import filelock

    lock = filelock.SoftFileLock(lock)
    attempt(lambda: lock.acquire(timeout=0), lock.release, filelock.Timeout)


def filelock_wait(lock):
    import filelock

    lock = filelock.FileLock(lock, timeout=2)
    attempt(lock.acquire, lock.release, filelock.Timeout)


def fasteners_(lock):
    import fasteners

    lock = fasteners.InterProcessLock(lock)
    attempt(lambda: must(lock.acquire(blocking=False)), lock.release, Busy)


def portalocker_(lock):
    import portalocker

    lock = portalocker.Lock(lock, timeout=0, flags=portalocker.LOCK_EX | portalocker.LOCK_NB)
    attempt(lock.acquire, lock.release, portalocker.LockException)


def portalocker_temporary(lock):
    import portalocker

    lock = portalocker.TemporaryFileLock(lock, timeout=0)
    attempt(lock.acquire, lock.release, portalocker.LockException)


def zc_lockfile(lock):
    import zc.lockfile

    held = []
    attempt(lambda: held.append(zc.lockfile.LockFile(lock)), lambda: held[0].close(), zc.lockfile.LockError)


def pid_(lock):
    import pid

    lock = pid.PidFile(os.path.basename(lock), piddir=os.path.dirname(lock))
    attempt(lock.create, lock.close, pid.PidFileError)


def oslo(lock):
    from oslo_concurrency import lockutils

    stack = contextlib.ExitStack()
    held = lockutils.lock("job", external=True, lock_path=lock, blocking=False)
    attempt(lambda: stack.enter_context(held), stack.close, lockutils.AcquireLockFailedException)


def lockfile_link(lock):
    from lockfile import AlreadyLocked
    from lockfile.linklockfile import LinkLockFile

    lock = LinkLockFile(lock)
    attempt(lambda: lock.acquire(timeout=0), lock.release, AlreadyLocked)


def lockfile_mkdir(lock):
    from lockfile import AlreadyLocked
    from lockfile.mkdirlockfile import MkdirLockFile

    lock = MkdirLockFile(lock)
    attempt(lambda: lock.acquire(timeout=0), lock.release, AlreadyLocked)


def lockfile_pid(lock):
    from lockfile import AlreadyLocked
    from lockfile.pidlockfile import PIDLockFile

    lock = PIDLockFile(lock)
    attempt(lambda: lock.acquire(timeout=0), lock.release, AlreadyLocked)


def flufl(lock):
    import flufl.lock

    lock = flufl.lock.Lock(lock, lifetime=600)
    attempt(lambda: lock.lock(timeout=0), lock.unlock, flufl.lock.TimeOutError)


def psutil_pid(lock):
    import psutil

    def acquire():
        try:
            text = open(lock).read()
        except FileNotFoundError:
            text = ""
        if text and psutil.pid_exists(int(text)):
            raise Busy
        with open(lock, "w") as file:
            file.write(str(os.getpid()))

    attempt(acquire, lambda: os.unlink(lock), Busy)


def mkdir(lock):
    """The lock of the kinds below, which are about what a program does beside it."""
    attempt(lambda: os.mkdir(lock), lambda: os.rmdir(lock), FileExistsError)


def urllib3_(lock):
    import urllib3

    urllib3.PoolManager()
    mkdir(lock)


def requests_(lock):
    import requests

    requests.Session()
    mkdir(lock)


def uuid_(lock):
    """A name of its own by `uuid.uuid1`, then a link to it."""
    import uuid

    link(lock, f"{lock}.{uuid.uuid1()}")


def uuid4(lock):
    import uuid

    link(lock, f"{lock}.{uuid.uuid4()}")


def pid_name(lock):
    link(lock, f"{lock}.{os.getpid()}")


def mkstemp(lock):
    import tempfile

    descriptor, name = tempfile.mkstemp(dir=os.path.dirname(lock))
    os.close(descriptor)
    link(lock, name)


def link(lock, name):
    """Makes the file `name` and a second link to it, which is the lock."""

    def acquire():
        with open(name, "w") as file:
            file.write("held\n")
        try:
            os.link(name, lock)
        finally:
            os.unlink(name)

    attempt(acquire, lambda: os.unlink(lock), FileExistsError)


def asyncio_(lock):
    import asyncio

    async def main():
        mkdir(lock)

    asyncio.run(main())


def asyncio_thread(lock):
    """The call that may wait is in a thread of the pool, as programs of asyncio do it."""
    import asyncio

    async def main():
        try:
            await asyncio.to_thread(os.mkdir, lock)
        except FileExistsError:
            say("busy")
            return
        say("acquired")
        await asyncio.to_thread(sys.stdin.readline)
        await asyncio.to_thread(os.rmdir, lock)
        say("released")

    asyncio.run(main())


def asyncio_filelock(lock):
    import asyncio

    import filelock

    async def main():
        own = filelock.AsyncFileLock(lock)
        try:
            await own.acquire(timeout=0)
        except filelock.Timeout:
            say("busy")
            return
        say("acquired")
        sys.stdin.readline()
        await own.release()
        say("released")

    asyncio.run(main())


class Busy(Exception):
    """Another process holds the lock."""


def must(acquired):
    if not acquired:
        raise Busy


kind, lock = sys.argv[1:]
globals()[kind](lock)
