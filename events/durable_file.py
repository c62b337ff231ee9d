"""Lets a file that was written beside its place appear there, whole or not at all, whatever crashes."""

import os
from pathlib import Path


def appear(partial: Path, path: Path) -> None:
    """Give a file that is on the disk its name; it keeps the one it was written under.

    Args:
        partial: Where it was written, in the same folder.
        path: Its name; unlike a renaming, this does not replace what came there meanwhile.

    Raises:
        FileExistsError: Something stands there.
    """
    os.link(partial, path)
    sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Wait until the names in a folder are on the disk."""
    folder = os.open(path, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
