"""Run one process of Lockstep that stops at a place and stays there, with whatever it holds by then.

python -m tests.faults.held PLACE

`after_claim`: cards under a lease. `after_write`: views written in an open transaction, with the locks of their slots.
`while_reading`: the same locks, while Postgres sends the events and nobody takes them.
"""

import asyncio
import sys
from collections.abc import Callable, Sequence
from typing import Any, Final

from projections.card_store import CardStore
from projections.view_store import ViewStore
from tests.faults.process import run

HELD: Final = b"held\n"


def _say_so() -> None:
    sys.stdout.buffer.write(HELD)
    sys.stdout.buffer.flush()


def _stay_after(owner: type, name: str) -> None:
    original = getattr(owner, name)

    async def stay(*args: Any, **named: Any) -> Any:
        done = await original(*args, **named)
        if done:
            _say_so()
            await asyncio.Event().wait()
        return done

    setattr(owner, name, stay)


def _take_nothing() -> None:
    original = ViewStore.read_work

    async def read(store: ViewStore, connection: Any, subject_ids: Sequence[str], vocabulary: Sequence[str]) -> Any:
        # once for nothing: a statement that is not yet prepared would wait for us, and Postgres would not send
        await original(store, connection, [], vocabulary)
        connection._con._transport.pause_reading()
        _say_so()
        return await original(store, connection, subject_ids, vocabulary)

    setattr(ViewStore, ViewStore.read_work.__name__, read)


PLACES: Final[dict[str, Callable[[], None]]] = {
    "after_claim": lambda: _stay_after(CardStore, "claim"),
    "after_write": lambda: _stay_after(ViewStore, "write"),
    "while_reading": _take_nothing,
}


if __name__ == "__main__":
    PLACES[sys.argv[1]]()
    sys.exit(asyncio.run(run()))
