"""Every reason APNs, or Firebase, gives for not taking a push, in plain words.

Source:
    Google, "FCM error codes". Apple, "Handling notification responses from APNs", November 2026. Apple's table spells
    `BadEnvironmentKeyIdInToken`; the wire has been seen to say `BadEnvironmentKeyInToken`. Both are here.
"""

import msgspec

from app.apns.answer import BAD_REGISTRATION_TOKEN
from projections.card import NO_KEY, NOT_MADE, NOT_SENT, UNFIT
from projections.explanation import Said


class Reason(msgspec.Struct, frozen=True):
    """A reason for a person to read.

    Attributes:
        word: as it stands on the wire.
        means: what APNs says by it.
        do: who acts, and how: `Operator: …`.
        then: who acts after that; None for nobody.
    """

    word: str
    status: int
    means: str
    do: str
    then: str | None = None


_OURS = "Operator, now: report this as a fault of Lockstep, with the apns-id."
_NONE = "Nobody: Lockstep sees to it."
_WRONG_ENVIRONMENT = (
    "The signing key belongs to the other environment.",
    "Operator, now: give Lockstep a key that serves this environment, then lift the pause.",
)

_APPLES = (
    Reason("BadCollapseId", 400, "The collapse id is longer than 64 bytes.", _OURS),
    Reason(
        "BadDeviceToken",
        400,
        "The address of the card or phone (its token) is not one of this environment's, or is damaged. Of Apple's two "
        "environments, sandbox serves test builds from Xcode, and production all others.",
        "Operator, now: ask the developer of the app to check that it reports its environment rightly.",
    ),
    Reason("BadExpirationDate", 400, "The expiration is not a time.", _OURS),
    Reason("BadMessageId", 400, "The apns-id is not a UUID.", _OURS),
    Reason("BadPriority", 400, "The priority is none that a Live Activity may have.", _OURS),
    Reason(
        "BadTopic",
        400,
        "The topic is malformed.",
        "Operator, now: check the bundle id in the settings and in what the app reports, then lift the pause.",
    ),
    Reason(
        "DeviceTokenNotForTopic",
        400,
        "The address of the card or phone (its token) belongs to another app.",
        "Operator, now: ask the developer of the app to check that it reports its own bundle id; the token is given up "
        "once this repeats.",
    ),
    Reason("DuplicateHeaders", 400, "A header was sent twice.", _OURS),
    Reason("IdleTimeout", 400, "The connection was idle for too long.", _NONE),
    Reason("InvalidPushType", 400, "The push type is none that Apple knows.", _OURS),
    Reason("MissingDeviceToken", 400, "The path holds no device token.", _OURS),
    Reason(
        "MissingTopic",
        400,
        "The topic is missing.",
        "Operator, now: check the bundle id in the settings, then lift the pause.",
    ),
    Reason("PayloadEmpty", 400, "The push has no body.", _OURS),
    Reason(
        "TopicDisallowed",
        400,
        "This key may not push to this app.",
        "Operator, now: check the bundle id, and in Apple's account which apps the key serves; then lift the pause.",
    ),
    Reason(
        "BadCertificate",
        403,
        "The certificate is not valid.",
        "Operator, now: Lockstep sends no certificate; look for a proxy between it and Apple.",
    ),
    Reason(
        "BadCertificateEnvironment",
        403,
        "The certificate belongs to the other environment.",
        "Operator, now: Lockstep sends no certificate; look for a proxy between it and Apple.",
    ),
    Reason(
        "ExpiredProviderToken",
        403,
        "What Lockstep signs in with (provider token) was signed more than an hour ago, by Apple's clock.",
        "Operator, if it repeats: set the clock of the server with Postgres.",
    ),
    Reason(
        "Forbidden",
        403,
        "The key may not do this.",
        "Operator, now: check the key in Apple's developer account, then lift the pause.",
    ),
    Reason(
        "InvalidProviderToken",
        403,
        "Apple does not accept what Lockstep signs in with (provider token): wrong team id, key id or key, or the key "
        "was revoked.",
        "Operator, now: compare team id and key id with Apple's developer account, then lift the pause.",
    ),
    Reason("MissingProviderToken", 403, "Lockstep did not sign in (no provider token).", _OURS),
    Reason(
        "UnrelatedKeyIdInToken",
        403,
        "The connection was opened with another key, unrelated to this one.",
        "Operator, if it repeats: check that one key serves the app.",
    ),
    Reason("BadEnvironmentKeyIdInToken", 403, *_WRONG_ENVIRONMENT),
    Reason("BadEnvironmentKeyInToken", 403, *_WRONG_ENVIRONMENT),
    Reason("BadPath", 404, "The path is not one of Apple's.", _OURS),
    Reason("MethodNotAllowed", 405, "The request was not a POST.", _OURS),
    Reason(
        "ExpiredToken",
        410,
        "The address of the card or phone (its token) has expired.",
        "Customer: open the app, which then reports a new one.",
    ),
    Reason(
        "Unregistered",
        410,
        "The address of the card or phone (its token) is no longer active: the card or the app was removed.",
        "Customer: open the app, which then reports a new one.",
    ),
    Reason(
        "PayloadTooLarge",
        413,
        "The push is larger than 4,096 bytes, the most that Apple takes.",
        "Operator, now: report this to the developer of Lockstep, with the apns-id.",
        "Developer of Lockstep: the card's content must be made smaller.",
    ),
    Reason(
        "TooManyProviderTokenUpdates",
        429,
        "What Lockstep signs in with (provider token) changed more than once in twenty minutes.",
        "Operator, now: check that all processes share one database, through which they share the token.",
    ),
    Reason("TooManyRequests", 429, "Too many pushes in a row went to this one card or phone.", _NONE),
    Reason("InternalServerError", 500, "Apple had an error of its own.", _NONE),
    Reason("ServiceUnavailable", 503, "Apple cannot take the push now.", _NONE),
    Reason("Shutdown", 503, "Apple is closing this connection.", _NONE),
)

