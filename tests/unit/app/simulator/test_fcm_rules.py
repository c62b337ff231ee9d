"""Judge requests to send a message."""

from typing import Any

import pytest

from app.simulator.fcm_reasons import FcmRefusal
from app.simulator.fcm_rules import LONGEST_TTL_SECONDS, Asked, NotFound, judge_send, token_in
from app.simulator.registration_tokens import RegistrationToken, RegistrationTokens
from app.simulator.rules import Request
from app.simulator.service_accounts import Granted, ServiceAccounts
from tests.unit.app.simulator.examples import NOW
from tests.unit.app.simulator.fcm_examples import PROJECT, TOKEN, TOKEN_URI, account, body, data, form, request

DEAD, FOREIGN = TOKEN.replace("x", "y"), TOKEN.replace("x", "z")


@pytest.fixture
def accounts() -> ServiceAccounts:
    """Know one account that may send."""
    known = ServiceAccounts()
    known.register(account())
    return known


@pytest.fixture
def tokens() -> RegistrationTokens:
    """Know a good token, one that is dead, and one of another project."""
    known = RegistrationTokens()
    for value, project in ((TOKEN, PROJECT), (DEAD, PROJECT), (FOREIGN, "another")):
        known.add(RegistrationToken(value, "android-1", project))
    known.retire(DEAD)
    return known


def access(accounts: ServiceAccounts) -> str:
    """Get an access token."""
    granted = accounts.grant(form(account()), token_uri=TOKEN_URI, now=NOW)
    assert isinstance(granted, Granted)
    return granted.access_token


def judged(
    accounts: ServiceAccounts, tokens: RegistrationTokens, sent: Request, now: float = NOW
) -> Asked | FcmRefusal | NotFound:
    """Judge at the time at which the access token was given."""
    return judge_send(sent, accounts=accounts, tokens=tokens, now=now)


def test_a_good_message_is_taken(accounts: ServiceAccounts, tokens: RegistrationTokens) -> None:
    """With its token, data, priority and time to live; without the last two they are NORMAL and four weeks."""
    whole = judged(accounts, tokens, request(access(accounts), body(priority="HIGH", ttl="90.5s")))
    bare = judged(accounts, tokens, request(access(accounts), {"message": {"token": TOKEN}, "validate_only": True}))

    known = tokens.find(TOKEN)
    assert known is not None
    assert whole == Asked(PROJECT, known, data(), "HIGH", 90.5, only_to_check=False)
    assert bare == Asked(PROJECT, known, {}, "NORMAL", LONGEST_TTL_SECONDS, only_to_check=True)


@pytest.mark.parametrize(
    ("content", "reason", "field"),
    [
        (b"{", "INVALID_ARGUMENT", None),
        ([], "INVALID_ARGUMENT", "message"),
        ({"message": []}, "INVALID_ARGUMENT", "message"),
        ({"message": {}}, "INVALID_ARGUMENT", "message"),
        ({"massage": {}}, "INVALID_ARGUMENT", "massage"),
        ({"message": {"token": TOKEN, "topic": "news"}}, "INVALID_ARGUMENT", "message"),
        (body(collapse_key="order-1"), "INVALID_ARGUMENT", "message.android"),
        (body(ttl="3600"), "INVALID_ARGUMENT", "message.android.ttl"),
        (body(ttl="-1s"), "INVALID_ARGUMENT", "message.android.ttl"),
        (body(ttl="2419201s"), "INVALID_ARGUMENT", "message.android.ttl"),
        (body(priority="URGENT"), "INVALID_ARGUMENT", "message.android.priority"),
        (body(told={"from": "x"}), "INVALID_ARGUMENT", "message.data"),
        (body(told={"message_type": "x"}), "INVALID_ARGUMENT", "message.data"),
        (body(told={"google.sent_time": "x"}), "INVALID_ARGUMENT", "message.data"),
        (body(told={"gcm.notification.e": "x"}), "INVALID_ARGUMENT", "message.data"),
        (body(told={"k": "x" * 4096}), "INVALID_ARGUMENT", "message"),
        ({"message": {"token": TOKEN, "data": {"a": "b", "c": 12}}}, "INVALID_ARGUMENT", "message.data[1].value"),
        (body(token="ab12"), "INVALID_ARGUMENT", None),
        (body(token=DEAD), "UNREGISTERED", None),
        (body(token=TOKEN.replace("x", "w")), "UNREGISTERED", None),
        (body(token=FOREIGN), "SENDER_ID_MISMATCH", None),
    ],
)
def test_a_bad_message_is_refused_as_fcm_does(
    accounts: ServiceAccounts, tokens: RegistrationTokens, content: Any, reason: str, field: str | None
) -> None:
    """With FCM's reason, and the field that is wrong."""
    refusal = judged(accounts, tokens, request(access(accounts), content))

    assert isinstance(refusal, FcmRefusal)
    assert (refusal.reason, refusal.field) == (reason, field)


