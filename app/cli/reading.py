"""Notes that a command shows personal values, before it does."""

import getpass
import os
import socket
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from app.cli.database import Database


async def note_read(database: "Database", what: str, order_id: str) -> None:
    """Write that somebody at the command line is about to see personal values of an order.

    Raises:
        StoreUnavailableError: It cannot be written; nothing is to be shown then.
    """
    from app.access.personal_reads import PersonalReads

    reads = PersonalReads(database.pool)
    reads.note(operator(), what, order_id)
    await reads.write()


def operator() -> str:
    """Name who runs a command: the account, as the system says, and the machine."""
    try:
        account = getpass.getuser()
    except (OSError, KeyError):  # a container may run as a number that has no name
        account = str(os.getuid())
    return f"{account}@{socket.gethostname()}"
