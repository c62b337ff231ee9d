"""Judge requests, one rule a row."""

from typing import Any

import pytest

from app.simulator.device_tokens import DeviceToken, DeviceTokens, Environment
from app.simulator.provider_keys import ProviderKey, ProviderKeys
from app.simulator.reasons import STATUS_OF
from app.simulator.rules import Push, Refusal, Request, Verdict, judge
from tests.unit.app.simulator.examples import BUNDLE_ID, KEY_ID, NOW, TEAM_ID, TOPIC, Provider, encoded, headers, start

PROVIDER, STRANGER = Provider(), Provider("TEAM999999")
KEY = ProviderKey(TEAM_ID, KEY_ID)
ALIVE, ELSEWHERE, OTHER_APP, DEAD, EXPIRED = ("a1" * 32, "b2" * 80, "c3" * 32, "d4" * 32, "e5" * 32)
ALERTS = "f6" * 32
GOOD_TOKEN = PROVIDER.token()
A_UUID = "01234567-89ab-cdef-0123-456789abcdef"


def known_tokens() -> DeviceTokens:
    """Give tokens of each sort."""
    tokens = DeviceTokens()
    tokens.add(DeviceToken(ALIVE, "phone-1", "start", TOPIC, "sandbox"))
    tokens.add(DeviceToken(ELSEWHERE, "phone-2", "start", TOPIC, "production"))
    tokens.add(DeviceToken(OTHER_APP, "phone-3", "start", "other.app.push-type.liveactivity", "sandbox"))
    tokens.add(DeviceToken(ALERTS, "phone-5", "alert", BUNDLE_ID, "sandbox"))
    for value in (DEAD, EXPIRED):
        tokens.add(DeviceToken(value, "phone-4", "update", TOPIC, "sandbox"))
    tokens.retire(DEAD, "Unregistered", now=NOW - 5)
    tokens.retire(EXPIRED, "ExpiredToken", now=NOW - 5)
    return tokens


def known_keys() -> ProviderKeys:
    """Give the one registered key."""
    keys = ProviderKeys(limit_token_updates=False)
    keys.register(KEY, PROVIDER.public_pem)
    return keys


def judged(
    *,
    method: str = "POST",
    path: str = f"/3/device/{ALIVE}",
    body: bytes | None = None,
    extra: tuple[tuple[str, str], ...] = (),
    environment: Environment | None = "sandbox",
    bound_to: ProviderKey | None = None,
    keys: ProviderKeys | None = None,
    **changes: str | None,
) -> Verdict:
    """Judge a good request with these differences."""
    pairs = [(":method", method), (":path", path), *headers(GOOD_TOKEN, **changes).items(), *extra]
    return judge(
        Request(pairs, encoded(start()) if body is None else body),
        environment=environment,
        keys=keys or known_keys(),
        tokens=known_tokens(),
        bound_to=bound_to,
        new_id=lambda: "made here",
        now=float(NOW),
    )


def test_a_good_request_becomes_a_push() -> None:
    """An accepted push holds what the phone needs, and names the provider's key."""
    verdict = judged(apns_id=A_UUID, apns_priority="5")

    token = DeviceToken(ALIVE, "phone-1", "start", TOPIC, "sandbox")
    assert verdict == Verdict(A_UUID, Push(A_UUID, token, start(), 5, NOW + 600), KEY)


def test_what_may_be_left_out_is_made_up() -> None:
    """Without apns-id APNs makes one; priority 10 and no expiration are the defaults."""
    verdict = judged(apns_priority=None, apns_expiration=None)

    assert isinstance(verdict.outcome, Push)
    assert (verdict.apns_id, verdict.outcome.priority, verdict.outcome.expiration) == ("made here", 10, None)


