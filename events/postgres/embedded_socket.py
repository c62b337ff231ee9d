"""The private folder in which an embedded Postgres listens."""

import os
import re
import tempfile
from contextlib import suppress
from pathlib import Path

from events.postgres.embedded_account import Account, give
from events.postgres.embedded_home import Home

PORT = 5432  # only a part of the socket's name
TEMPORARY = "lockstep-"
LAST_RESORT = "/tmp"  # noqa: S108 - only the parent of a folder with an unguessable name and mode 0700
PATH_BYTES = 103  # sockaddr_un holds 104 on macOS and 108 on Linux, the last one a zero
PLAIN_PATH = re.compile(r"[A-Za-z0-9_./-]+")  # a comma separates hosts in a URL and folders in Postgres' setting


def socket_folder(home: Home) -> Path:
    """Return the folder of the socket by a path that fits into a socket's address."""
    return Path(os.readlink(home.socket)) if home.socket.is_symlink() else home.socket  # noqa: PTH115 - text wanted


def make_socket_folder(home: Home, account: Account | None) -> Path:
    """Make the private folder of the socket, in the home if its path is short and plain enough."""
    remove_socket_folder(home)
    if _fits(home.socket):
        home.socket.mkdir(mode=0o700)
        made = home.socket
    else:
        made = Path(tempfile.mkdtemp(prefix=TEMPORARY, dir=_short_temporary_folder()))
        home.socket.symlink_to(made)
    give(made, account)
    return made


def remove_socket_folder(home: Home) -> None:
    """Remove the folder of a server that is gone; a folder with anything else in it stays."""
    folder = socket_folder(home)
    if folder.is_dir():
        for name in (f".s.PGSQL.{PORT}", f".s.PGSQL.{PORT}.lock"):
            (folder / name).unlink(missing_ok=True)
        with suppress(OSError):
            folder.rmdir()
    if home.socket.is_symlink():
        home.socket.unlink()


def _short_temporary_folder() -> str | None:
    usual = Path(tempfile.gettempdir())
    return None if _fits(usual / f"{TEMPORARY}12345678") else LAST_RESORT


def _fits(folder: Path) -> bool:
    path = os.fspath(folder / f".s.PGSQL.{PORT}.lock")
    return len(os.fsencode(path)) <= PATH_BYTES and PLAIN_PATH.fullmatch(path) is not None