_GOOGLES = (
    Reason("INVALID_ARGUMENT", 400, "Google does not take the message as it is.", _OURS),
    Reason(
        BAD_REGISTRATION_TOKEN,
        400,
        "What the app reported as its registration token is none of Firebase's.",
        "Operator, now: ask the developer of the app to check what it reports as fcmToken.",
    ),
    Reason("THIRD_PARTY_AUTH_ERROR", 401, "The token is not one of a phone with Android.", _OURS),
    Reason(
        "UNAUTHENTICATED",
        401,
        "Google does not accept what Lockstep signs in with (access token).",
        "Operator, if it repeats: check the service account in the settings; then lift the pause.",
    ),
    Reason(
        "PERMISSION_DENIED",
        403,
        "The service account may not send messages in this project.",
        "Operator, now: give it the role Firebase Cloud Messaging API Admin, and switch that API on; then lift the "
        "pause.",
    ),
    Reason(
        "SENDER_ID_MISMATCH",
        403,
        "The phone's registration token belongs to another Firebase project.",
        "Operator, now: check that the service account in the settings is of the project that the app is built with; "
        "the token is given up once this repeats.",
    ),
    Reason(
        "NOT_FOUND",
        404,
        "Google does not know the project.",
        "Operator, now: check the project id in the service account; then lift the pause.",
    ),
    Reason(
        "UNREGISTERED",
        404,
        "The phone's registration token is no longer valid: the app was removed, or has another token.",
        "Customer: open the app, which then reports a new one.",
    ),
    Reason("QUOTA_EXCEEDED", 429, "Too many messages went to this phone, or to all of the project's.", _NONE),
    Reason("RESOURCE_EXHAUSTED", 429, "Too many messages went to all phones of the project.", _NONE),
    Reason("INTERNAL", 500, "Google had an error of its own.", _NONE),
    Reason("UNAVAILABLE", 503, "Google cannot take the message now.", _NONE),
)

APPLES: dict[str, Reason] = {reason.word: reason for reason in _APPLES}
GOOGLES: dict[str, Reason] = {reason.word: reason for reason in _GOOGLES}
REASONS: dict[str, Reason] = APPLES | GOOGLES
"""The tables by the word on the wire."""


def explain(status: int, word: str | None) -> Reason:
    """Give a reason in plain words, also for one that Apple's table does not have.

    Args:
        status: the HTTP status.
        word: as it stood on the wire; `None` when the body named none.
    """
    if word is not None and (known := REASONS.get(word)) is not None:
        return known
    named = f"a reason we do not know, {word!r}" if word else "no reason"
    return Reason(
        word or "",
        status,
        f"Apple answered {status} with {named}.",
        "Operator, if it repeats: look it up in Apple's documentation, and report it as a fault of Lockstep.",
    )


_STATUSES = frozenset(str(status) for status in range(200, 600))
_WITHOUT_ANSWER: dict[str, Said] = {
    NOT_SENT: Said("The push could not be handed to Apple: no connection, or it was closed first.", None),
    "no answer": Said("The push left, and Apple gave no answer.", None),
    UNFIT: Said("The push was not sent, because Apple would have refused it.", _OURS),
    NO_KEY: Said("No signing key serves the app in this environment.", "Operator, now: see to that setting."),
    NOT_MADE: Said("The push could not be made.", _OURS),
    "": Said("The push has not been sent yet.", None),
}


def reason_of(word: str) -> str:
    """Give a word that `said` gives, if it is of our tables: whatever else a peer makes up is `other`."""
    return word if word in REASONS or word in _WITHOUT_ANSWER or word in _STATUSES else "other"


def explain_last(word: str) -> Said:
    """Tell what a card's `last_answer` means and what a person should do, for every word that `said` gives."""
    if word in _WITHOUT_ANSWER:
        return _WITHOUT_ANSWER[word]
    if word in REASONS or word.isdecimal():
        reason = REASONS[word] if word in REASONS else explain(int(word), None)
        who = "Google" if word in GOOGLES else "Apple"
        named = f"{who} answered {word}: {reason.means}" if word in REASONS else reason.means
        steps = [reason.do] if reason.then is None else [reason.do, reason.then]
        return Said(named, None if reason.do == _NONE else "\n".join(steps))
    return Said(f"Apple gave a reason that Lockstep does not know: {word}.", explain(0, word).do)