RULES: list[tuple[str, dict[str, Any], str]] = [
    ("a GET", {"method": "GET"}, "MethodNotAllowed"),
    ("another path", {"path": "/4/broadcasts"}, "BadPath"),
    ("a path below the token", {"path": f"/3/device/{ALIVE}/x"}, "BadPath"),
    ("a path beside", {"path": "/3/devices"}, "BadPath"),
    ("no token in the path", {"path": "/3/device/"}, "MissingDeviceToken"),
    ("no authorization", {"authorization": None}, "MissingProviderToken"),
    ("another scheme", {"authorization": "basic x"}, "MissingProviderToken"),
    ("an empty bearer", {"authorization": "bearer "}, "MissingProviderToken"),
    ("no JWT", {"authorization": "bearer abc"}, "InvalidProviderToken"),
    ("an unknown team", {"authorization": f"bearer {STRANGER.token()}"}, "InvalidProviderToken"),
    ("a forged signature", {"authorization": f"bearer {Provider().token()}"}, "InvalidProviderToken"),
    ("a future iat", {"authorization": f"bearer {PROVIDER.token(NOW + 600)}"}, "InvalidProviderToken"),
    ("an iat in text", {"authorization": f"bearer {PROVIDER.token(iat='now')}"}, "InvalidProviderToken"),
    ("an old iat", {"authorization": f"bearer {PROVIDER.token(NOW - 3601)}"}, "ExpiredProviderToken"),
    ("another key", {"bound_to": ProviderKey(TEAM_ID, "OTHER")}, "UnrelatedKeyIdInToken"),
    ("no push type", {"apns_push_type": None}, "InvalidPushType"),
    ("another push type", {"apns_push_type": "voip"}, "InvalidPushType"),
    ("a card by a background push", {"apns_push_type": "background", "apns_priority": "5"}, "TopicDisallowed"),
    ("a background push of priority 10", {"apns_push_type": "background"}, "BadPriority"),
    ("an alert for a Live Activity's topic", {"apns_push_type": "alert"}, "TopicDisallowed"),
    ("an alert to a start token", {"apns_push_type": "alert", "apns_topic": BUNDLE_ID}, "DeviceTokenNotForTopic"),
    ("a card to an alert token", {"path": f"/3/device/{ALERTS}"}, "DeviceTokenNotForTopic"),
    ("no topic", {"apns_topic": None}, "MissingTopic"),
    ("no suffix", {"apns_topic": "app.lockstep.demo"}, "TopicDisallowed"),
    ("a doubled suffix", {"apns_topic": TOPIC + ".push-type.liveactivity"}, "TopicDisallowed"),
    ("a topic with blanks", {"apns_topic": f"my {TOPIC}"}, "BadTopic"),
    ("an apns-id that is no UUID", {"apns_id": "1"}, "BadMessageId"),
    ("priority 7", {"apns_priority": "7"}, "BadPriority"),
    ("priority 1, which wakes no card", {"apns_priority": "1"}, "BadPriority"),
    ("an expiration in text", {"apns_expiration": "soon"}, "BadExpirationDate"),
    ("a negative expiration", {"apns_expiration": "-1"}, "BadExpirationDate"),
    ("a collapse id of 65 bytes", {"apns_collapse_id": "x" * 65}, "BadCollapseId"),
    ("two topics", {"extra": (("apns-topic", TOPIC),)}, "DuplicateHeaders"),
    ("no body", {"body": b""}, "PayloadEmpty"),
    ("no JSON", {"body": b"{"}, "PayloadEmpty"),
    ("a JSON list", {"body": b"[]"}, "PayloadEmpty"),
    ("no aps", {"body": b'{"alert":"x"}'}, "PayloadEmpty"),
    ("4,097 bytes", {"body": b" " * 4097}, "PayloadTooLarge"),
    ("no hex", {"path": "/3/device/xyz"}, "BadDeviceToken"),
    ("an odd number of digits", {"path": "/3/device/abc"}, "BadDeviceToken"),
    ("an unknown token", {"path": f"/3/device/{'f0' * 32}"}, "BadDeviceToken"),
    ("a token of production", {"path": f"/3/device/{ELSEWHERE}"}, "BadDeviceToken"),
    ("another app's token", {"path": f"/3/device/{OTHER_APP}"}, "DeviceTokenNotForTopic"),
    ("an uninstalled app's token", {"path": f"/3/device/{DEAD}"}, "Unregistered"),
    ("an ended card's token", {"path": f"/3/device/{EXPIRED}"}, "ExpiredToken"),
]


@pytest.mark.parametrize(("changes", "reason"), [rule[1:] for rule in RULES], ids=[rule[0] for rule in RULES])
def test_each_rule_refuses_with_its_reason(changes: dict[str, Any], reason: str) -> None:
    """A request that breaks one rule is refused with Apple's word for it."""
    outcome = judged(**changes).outcome

    assert isinstance(outcome, Refusal)
    assert outcome.reason == reason
    assert outcome.timestamp_ms == ((NOW - 5) * 1000 if STATUS_OF[reason] == 410 else None)


def test_an_address_for_both_takes_tokens_of_both() -> None:
    """Without an environment a production token of 160 digits is as good as a sandbox one."""
    assert isinstance(judged(path=f"/3/device/{ELSEWHERE.upper()}", environment=None).outcome, Push)


def test_a_key_of_one_environment_is_refused_in_the_other() -> None:
    """The reason is spelt as on the wire, not as in Apple's table."""
    keys = ProviderKeys()
    keys.register(ProviderKey(TEAM_ID, KEY_ID, "production"), PROVIDER.public_pem)

    assert judged(keys=keys).outcome == Refusal("BadEnvironmentKeyInToken")


def test_a_refused_push_with_a_good_provider_token_names_the_key() -> None:
    """A bad device token does not keep the connection from being trusted; a bad provider token does."""
    assert judged(path=f"/3/device/{'f0' * 32}").key == KEY
    assert judged(authorization="bearer abc").key is None


def test_a_body_of_4096_bytes_passes() -> None:
    """The limit itself is allowed."""
    body = encoded(start())

    assert isinstance(judged(body=body + b" " * (4096 - len(body))).outcome, Push)


@pytest.mark.parametrize("priority", ["1", "5", "10"])
def test_an_ordinary_notification_goes_to_the_plain_topic(priority: str) -> None:
    """With any of the three priorities, and the collapse id that it came with."""
    outcome = judged(
        path=f"/3/device/{ALERTS}",
        body=encoded({"aps": {"alert": {"title": "Noodle Bar"}}}),
        apns_push_type="alert",
        apns_topic=BUNDLE_ID,
        apns_priority=priority,
        apns_collapse_id="order-1",
    ).outcome

    assert isinstance(outcome, Push)
    assert (outcome.token.kind, outcome.priority, outcome.collapse_id) == ("alert", int(priority), "order-1")
