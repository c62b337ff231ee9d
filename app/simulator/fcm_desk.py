"""Answer requests to FCM: those to send a message, and those for an access token, at `/token` of the same address."""

from collections.abc import Callable
from urllib.parse import parse_qsl
from uuid import uuid4

import msgspec

from app.simulator.allowance import Allowance
from app.simulator.answers import JSON, Answer, Handled, refused_by
from app.simulator.clock import Clock
from app.simulator.device_tokens import Environment
from app.simulator.faults import REASON, Fault, Faults
from app.simulator.fcm_reasons import FCM_REASONS, STATUS_OF_OAUTH, FcmRefusal
from app.simulator.fcm_rules import MAX_REQUEST_BYTES, Asked, Message, NotFound, judge_send, token_in
from app.simulator.provider_keys import ProviderKey
from app.simulator.pushes import PushLog, ReceivedPush
from app.simulator.registration_tokens import RegistrationToken, RegistrationTokens
from app.simulator.rules import Request
from app.simulator.service_accounts import Denied, ServiceAccounts

TOKEN_PATH = "/token"  # noqa: S105 - a path
# Firebase, "Throttling and quotas": what one device is sent.
MESSAGES_A_MINUTE = 240.0
_QUOTA_SECONDS = 1

_SERVED_BY = ("server", "ESF")
_PAGE = b"<!DOCTYPE html><html lang=en><title>Error 404 (Not Found)!!1</title>"
_encode = msgspec.json.Encoder().encode


