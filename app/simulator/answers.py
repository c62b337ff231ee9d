"""What the simulator answers, and how a fault refuses whatever was asked."""

import msgspec

from app.simulator.faults import Fault
from app.simulator.provider_keys import ProviderKey
from app.simulator.reasons import STATUS_OF_CHANNELS

Header = tuple[str, str]
JSON: Header = ("content-type", "application/json")

_LARGE_BODY_BYTES = 2**20
_HTML = b"<html><head><title>502 Bad Gateway</title></head><body><h1>Bad Gateway</h1></body></html>"
_encode = msgspec.json.Encoder().encode


class Answer(msgspec.Struct, frozen=True):
    """Hold an answer ready to be sent."""

    status: int
    headers: tuple[Header, ...]
    body: bytes = b""


class Handled(msgspec.Struct, frozen=True):
    """Say what became of a request.

    `answer` is `None` when there will be none; `key` is there when the provider token was good.
    """

    answer: Answer | None
    key: ProviderKey | None = None
    fault: Fault | None = None


def refused_by(fault: Fault, named: Header, *, died_ms: int | None = None) -> Answer | None:
    """Give the answer by which a fault refuses; `None` if it leaves the request unanswered.

    Args:
        fault: what goes wrong.
        named: the header by which the request is known.
        died_ms: since when a token is dead, for an answer of 410.
    """
    match fault.family, fault.detail:
        case "reason", str() as reason:
            status = fault.status or STATUS_OF_CHANNELS[reason]
            content: dict[str, str | int] = {"reason": reason}
            if status == 410 and died_ms is not None:
                content["timestamp"] = died_ms
            answer = Answer(status, (named, JSON), _encode(content))
        case "body", which:
            bodies = {"html": _HTML, "large": b"x" * _LARGE_BODY_BYTES}
            answer = Answer(fault.status or 502, (named,), bodies.get(which or "", b""))
        case _:
            return None
    if fault.retry_after_seconds is not None:
        retry_after = ("retry-after", str(fault.retry_after_seconds))
        answer = Answer(answer.status, (*answer.headers, retry_after), answer.body)
    return answer
