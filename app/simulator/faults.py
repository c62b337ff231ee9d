"""Hold the faults that wait for the next requests.

A fault is a rule by name:

- `reason:<Reason>`: answer so, without processing.
- `slow`: process at once, answer `seconds` later.
- `never_answers`: neither process nor answer; the stream stays open.
- `reset`: refuse the stream (REFUSED_STREAM), without processing.
- `cut_after_processing`: process, then close the connection before the answer.
- `goaway`: process and answer, but announce before the answer that no later stream will be served.
- `goaway:<Reason>`: process nothing that is open; say so with last stream id 0 and the reason, and close.

A later kind of fault is one more name here and one more branch in `connection.py`.
"""

from collections.abc import Sequence

import msgspec

from app.simulator.errors import SimulatorError
from app.simulator.reasons import STATUS_OF

PLAIN_NAMES = ("slow", "never_answers", "reset", "cut_after_processing", "goaway")


class Fault(msgspec.Struct, frozen=True, rename="camel", forbid_unknown_fields=True):
    """Say what goes wrong with the next requests.

    `status` overrides the status that belongs to a reason, for reasons Apple does not list; `timestamp_ms`
    goes with 410.
    """

    name: str
    times: int = 1
    token: str | None = None
    seconds: float = 1.0
    status: int | None = None
    timestamp_ms: int | None = None

    @property
    def reason(self) -> str | None:
        """Give the reason a `reason:` or `goaway:` fault names."""
        _, separator, reason = self.name.partition(":")
        return reason if separator else None

    @property
    def kind(self) -> str:
        """Give the name without its reason."""
        return self.name.partition(":")[0]


class Faults:
    """Hand out waiting faults, first come first served; a rule with `times` requests left serves as many."""

    def __init__(self) -> None:
        self._waiting: list[Fault] = []

    @property
    def waiting(self) -> Sequence[Fault]:
        """Give the faults not yet used up, with the times left."""
        return tuple(self._waiting)

    def add(self, fault: Fault) -> None:
        """Let the fault wait for requests.

        Raises:
            SimulatorError: nothing goes wrong by that name.
        """
        known_reason = fault.status is not None or fault.reason in STATUS_OF
        if not (
            fault.name in PLAIN_NAMES
            or (fault.kind == "reason" and known_reason)
            or (fault.kind == "goaway" and fault.reason)
        ):
            raise SimulatorError(f"no fault is called {fault.name!r}; known: {', '.join(PLAIN_NAMES)}, reason:<Reason>")
        if fault.times < 1:
            raise SimulatorError("a fault happens at least once")
        token = None if fault.token is None else fault.token.lower()
        self._waiting.append(msgspec.structs.replace(fault, token=token))

    def clear(self) -> None:
        """Forget all waiting faults."""
        self._waiting.clear()

    def take(self, token: str | None) -> Fault | None:
        """Give the first fault that waits for a request to this token, and count it."""
        for place, fault in enumerate(self._waiting):
            if fault.token is None or fault.token == token:
                left = fault.times - 1
                if left:
                    self._waiting[place] = msgspec.structs.replace(fault, times=left)
                else:
                    del self._waiting[place]
                return fault
        return None
