"""What each type of event does to a card, as `docs/projection.md` lists it."""

from collections.abc import Callable
from typing import Any, Final

import msgspec

TERMINAL: Final = frozenset({"delivered", "cancelled", "failed"})
ENDS_FOR_GOOD: Final = frozenset({"cancelled", "failed"})
"""What may still replace a terminal status, if it is later."""


class Step(msgspec.Struct, frozen=True):
    """One row of a table of steps. Its functions are for cards of one's own; they see no personal values.

    Attributes:
        status: the status it leads to; None if it leads to none.
        progress_percent: how far the subject is; 0 adds nothing to what was reached.
        rank: of its alert, 1 (weak) to 3; 0 if it makes none by itself.
        terminal: whether the subject is over with it.
        line: the name of its line in the history; that of the status if None.
        when_over: whether it counts even once the subject is over, as a note does; it never changes the status then.
        rank_of: gives the rank, from the state before the fact, and the fact.
        progress_of: gives the progress, from the fact.
        key_of: gives what tells its lines of history apart, from the fact; without it there is one line.
    """

    status: str | None = None
    progress_percent: int = 0
    rank: int = 0
    terminal: bool = False
    line: str | None = None
    when_over: bool = False
    rank_of: Callable[[Any, Any], int] | None = None
    progress_of: Callable[[Any], int] | None = None
    key_of: Callable[[Any], str] | None = None


STEPS: Final[dict[str, Step]] = {
    "order.placed": Step("placed", 0, 2),
    "order.accepted": Step("accepted", 15),
    "order.preparing": Step("preparing", 30),
    "order.ready": Step("ready", 50, 1),
    "order.courier_assigned": Step("courier_assigned", 60, 1),
    "order.picked_up": Step("picked_up", 75, 1),
    "order.courier_arriving": Step("courier_arriving", 90, 3),
    "order.eta_changed": Step(None),
    "order.rescheduled": Step(None, 0, 1),
    "order.delayed": Step("delayed", 0, 2),
    "order.delivered": Step("delivered", 100, 3, terminal=True),
    "order.cancelled": Step("cancelled", 0, 3, terminal=True),
    "order.failed": Step("failed", 0, 3, terminal=True),
    "order.note": Step(None),
    "order.erased": Step(None),
}