def test_data_of_4096_bytes_fit(accounts: ServiceAccounts, tokens: RegistrationTokens) -> None:
    """Keys count too."""
    assert isinstance(judged(accounts, tokens, request(access(accounts), body(told={"k": "x" * 4095}))), Asked)


def test_only_who_may_send_is_heard(accounts: ServiceAccounts, tokens: RegistrationTokens) -> None:
    """Not without an access token, by one that is unknown or ran out, in another project, or without the right to."""
    token, elsewhere = access(accounts), "/v1/projects/another/messages:send"
    outcomes = [
        judged(accounts, tokens, Request([(":method", "POST"), (":path", f"/v1/projects/{PROJECT}/messages:send")])),
        judged(accounts, tokens, request("ya29.x", body())),
        judged(accounts, tokens, request(token, body()), NOW + 3599),
        judged(accounts, tokens, request(token, body(), path=elsewhere)),
    ]
    accounts.register(account(), may_send=False)
    outcomes.append(judged(accounts, tokens, request(access(accounts), body())))

    reasons = [each.reason for each in outcomes if isinstance(each, FcmRefusal)]
    assert reasons == ["UNAUTHENTICATED"] * 3 + ["PERMISSION_DENIED"] * 2


@pytest.mark.parametrize(("method", "path"), [("GET", None), ("POST", "/v1/projects/p/messages"), ("POST", "/")])
def test_nothing_else_is_served(
    accounts: ServiceAccounts, tokens: RegistrationTokens, method: str, path: str | None
) -> None:
    """Other methods and paths."""
    sent = request("x", body(), method=method) if path is None else request("x", body(), method=method, path=path)

    assert judged(accounts, tokens, sent) == NotFound()


def test_an_error_is_written_as_google_writes_it() -> None:
    """The examples of its documentation, word for word."""
    value = "Invalid value at 'message.data[0].value' (TYPE_STRING), 12"
    violation = FcmRefusal("INVALID_ARGUMENT", value, "message.data[0].value", is_named=False)

    assert FcmRefusal("UNREGISTERED").body() == {
        "error": {
            "code": 404,
            "message": "Requested entity was not found.",
            "status": "NOT_FOUND",
            "details": [
                {"@type": "type.googleapis.com/google.firebase.fcm.v1.FcmError", "errorCode": "UNREGISTERED"},
            ],
        }
    }
    assert violation.body()["error"]["details"] == [
        {
            "@type": "type.googleapis.com/google.rpc.BadRequest",
            "fieldViolations": [{"field": "message.data[0].value", "description": value}],
        }
    ]
    assert "details" not in FcmRefusal("UNAUTHENTICATED").body()["error"]


@pytest.mark.parametrize(("content", "token"), [(b'{"message":{"token":"a"}}', "a"), (b"{", None), (b"{}", None)])
def test_the_token_of_a_request_is_known_before_it_is_judged(content: bytes, token: str | None) -> None:
    """If it can be read."""
    assert token_in(content) == token
