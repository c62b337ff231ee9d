"""What each answer of APNs, or of Firebase, means for the card, its token and the sender, as data.

A rule is what holds by the word alone. What also needs the token's past or the topic's health is in `verdict`.

Source:
    Apple, "Handling notification responses from APNs"; Google, "FCM error codes"; `docs/` for what we add
    where Apple names no number.
"""

from enum import StrEnum

import msgspec


class Pause(StrEnum):
    """Name what must stop until a person or a probe lifts it."""

    TOPIC = "topic"
    CREDENTIAL = "credential"


class Wait(StrEnum):
    """Name how long to wait before the next try; the seconds are settings.

    Attributes:
        NEVER: there is no next try.
        NOW: at once.
        BACKOFF: full jitter, doubling.
        BACKOFF_OR_ASKED: the same, but at least what `Retry-After` asked for.
        QUOTA: the same, and at least as long as Google wants where it asks for nothing.
        LANE: a delay of this one token's lane, doubling.
        KEY_CHANGE: first as BACKOFF on a new connection, then as long as Apple keeps a provider token.
        HOLD: until the pause is lifted, or a probe an hour later.
    """

    NEVER = "never"
    NOW = "now"
    BACKOFF = "backoff"
    BACKOFF_OR_ASKED = "backoff_or_asked"
    QUOTA = "quota"
    LANE = "lane"
    KEY_CHANGE = "key_change"
    HOLD = "hold"


class Rule(msgspec.Struct, frozen=True):
    """What an answer leads to.

    Attributes:
        once: try again only the first time; a repetition rejects, or holds where `pause_repeated` says so.
        pause_repeated: what a repetition pauses.
        tell: the operator should hear of it.
        new_generation: go on with new connections.
        slow_down: halve the pace, then recover additively.
    """

    wait: Wait
    once: bool = False
    pause: Pause | None = None
    pause_repeated: Pause | None = None
    refresh_provider_token: bool = False
    new_generation: bool = False
    slow_down: bool = False
    tell: bool = False


_OUR_FAULT = Rule(Wait.NEVER, tell=True)
_TOPIC_FAULT = Rule(Wait.NEVER, pause=Pause.TOPIC, tell=True)
_CREDENTIAL_FAULT = Rule(Wait.HOLD, pause=Pause.CREDENTIAL, tell=True)

RULES: dict[str, Rule] = {
    "BadTopic": _TOPIC_FAULT,
    "MissingTopic": _TOPIC_FAULT,
    "TopicDisallowed": _TOPIC_FAULT,
    "BadCollapseId": _OUR_FAULT,
    "BadExpirationDate": _OUR_FAULT,
    "BadMessageId": _OUR_FAULT,
    "BadPriority": _OUR_FAULT,
    "InvalidPushType": _OUR_FAULT,
    "DuplicateHeaders": _OUR_FAULT,
    "MissingDeviceToken": _OUR_FAULT,
    "PayloadEmpty": _OUR_FAULT,
    "BadPath": _OUR_FAULT,
    "MethodNotAllowed": _OUR_FAULT,
    "PayloadTooLarge": _OUR_FAULT,
    "IdleTimeout": Rule(Wait.NOW, once=True, new_generation=True),
    "ExpiredProviderToken": Rule(Wait.NOW, once=True, refresh_provider_token=True, pause_repeated=Pause.CREDENTIAL),
    "InvalidProviderToken": _CREDENTIAL_FAULT,
    "MissingProviderToken": _CREDENTIAL_FAULT,
    "Forbidden": _CREDENTIAL_FAULT,
    "BadCertificate": _CREDENTIAL_FAULT,
    "BadCertificateEnvironment": _CREDENTIAL_FAULT,
    "BadEnvironmentKeyInToken": _CREDENTIAL_FAULT,
    "BadEnvironmentKeyIdInToken": _CREDENTIAL_FAULT,
    "UnrelatedKeyIdInToken": Rule(Wait.NOW, once=True, new_generation=True, pause_repeated=Pause.CREDENTIAL),
    "TooManyRequests": Rule(Wait.LANE),
    "TooManyProviderTokenUpdates": Rule(Wait.KEY_CHANGE, new_generation=True, tell=True),
    "InternalServerError": Rule(Wait.BACKOFF),
    "ServiceUnavailable": Rule(Wait.BACKOFF_OR_ASKED, slow_down=True),
    "Shutdown": Rule(Wait.NOW, new_generation=True),
    "INVALID_ARGUMENT": _OUR_FAULT,
    "THIRD_PARTY_AUTH_ERROR": _OUR_FAULT,
    "NOT_FOUND": _CREDENTIAL_FAULT,
    "PERMISSION_DENIED": _CREDENTIAL_FAULT,
    "UNAUTHENTICATED": Rule(Wait.NOW, once=True, refresh_provider_token=True, pause_repeated=Pause.CREDENTIAL),
    "QUOTA_EXCEEDED": Rule(Wait.QUOTA, slow_down=True),
    "RESOURCE_EXHAUSTED": Rule(Wait.QUOTA, slow_down=True),
    "INTERNAL": Rule(Wait.BACKOFF),
    "UNAVAILABLE": Rule(Wait.BACKOFF_OR_ASKED, slow_down=True),
}
"""What holds by the word; Apple's `BadDeviceToken`, `DeviceTokenNotForTopic` and 410 need the token's past, and so do
Firebase's `UNREGISTERED`, `SENDER_ID_MISMATCH` and a token that is none."""

_UNKNOWN_BY_STATUS: dict[int, Rule] = {
    # A key's scope shows as 403 under words that Apple adds: cards must not be lost to a new one.
    403: _CREDENTIAL_FAULT,
    429: Rule(Wait.LANE, tell=True),
}


def rule_for(status: int, word: str | None) -> Rule:
    """Give the rule of a reason, or that of the status's class when the reason is unknown."""
    if word is not None and (known := RULES.get(word)) is not None:
        return known
    if (by_status := _UNKNOWN_BY_STATUS.get(status)) is not None:
        return by_status
    if status >= 500:
        return Rule(Wait.BACKOFF_OR_ASKED, tell=True)
    return _OUR_FAULT
