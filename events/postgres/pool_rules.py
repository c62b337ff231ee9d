"""How long Postgres may keep a process waiting."""

from typing import Final

import msgspec


class PoolRules(msgspec.Struct, frozen=True, kw_only=True):
    """The patience of a pool.

    Attributes:
        statement: How long a statement may take, of the API and of the workers; replays and commands have 30 seconds.
        wait: How long to wait for a connection when all of the pool are in use.
    """

    statement: float = 30.0
    wait: float = 10.0


USUAL: Final = PoolRules()
"""Those of the profile `default`."""
