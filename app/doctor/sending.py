"""Looks at Apple and Google: whether they can be reached, and take our credentials.

A push to a token that is none is asked for: it reaches nobody, and the answer tells what is wrong. Whoever complains of
the token has taken the key.
"""

import time
from collections.abc import Iterator
from typing import Final
from uuid import uuid4

from app.apns import payload
from app.apns.answer import Answer
from app.apns.credential_keeper import CredentialKeeper
from app.apns.credentials import Credentials
from app.apns.errors import Ambiguous, NotSent, NotSentCause, SigningKeyError
from app.apns.fcm_request import AndroidData, FcmRequest
from app.apns.reasons import explain
from app.apns.request import ApnsRequest, Environment, PushType, build
from app.apns.shared_token import SharedProviderToken
from app.apns.transports import PushTransport
from app.doctor.database import clock_finding
from app.doctor.finding import Finding, bad, good, unknown, warning
from app.errors import SettingsError
from app.outbound import apns_transport, token_client
from app.settings import Settings
from events.errors import StoreUnavailableError
from events.postgres.pool import Pool
from events.sealing import Keyring
from projections.pause import ANY_APP

DEADLINE_SECONDS: Final = 10.0
NO_TOKEN: Final = "0" * 64
SOME_APP: Final = "com.example.lockstep"
"""Stands for the app where a key serves all that no other names."""
_TOKEN_FIRST: Final = frozenset({"SENDER_ID_MISMATCH"})
"""What a 403 may say of the token rather than of us."""
_REFUSED: Final = frozenset({401, 403})
_NAMES: Final = {
    Environment.PRODUCTION: "apns production",
    Environment.SANDBOX: "apns sandbox",
    Environment.FCM: "fcm",
}


async def examine_sending(settings: Settings, pool: Pool, keyring: Keyring, *, ahead_seconds: float) -> list[Finding]:
    """Ask each service once with each key that serves there.

    Args:
        settings: Name the keys, and where Apple and Google are.
        pool: Connections: tokens are shared with the dispatchers, for Apple takes few of them.
        keyring: Seals those.
        ahead_seconds: How far Postgres' clock is ahead of this machine's.
    """
    transport, client = apns_transport(settings), token_client(settings)
    try:
        try:
            keeper = CredentialKeeper(
                pool,
                keyring,
                settings.signing_keys,
                files=(),
                transport=transport,
                read_accounts=settings.service_accounts,
                client=client,
            )
        except (SettingsError, SigningKeyError) as error:
            return [_without_keys(settings, error)]
        found: list[Finding] = []
        for environment, app in _asked(keeper.credentials):
            token = keeper.credentials.find(app, environment)
            if token is not None:
                found += await _ask(transport, token, environment, app, ahead_seconds)
        return found
    finally:
        await transport.close()
        if client is not None:
            await client.aclose()


def judge_answer(check: str, answer: Answer, *, key_id: str, seconds: float, asked_at: float) -> list[Finding]:
    """Say what an answer tells of the way there, of our key, and of the clock.

    Args:
        check: What it is told under.
        answer: To a push for a token that is none.
        key_id: Of the key that signed for it.
        seconds: How long it took.
        asked_at: Unix seconds by Postgres' clock.
    """
    reason = explain(answer.status, answer.reason)
    word = answer.reason or str(answer.status)
    if answer.status in _REFUSED and answer.reason not in _TOKEN_FIRST:
        finding = bad(check, f"It answers, and refuses key {key_id} ({word}): {reason.means}", reason.do)
    elif answer.status == 404 and check == _NAMES[Environment.FCM]:
        cure = "Check the project_id of the service account, and that its project has the FCM API switched on."
        finding = bad(check, f"It answers, and knows no such project ({word}).", cure)
    elif answer.status == 429 or answer.status >= 500:
        finding = warning(check, f"It answers {answer.status} ({word}): {reason.means}", "Try again in a while.")
    else:
        finding = good(check, f"It answers in {seconds * 1_000:.0f} ms, and takes key {key_id}.")
    if answer.server_time is None:
        return [finding]
    # the header tells whole seconds
    ahead = asked_at - answer.server_time - 0.5
    return [finding, clock_finding(f"{check} clock", ahead, "Postgres'", "theirs")]


async def _ask(
    transport: PushTransport, token: SharedProviderToken, environment: Environment, app: str, ahead_seconds: float
) -> list[Finding]:
    check, began = _NAMES[environment], time.monotonic()
    try:
        bearer = await token.bearer(time.time() + ahead_seconds)
        answer = await transport.send(
            _probe(environment, app, token.team_id),
            credential=token.credential,
            bearer=bearer,
            deadline_seconds=DEADLINE_SECONDS,
        )
    except StoreUnavailableError as error:
        return [unknown(check, str(error))]
    except NotSent as error:
        if error.cause is NotSentCause.UNAUTHORISED:
            cure = "Check the service account in Google's console, and that its token_uri can be reached from here."
        else:
            cure = "See that DNS, a firewall or a proxy lets this machine out there, over HTTP/2 on port 443."
        return [bad(check, f"{error.why[:1].upper()}{error.why[1:]}.", cure)]
    except Ambiguous as error:
        return [warning(check, f"It was asked, and gave no answer: {error.why}.", "Try again in a while.")]
    seconds = time.monotonic() - began
    return judge_answer(
        check, answer, key_id=token.key_id, seconds=seconds, asked_at=time.time() + ahead_seconds - seconds / 2
    )


def _asked(credentials: Credentials) -> Iterator[tuple[Environment, str]]:
    """Give an environment and an app for each key that serves there."""
    seen: set[tuple[str, str]] = set()
    for app, environment, key_id in credentials.routes:
        if (environment, key_id) not in seen:
            seen.add((environment, key_id))
            yield Environment(environment), SOME_APP if app == ANY_APP else app


def _probe(environment: Environment, app: str, project: str) -> ApnsRequest | FcmRequest:
    """Make a push that reaches nobody."""
    now = int(time.time())
    if environment is Environment.FCM:
        data = AndroidData(
            kind="end", card_id=str(uuid4()), subject="doctor", attributes_type="Doctor", timestamp=str(now)
        )
        return FcmRequest(app=app, token=NO_TOKEN, data=data, urgent=False, ttl_seconds=0, project=project)
    return build(
        environment=environment,
        app=app,
        token=NO_TOKEN,
        apns_id=uuid4(),
        priority=5,
        expiration=0,
        payload=payload.update(timestamp=now, content_state=b"{}", alert=None),
        push_type=PushType.LIVE_ACTIVITY,
    )


def _without_keys(settings: Settings, error: Exception) -> Finding:
    if "dispatcher" in settings.roles:
        return bad("credentials", str(error), "Or leave the role dispatcher to other processes, by LOCKSTEP_ROLES.")
    return unknown("credentials", "This process sends nothing, and has no keys.")
