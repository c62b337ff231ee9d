"""Which account runs Postgres, and how a child becomes it.

Postgres refuses to run as root. As root we run it as an unprivileged account, and hand it open folders instead of
paths: `/proc/self/fd/N` reaches a folder below a parent that the account may not enter, such as /root. So no parent
loosens its permissions and the data stays where it was wanted.
"""

import errno
import os
import subprocess
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from events.errors import EmbeddedPostgresError
from events.postgres.embedded_home import OTHER_SERVER, Home

UNPRIVILEGED_ID = 65534  # what the kernel calls the overflow id, and most systems call nobody


@dataclass(frozen=True)
class Account:
    """A user and a group, by number."""

    user_id: int
    group_id: int


def server_account(home: Home) -> Account | None:
    """Choose the account for the server; None stands for the account that we already are.

    The owner of an existing cluster stays its owner, whoever is in the list of users today.
    """
    if os.geteuid() != 0:
        return None
    if home.data.exists():
        status = home.data.stat()
        return Account(status.st_uid, status.st_gid)
    import pwd  # absent on Windows, where start() has already said so

    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return Account(entry.pw_uid, entry.pw_gid)
    return Account(UNPRIVILEGED_ID, UNPRIVILEGED_ID)


def give(path: Path, account: Account | None) -> None:
    """Give a folder that we have just made to the account."""
    if account is None:
        return
    try:
        os.chown(path, account.user_id, account.group_id)
    except OSError as error:
        raise _cannot_change(error) from error


def seen_by(account: Account | None, path: Path, descriptor: int) -> str:
    """Name a folder as the server sees it: by its open file where the account might not reach the path."""
    if account is not None and sys.platform == "linux":
        return f"/proc/self/fd/{descriptor}"
    return os.fspath(path)


def spawn(
    command: Sequence[str], account: Account | None, *, output: int, inherit: Sequence[int] = ()
) -> subprocess.Popen[bytes]:
    """Start a child as the account, in a session of its own so that Ctrl-C in our terminal does not reach it.

    Args:
        command: The program and its arguments.
        account: None for our own.
        output: An open file, or subprocess.PIPE, for what the child says.
        inherit: Open files that the child keeps under the same numbers.

    Raises:
        PermissionError: The account cannot read the program.
        EmbeddedPostgresError: We may not change the account, or the program does not run on this platform.
    """
    # libpq's and Postgres' own PG… variables of the parent must not steer our server
    environment = {"PATH": "/usr/bin:/bin:/usr/sbin:/sbin", "LC_ALL": "C", "TZ": "UTC"}
    if "LD_LIBRARY_PATH" in os.environ:
        environment["LD_LIBRARY_PATH"] = os.environ["LD_LIBRARY_PATH"]
    try:
        return subprocess.Popen(  # noqa: S603 - our own programs with our own arguments, no shell
            command,
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=subprocess.STDOUT,
            pass_fds=inherit,
            start_new_session=True,
            cwd="/",
            env=environment,
            umask=0o077,
            user=None if account is None else account.user_id,
            group=None if account is None else account.group_id,
            extra_groups=None if account is None else [],
        )
    except OSError as error:
        if account is not None and error.errno in {errno.EPERM, errno.EINVAL}:
            raise _cannot_change(error) from error
        if error.errno in {errno.ENOENT, errno.ENOEXEC}:
            raise EmbeddedPostgresError(
                f"{command[0]} does not run on this platform: {error.strerror}. {OTHER_SERVER}"
            ) from error
        raise


def _cannot_change(error: OSError) -> EmbeddedPostgresError:
    return EmbeddedPostgresError(
        "Postgres refuses to run as root, and this root may not become another user "
        f"({error.strerror}; a container without CAP_SETUID, CAP_SETGID or CAP_CHOWN). "
        f"Run Lockstep as an ordinary user. {OTHER_SERVER}"
    )
