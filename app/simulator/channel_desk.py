"""Answer requests about channels: publishes at the address of pushes, and management at its own."""

from collections import Counter
from collections.abc import Callable
from uuid import uuid4

import msgspec

from app.simulator.answers import JSON, Answer, Handled, Header, refused_by
from app.simulator.channel_rules import MAX_BROADCAST_BYTES, Grounds, Published, Wanted, judge_management, judge_publish
from app.simulator.channels import Channels, Message
from app.simulator.clock import Clock
from app.simulator.device_tokens import Environment
from app.simulator.faults import ChannelCall, Fault, Faults
from app.simulator.provider_keys import ProviderKey, ProviderKeys
from app.simulator.pushes import PushLog, ReceivedPush
from app.simulator.reasons import STATUS_OF_CHANNELS
from app.simulator.rules import Refusal, Request

_encode = msgspec.json.Encoder().encode


class ChannelDesk:
    """Decide every request about a channel.

    Args:
        clock: the simulator's time.
        keys: the registered provider keys.
        channels: the channels there are.
        faults: what is to go wrong.
        log: where each publish is recorded.
        deliver: passes an accepted message on to the phones that follow its channel.
        changed: is told after each request.

    Attributes:
        counts: requests to manage channels, by what they asked for, or by the reason of their refusal.
        enabled: whether apps may use channels at all.
    """

    most_bytes = MAX_BROADCAST_BYTES

    def __init__(
        self,
        *,
        clock: Clock,
        keys: ProviderKeys,
        channels: Channels,
        faults: Faults,
        log: PushLog,
        deliver: Callable[[Message], None],
        changed: Callable[[], None],
    ) -> None:
        self._clock, self._keys, self._channels, self._faults = clock, keys, channels, faults
        self._log, self._deliver, self._changed = log, deliver, changed
        self.counts: Counter[str] = Counter()
        self.enabled = True

    def publish(self, request: Request, *, environment: Environment | None, bound_to: ProviderKey | None) -> Handled:
        """Answer a request to publish; see `Desk.handle`."""
        now, headers = self._clock(), dict(request.headers)
        fault = self._faults.take_for("channel")
        if fault is not None and not fault.kind.processed:
            return self._refuse_by(fault, "channel", request)
        judged = judge_publish(request, self._grounds(environment, bound_to, now))
        request_id, outcome = _request_id(request), judged.outcome
        fault_name = None if fault is None else fault.name
        channel_id = headers.get("apns-channel-id")
        if not isinstance(outcome, Published):
            reason = outcome.reason if isinstance(outcome, Refusal) else "BadPath"
            status = STATUS_OF_CHANNELS[reason]
            self._log.add(ReceivedPush(now, request_id, None, status, reason, fault=fault_name, channel_id=channel_id))
            self._changed()
            return Handled(_refusal(reason, request_id), judged.key, fault)
        channel = outcome.channel
        message = Message(
            channel.channel_id, channel.app, request_id, outcome.payload, outcome.priority, outcome.expiration, now
        )
        self._log.add(
            ReceivedPush(
                now,
                request_id,
                None,
                200,
                topic=channel.app,
                priority=outcome.priority,
                expiration=outcome.expiration,
                payload=outcome.payload,
                fault=fault_name,
                channel_id=channel_id,
            )
        )
        self._channels.publish(channel, message)
        self._deliver(message)
        self._changed()
        answer_headers: tuple[Header, ...] = (("apns-request-id", request_id), ("apns-unique-id", str(uuid4())))
        return Handled(Answer(200, answer_headers), judged.key, fault)

    def handle(self, request: Request, *, environment: Environment | None, bound_to: ProviderKey | None) -> Handled:
        """Answer a request to manage channels; see `Desk.handle`."""
        fault = self._faults.take_for("management")
        if fault is not None and not fault.kind.processed:
            return self._refuse_by(fault, "management", request)
        judged = judge_management(request, self._grounds(environment, bound_to, self._clock()))
        answer = self._carry_out(judged.outcome, environment, _request_id(request))
        self._changed()
        return Handled(answer, judged.key, fault)

    def lose(self, request: Request, fault: Fault) -> None:
        """Note a request on a connection from which nothing comes back any more."""
        self._refuse_by(fault, "management", request)

    def _grounds(self, environment: Environment | None, bound_to: ProviderKey | None, now: float) -> Grounds:
        return Grounds(environment, self._keys, self._channels, bound_to, now, self.enabled)

    def _carry_out(
        self, outcome: Published | Wanted | Refusal, environment: Environment | None, request_id: str
    ) -> Answer:
        headers: tuple[Header, ...] = (("apns-request-id", request_id),)
        match outcome:
            case Wanted(act="list", app=app):
                self.counts["list"] += 1
                return Answer(200, (*headers, JSON), _encode({"channels": self._channels.ids(app, environment)}))
            case Wanted(made=policy, app=app) if policy is not None:
                channel = self._channels.create(app, environment, policy)
                if channel is not None:
                    self.counts["create"] += 1
                    return Answer(201, (*headers, ("apns-channel-id", channel.channel_id)))
                reason = "CannotCreateChannelConfig"
            case Wanted(act="read", channel=channel) if channel is not None:
                self.counts["read"] += 1
                told = {"message-storage-policy": channel.policy, "push-type": "LiveActivity"}
                return Answer(200, (*headers, JSON), _encode(told))
            case Wanted(channel=channel) if channel is not None:
                self.counts["delete"] += 1
                self._channels.delete(channel)
                return Answer(204, headers)
            case Refusal(reason=reason):
                pass
            case _:
                raise AssertionError(f"management does not end in {outcome!r}")
        self.counts[reason] += 1
        return _refusal(reason, request_id)

    def _refuse_by(self, fault: Fault, call: ChannelCall, request: Request) -> Handled:
        request_id = _request_id(request)
        answer = refused_by(fault, ("apns-request-id", request_id))
        if call == "channel":
            status = None if answer is None else answer.status
            self._log.add(ReceivedPush(self._clock(), request_id, None, status, fault.reason, fault=fault.name))
        else:
            self.counts[fault.name] += 1
        self._changed()
        return Handled(answer, fault=fault)


def _request_id(request: Request) -> str:
    return dict(request.headers).get("apns-request-id") or str(uuid4())


def _refusal(reason: str, request_id: str) -> Answer:
    headers: tuple[Header, ...] = (("apns-request-id", request_id), JSON)
    return Answer(STATUS_OF_CHANNELS[reason], headers, _encode({"reason": reason}))