class FcmDesk:
    """Decide every request to FCM.

    Args:
        clock: the simulator's time.
        accounts: those that may have an access token.
        tokens: the virtual phones' registration tokens.
        faults: what is to go wrong.
        log: where each message is recorded.
        deliver: passes an accepted message on to its phone.
        replace: lets FCM give the phone's app another token.
        changed: is told after each request.
    """

    most_bytes = MAX_REQUEST_BYTES

    def __init__(
        self,
        *,
        clock: Clock,
        accounts: ServiceAccounts,
        tokens: RegistrationTokens,
        faults: Faults,
        log: PushLog,
        deliver: Callable[[Message], None],
        replace: Callable[[RegistrationToken], None],
        changed: Callable[[], None],
    ) -> None:
        self._clock, self._accounts, self._tokens, self._faults = clock, accounts, tokens, faults
        self._log, self._deliver, self._replace, self._changed = log, deliver, replace, changed
        self._rates: dict[str, Allowance] = {}

    def handle(self, request: Request, *, environment: Environment | None, bound_to: ProviderKey | None) -> Handled:  # noqa: ARG002 - those of APNs
        """Answer one request, or say that it stays unanswered; FCM has one environment, and binds no connection."""
        handled = self._grant(request) if _asks_for_access(request) else self._send(request)
        self._changed()
        return handled

    def lose(self, request: Request, fault: Fault) -> None:
        """Note a request on a connection from which nothing comes back any more."""
        if not _asks_for_access(request):
            self._refuse_by(fault, token_in(request.body))
        self._changed()

    def _grant(self, request: Request) -> Handled:
        fault = self._faults.take_for("oauth")
        if fault is not None and not fault.kind.processed:
            if fault.family != REASON:
                return Handled(refused_by(fault, _SERVED_BY), fault=fault)
            denied = Denied(str(fault.reason), "The simulator was told to.")
            return Handled(_denial(denied, fault), fault=fault)
        form = dict(parse_qsl(request.body.decode(errors="replace")))
        token_uri = f"https://{dict(request.headers).get(':authority')}{TOKEN_PATH}"
        granted = self._accounts.grant(form, token_uri=token_uri, now=self._clock())
        if isinstance(granted, Denied):
            return Handled(_denial(granted, None), fault=fault)
        return Handled(Answer(200, (_SERVED_BY, JSON), _encode(granted)), fault=fault)

    def _send(self, request: Request) -> Handled:
        now, value = self._clock(), token_in(request.body)
        fault = self._faults.take_for("fcm", value)
        if fault is not None and not fault.kind.processed:
            return self._refuse_by(fault, value)
        judged = judge_send(request, accounts=self._accounts, tokens=self._tokens, now=now)
        retry_after = None
        if isinstance(judged, Asked) and not self._take_one(judged.token, now):
            judged, retry_after = FcmRefusal("QUOTA_EXCEEDED"), _QUOTA_SECONDS
        name = None if fault is None else fault.name
        if isinstance(judged, NotFound):
            self._log.add(ReceivedPush(now, "", value, 404, fault=name))
            return Handled(Answer(404, (_SERVED_BY, ("content-type", "text/html")), _PAGE), fault=fault)
        if isinstance(judged, FcmRefusal):
            answer = _refusal(judged, retry_after=retry_after)
            self._log.add(ReceivedPush(now, "", value, answer.status, judged.reason, self._phone_of(value), fault=name))
            return Handled(answer, fault=fault)
        return Handled(self._accept(judged, name, now), fault=fault)

    def _accept(self, asked: Asked, fault_name: str | None, now: float) -> Answer:
        name = f"projects/{asked.project_id}/messages/{'fake_message_id' if asked.only_to_check else uuid4().hex}"
        message = Message(name, asked.token, asked.data, asked.priority, asked.ttl_seconds, now)
        if not asked.only_to_check:
            self._log.add(
                ReceivedPush(
                    now,
                    name,
                    asked.token.value,
                    200,
                    phone_id=asked.token.phone_id,
                    priority=10 if asked.priority == "HIGH" else 5,
                    expiration=int(message.expires_at),
                    message=asked.data,
                    fault=fault_name,
                )
            )
            self._deliver(message)
        return Answer(200, (_SERVED_BY, JSON), _encode({"name": name}))

    def _take_one(self, token: RegistrationToken, now: float) -> bool:
        """Count a message to the token, or say that it is one too many."""
        rate = self._rates.setdefault(token.value, Allowance())
        return rate.take(now, most=MESSAGES_A_MINUTE, refill_seconds=60.0 / MESSAGES_A_MINUTE)

    def _refuse_by(self, fault: Fault, value: str | None) -> Handled:
        token = None if value is None else self._tokens.find(value)
        if fault.family == REASON:
            refusal = FcmRefusal(str(fault.reason))
            answer: Answer | None = _refusal(refusal, status=fault.status, retry_after=fault.retry_after_seconds)
        else:
            answer = refused_by(fault, _SERVED_BY)
        status = None if answer is None else answer.status
        reason = None if answer is None else fault.reason
        self._log.add(ReceivedPush(self._clock(), "", value, status, reason, self._phone_of(value), fault=fault.name))
        if fault.replaces_token and token is not None:
            self._replace(token)
        return Handled(answer, fault=fault)

    def _phone_of(self, value: str | None) -> str | None:
        token = None if value is None else self._tokens.find(value)
        return None if token is None else token.phone_id


def _asks_for_access(request: Request) -> bool:
    headers = dict(request.headers)
    return headers.get(":path") == TOKEN_PATH and headers.get(":method") == "POST"


def _refusal(refusal: FcmRefusal, *, status: int | None = None, retry_after: int | None = None) -> Answer:
    body = refusal.body(status=status)
    known = FCM_REASONS.get(refusal.reason)
    code = status or (400 if known is None else known.status)
    more = () if retry_after is None else (("retry-after", str(retry_after)),)
    return Answer(code, (_SERVED_BY, JSON, *more), _encode(body))


def _denial(denied: Denied, fault: Fault | None) -> Answer:
    status = (None if fault is None else fault.status) or STATUS_OF_OAUTH.get(denied.error, 400)
    return Answer(status, (_SERVED_BY, JSON), _encode(denied))
