"""Answer requests: take a waiting fault, judge by Apple's rules, hand accepted pushes on, keep a record."""

from collections.abc import Callable
from uuid import uuid4

import msgspec

from app.simulator.clock import Clock
from app.simulator.device_tokens import DeviceTokens, Environment
from app.simulator.faults import Fault, Faults
from app.simulator.provider_keys import ProviderKey, ProviderKeys
from app.simulator.pushes import PushLog, ReceivedPush
from app.simulator.reasons import STATUS_OF
from app.simulator.rules import Push, Refusal, Request, Verdict, judge, token_in

Header = tuple[str, str]
_UNPROCESSED = frozenset({"never_answers", "reset"})


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


class Desk:
    """Decide every request of every connection.

    Args:
        clock: the simulator's time.
        keys: the registered provider keys.
        tokens: the virtual phones' tokens.
        faults: what is to go wrong.
        log: where each request is recorded.
        deliver: passes an accepted push on to its phone.
        changed: is told after each request.
    """

    def __init__(
        self,
        *,
        clock: Clock,
        keys: ProviderKeys,
        tokens: DeviceTokens,
        faults: Faults,
        log: PushLog,
        deliver: Callable[[Push], None],
        changed: Callable[[], None],
    ) -> None:
        self._clock, self._keys, self._tokens, self._faults = clock, keys, tokens, faults
        self._log, self._deliver, self._changed = log, deliver, changed

    def handle(self, request: Request, *, environment: Environment | None, bound_to: ProviderKey | None) -> Handled:
        """Answer one request, or say that it stays unanswered.

        Args:
            request: what came.
            environment: the one the address serves; `None` serves both.
            bound_to: the provider key the connection belongs to.
        """
        now = self._clock()
        token = token_in(next((value for name, value in request.headers if name == ":path"), ""))
        fault = self._faults.take(token)
        if fault is not None and _leaves_unprocessed(fault):
            return self._refuse_by(fault, request, token, now)
        verdict = judge(
            request,
            environment=environment,
            keys=self._keys,
            tokens=self._tokens,
            bound_to=bound_to,
            new_id=_new_id,
            now=now,
        )
        status = 200 if isinstance(verdict.outcome, Push) else STATUS_OF[verdict.outcome.reason]
        self._log.add(_record(verdict, status, request, token, fault, now))
        if isinstance(verdict.outcome, Push):
            self._deliver(verdict.outcome)
        self._changed()
        return Handled(_answer(verdict, status), verdict.key, fault)

    def _refuse_by(self, fault: Fault, request: Request, token: str | None, now: float) -> Handled:
        apns_id = dict(request.headers).get("apns-id") or _new_id()
        reason = fault.reason if fault.kind == "reason" else None
        status = (fault.status or STATUS_OF[reason]) if reason else None
        self._log.add(ReceivedPush(now, apns_id, token, status, reason, fault=fault.name))
        self._changed()
        if status is None or reason is None:
            return Handled(None, fault=fault)
        died = (fault.timestamp_ms or int(now * 1000)) if status == 410 else None
        return Handled(_answer(Verdict(apns_id, Refusal(reason, died)), status), fault=fault)


def _leaves_unprocessed(fault: Fault) -> bool:
    return fault.name in _UNPROCESSED or fault.kind == "reason" or (fault.kind == "goaway" and fault.reason is not None)


def _new_id() -> str:
    return str(uuid4())


def _record(
    verdict: Verdict, status: int, request: Request, token: str | None, fault: Fault | None, now: float
) -> ReceivedPush:
    fault_name = None if fault is None else fault.name
    outcome = verdict.outcome
    if isinstance(outcome, Push):
        known = outcome.token
        return ReceivedPush(
            now,
            verdict.apns_id,
            known.value,
            status,
            None,
            known.phone_id,
            known.topic,
            outcome.priority,
            outcome.expiration,
            outcome.payload,
            fault_name,
        )
    topic = dict(request.headers).get("apns-topic")
    return ReceivedPush(now, verdict.apns_id, token, status, outcome.reason, topic=topic, fault=fault_name)


def _answer(verdict: Verdict, status: int) -> Answer:
    outcome = verdict.outcome
    if isinstance(outcome, Push):
        headers: tuple[Header, ...] = (("apns-id", verdict.apns_id),)
        if outcome.token.environment == "sandbox":
            headers += (("apns-unique-id", _new_id()),)
        return Answer(status, headers)
    content: dict[str, str | int] = {"reason": outcome.reason}
    if outcome.timestamp_ms is not None:
        content["timestamp"] = outcome.timestamp_ms
    return Answer(status, (("apns-id", verdict.apns_id), ("content-type", "application/json")), _encode(content))


_encode = msgspec.json.Encoder().encode
