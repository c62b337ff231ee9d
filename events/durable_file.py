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
    folder = os.open(path.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)
