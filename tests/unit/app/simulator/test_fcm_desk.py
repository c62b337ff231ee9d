"""Answer requests to FCM."""

import msgspec

from app.simulator.clock import Clock
from app.simulator.faults import Faults
from app.simulator.fcm_desk import FcmDesk
from app.simulator.fcm_rules import Message
from app.simulator.pushes import PushLog
from app.simulator.registration_tokens import RegistrationToken, RegistrationTokens
from app.simulator.service_accounts import Granted, ServiceAccounts
from tests.unit.app.simulator.examples import NOW
from tests.unit.app.simulator.fcm_examples import PROJECT, TOKEN, TOKEN_URI, account, body, form, request


def test_one_phone_takes_240_messages_a_minute() -> None:
    """One more is refused, and says when to come again; what is only to be checked counts, and is not sent."""
    accounts, tokens, delivered = ServiceAccounts(), RegistrationTokens(), list[Message]()
    accounts.register(account())
    tokens.add(RegistrationToken(TOKEN, "android-1", PROJECT))
    granted = accounts.grant(form(account()), token_uri=TOKEN_URI, now=NOW)
    assert isinstance(granted, Granted)
    desk = FcmDesk(
        clock=Clock(lambda: float(NOW)),
        accounts=accounts,
        tokens=tokens,
        faults=Faults(),
        log=PushLog(1),
        deliver=delivered.append,
        replace=lambda _: None,
        changed=lambda: None,
    )
    sent = request(granted.access_token, body())
    checked = request(granted.access_token, body() | {"validate_only": True})

    answers = [
        desk.handle(each, environment=None, bound_to=None).answer for each in (checked, *(sent for _ in range(240)))
    ]

    assert [each and each.status for each in answers] == [200] * 240 + [429]
    last = answers[-1]
    assert last is not None
    assert dict(last.headers)["retry-after"] == "1"
    assert msgspec.json.decode(last.body)["error"]["status"] == "RESOURCE_EXHAUSTED"
    assert len(delivered) == 239
