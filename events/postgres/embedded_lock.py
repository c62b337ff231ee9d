"""File locks that tell who starts and who still runs.

`flock` belongs to an open file, not to a process: a child that inherits the file keeps it locked. So the server itself
says that it lives, across process namespaces and without trust in a number that was written down before a crash.
"""

import asyncio
import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from events.postgres.embedded_home import Home, explained

POLL_SECONDS = 0.01


def try_server_lock(home: Home) -> int | None:
    """Take the lock of the server's processes and return its file; None says that one of them lives."""
    return _try_lock(home, os.fspath(home.server_lock))


def server_lives(home: Home) -> bool:
    """Tell whether any process of the server lives, be it a postmaster or an orphan."""
    lock = try_server_lock(home)
    if lock is None:
        return True
    os.close(lock)
    return False


@asynccontextmanager
async def starting(home: Home) -> AsyncIterator[None]:
    """Hold the lock of those who start or stop; others wait their turn."""
    while True:
        lock = _try_lock(home, os.fspath(home.start_lock))
        if lock is not None:
            break
        await asyncio.sleep(POLL_SECONDS)
    try:
        yield
    finally:
        os.close(lock)


def _try_lock(home: Home, path: str) -> int | None:
    import fcntl  # absent on Windows, where start() has already said so

    with explained(home):
        lock = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            os.close(lock)
            return None
        return lock
