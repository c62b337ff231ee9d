"""Where an embedded Postgres keeps its things, and what is wrong when it cannot.

<data directory>/
  start.lock     held while somebody starts or stops the server
  server.lock    inherited by the server: held as long as one of its processes lives
  postgres.log   what initdb and the server said
  data/          the cluster, owned by the account that runs the server
  socket         the private folder of the socket, or a link to it where the path would be too long
"""

import errno
import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from events.errors import EmbeddedPostgresError

MAJOR = "18"
OTHER_SERVER = "Or set LOCKSTEP_DATABASE_URL to a Postgres of your own."
LOG_LIMIT_BYTES = 4 * 1024 * 1024
TAIL_BYTES = 3000
FULL_BYTES = 1024 * 1024


@dataclass(frozen=True)
class Home:
    """The folder that a caller named, and the names in it."""

    path: Path

    @property
    def data(self) -> Path:
        """The cluster: what Postgres calls its data directory."""
        return self.path / "data"

    @property
    def socket(self) -> Path:
        """The folder of the socket, or a link to it."""
        return self.path / "socket"

    @property
    def log_file(self) -> Path:
        """The server's own words."""
        return self.path / "postgres.log"

    @property
    def start_lock(self) -> Path:
        """The lock that starters and stoppers take in turns."""
        return self.path / "start.lock"

    @property
    def server_lock(self) -> Path:
        """The lock that every process of the server holds."""
        return self.path / "server.lock"

    @property
    def mark(self) -> str:
        """Name the cluster in the titles of its processes: no two living servers share an inode."""
        status = self.data.stat()
        return f"lockstep-{status.st_dev:x}-{status.st_ino:x}"


def home_at(directory: Path) -> Home:
    """Name the home in `directory`, as an absolute path."""
    return Home(Path(os.path.abspath(directory.expanduser())))  # noqa: PTH100 - resolve() would follow links


def make_home(home: Home) -> None:
    """Make the folder, and the folders above it, where they are missing."""
    with explained(home):
        home.path.mkdir(parents=True, exist_ok=True)
        foreign = (home.path / "PG_VERSION").exists()
    if foreign:
        raise EmbeddedPostgresError(
            f"{home.path} is itself the data directory of some Postgres. Choose another folder. {OTHER_SERVER}"
        )


def has_cluster(home: Home) -> bool:
    """Tell whether a cluster was made here; one that initdb did not finish does not count."""
    with explained(home):
        return home.data.exists()


def check_cluster(home: Home) -> None:
    """See that `data/` is a cluster which this Postgres can open and this user may open.

    Raises:
        EmbeddedPostgresError: It is not.
    """
    with explained(home):
        owner = home.data.stat().st_uid
        if os.geteuid() not in {0, owner}:
            raise EmbeddedPostgresError(
                f"{home.data} belongs to the user with id {owner}. Run as that user, or choose another folder. "
                f"{OTHER_SERVER}"
            )
        if os.geteuid() == 0 and owner == 0:
            raise EmbeddedPostgresError(
                f"{home.data} belongs to root, and Postgres refuses to run as root. Give the folder to the user "
                f"who made it, or choose another one. {OTHER_SERVER}"
            )
        try:
            version = (home.data / "PG_VERSION").read_text(encoding="utf-8").strip()
        except FileNotFoundError as error:
            raise EmbeddedPostgresError(
                f"{home.data} is not a Postgres cluster: PG_VERSION is missing. Move the folder away, or choose "
                f"another one. {OTHER_SERVER}"
            ) from error
    if version != MAJOR:
        raise EmbeddedPostgresError(
            f"{home.data} was made by Postgres {version}, and this is Postgres {MAJOR}. Dump it with the old version "
            f"and restore it here, or choose another folder. {OTHER_SERVER}"
        )


@contextmanager
def explained(home: Home) -> Iterator[None]:
    """Turn an error of the file system into one that says the cure.

    Raises:
        EmbeddedPostgresError: The body raised an OSError.
    """
    try:
        yield
    except OSError as error:
        where = error.filename or home.path
        match error.errno:
            case errno.ENOSPC | errno.EDQUOT:
                cause, cure = f"The disk that holds {where} is full.", "Free some space, or choose another folder."
            case errno.EACCES | errno.EPERM | errno.EROFS | errno.ENOTDIR:
                cause = f"{where} cannot be written: {error.strerror}."
                cure = "Choose a folder that this user may write."
            case _:
                cause, cure = f"{where} cannot be used: {error.strerror}.", "Choose another folder."
        raise EmbeddedPostgresError(f"{cause} {cure} {OTHER_SERVER}") from error


def open_log(home: Home) -> int:
    """Open the log for appending; it starts anew once it has grown past 4 MiB."""
    with explained(home):
        log = os.open(home.log_file, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_NOFOLLOW, 0o600)
        if os.fstat(log).st_size > LOG_LIMIT_BYTES:
            os.ftruncate(log, 0)
        return log


def log_tail(home: Home, *, since: int) -> str:
    """Read the end of what was logged after the first `since` bytes."""
    try:
        with home.log_file.open("rb") as log:
            size = log.seek(0, os.SEEK_END)
            log.seek(max(since, size - TAIL_BYTES) if size >= since else 0)
            return log.read(TAIL_BYTES).decode(errors="replace").strip()
    except OSError as error:
        return f"(its log cannot be read: {error.strerror})"


def unable(home: Home, what: str, *, said: str) -> EmbeddedPostgresError:
    """Say what failed, with the program's last words and the cure that they suggest."""
    # initdb and a server that does not come up have no SQLSTATE to offer, only words (LC_ALL is C);
    # and on a full disk the log has not even those
    with explained(home):
        free_bytes = shutil.disk_usage(home.path).free
    if "No space left on device" in said or free_bytes < FULL_BYTES:
        cure = f"The disk that holds {home.path} is full: free some space, or choose another folder."
    elif "Permission denied" in said:
        cure = "The account that runs Postgres lacks a permission: choose another folder."
    else:
        cure = f"Its last words below say why; to begin with an empty store, move {home.path} away."
    return EmbeddedPostgresError(f"{what} {cure} {OTHER_SERVER}\n{said[-TAIL_BYTES:]}")
