"""Answer requests: take a waiting fault, judge by Apple's rules, hand accepted pushes on, keep a record."""

from collections.abc import Callable
from uuid import uuid4

import msgspec

from app.simulator.answers import JSON, Answer, Handled, Header, refused_by
from app.simulator.channel_desk import ChannelDesk
from app.simulator.channel_rules import MAX_BROADCAST_BYTES, is_broadcast
from app.simulator.clock import Clock
from app.simulator.device_tokens import DeviceToken, DeviceTokens, Environment
from app.simulator.faults import Fault, Faults
from app.simulator.provider_keys import ProviderKey, ProviderKeys
from app.simulator.pushes import PushLog, ReceivedPush
from app.simulator.reasons import STATUS_OF
from app.simulator.rules import Push, Request, Verdict, judge, token_in


class Desk:
    """Decide every request of every connection.

    Args:
        clock: the simulator's time.
        keys: the registered provider keys.
        tokens: the virtual phones' tokens.
        faults: what is to go wrong.
        log: where each request is recorded.
        channels: answers requests to publish on a channel.
        deliver: passes an accepted push on to its phone.
        replace: lets the phone's system replace a token.
        changed: is told after each request.
    """

    most_bytes = MAX_BROADCAST_BYTES

    def __init__(
        self,
        *,
        clock: Clock,
        keys: ProviderKeys,
        tokens: DeviceTokens,
        faults: Faults,
        log: PushLog,
        channels: ChannelDesk,
        deliver: Callable[[Push], None],
        replace: Callable[[DeviceToken], None],
        changed: Callable[[], None],
    ) -> None:
        self._clock, self._keys, self._tokens, self._faults = clock, keys, tokens, faults
        self._log, self._deliver, self._replace, self._changed = log, deliver, replace, changed
        self._channels = channels

    def handle(self, request: Request, *, environment: Environment | None, bound_to: ProviderKey | None) -> Handled:
        """Answer one request, or say that it stays unanswered.

        Args:
            request: what came.
            environment: the one the address serves; `None` serves both.
            bound_to: the provider key the connection belongs to.
        """
        if is_broadcast(_path_of(request)):
            return self._channels.publish(request, environment=environment, bound_to=bound_to)
        now = self._clock()
        value = _token_in(request)
        fault = self._faults.take(value, self._find(value))
        if fault is not None and not fault.kind.processed:
            return self._refuse_by(fault, request, value, now)
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
        self._log.add(_record(verdict, status, request, value, fault, now))
        if isinstance(verdict.outcome, Push):
            self._deliver(verdict.outcome)
        self._changed()
        answer = _answer(verdict, status)
        if fault is not None and fault.name == "no_apns_id":
            answer = Answer(status, tuple(each for each in answer.headers if each[0] != "apns-id"), answer.body)
        return Handled(answer, verdict.key, fault)

    def lose(self, request: Request, fault: Fault) -> None:
        """Note a request on a connection from which nothing comes back any more."""
        self._refuse_by(fault, request, _token_in(request), self._clock())

    def _find(self, value: str | None) -> DeviceToken | None:
        return None if value is None else self._tokens.find(value)

    def _refuse_by(self, fault: Fault, request: Request, value: str | None, now: float) -> Handled:
        apns_id = dict(request.headers).get("apns-id") or _new_id()
        token = self._find(value)
        answer = refused_by(fault, ("apns-id", apns_id), died_ms=_died_ms(fault, token, now))
        reason = None if answer is None else fault.reason
        status = None if answer is None else answer.status
        phone_id = None if token is None else token.phone_id
        self._log.add(ReceivedPush(now, apns_id, value, status, reason, phone_id, fault=fault.name))
        if fault.replaces_token and token is not None:
            self._replace(token)
        self._changed()
        return Handled(answer, fault=fault)


def _died_ms(fault: Fault, token: DeviceToken | None, now: float) -> int:
    if fault.died_after_seconds is not None and token is not None:
        return int((token.issued_at + fault.died_after_seconds) * 1000)
    return fault.timestamp_ms or int(now * 1000)


def _token_in(request: Request) -> str | None:
    return token_in(_path_of(request))


def _path_of(request: Request) -> str:
    return next((value for name, value in request.headers if name == ":path"), "")


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
    return Answer(status, (("apns-id", verdict.apns_id), JSON), _encode(content))


_encode = msgspec.json.Encoder().encode
