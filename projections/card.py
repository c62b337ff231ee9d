"""A card's row as a value: what it is, what its phone said, and what we did about it."""

from datetime import datetime, timedelta
from enum import IntEnum, StrEnum
from uuid import UUID

import msgspec

from projections.newcomer import again_seconds

LIFETIME = timedelta(hours=8)
ANDROID_LIFETIME = timedelta(days=28)
"""Android ends nothing by itself; for so long Firebase may keep what ends a card, for a phone that is away."""
OTHER = "other"
"""The starter of a card that was taken over from another backend."""
FCM = "fcm"
"""The environment of Android phones: Firebase Cloud Messaging has one."""


class Phase(StrEnum):
    """How far a card is, as the dispatcher knows it; what the phone reported stands beside it."""

    WANTED = "wanted"
    STARTING = "starting"
    SHOWN = "shown"
    ENDING = "ending"
    OVER = "over"


class Lane(IntEnum):
    """In which order cards in debt are claimed: bulk may be very much at once, and has a share only."""

    URGENT = 0
    BULK = 1


class Kind(StrEnum):
    """What a push does to its card; an alert does nothing to it, and tells the news in its place."""

    START = "start"
    UPDATE = "update"
    END = "end"
    ALERT = "alert"


class Intent(msgspec.Struct, frozen=True):
    """What was about to be sent, written before it was.

    Attributes:
        alert: The version up to which its alert spoke; None when it had none.
        timestamp: Unix seconds, as in the payload.
        recall: It takes the card from a phone that changed hands, or because its order was moved.
        channel: What a start makes the card follow.
    """

    kind: Kind
    version: int
    alert: int | None
    timestamp: int
    apns_id: UUID
    at: datetime
    recall: bool = False
    channel: UUID | None = None


class Card(msgspec.Struct, frozen=True, kw_only=True):
    """One start on one phone.

    Attributes:
        debt: The number of reasons to look that had been given when the card was claimed.
        lease_ran_out: The worker before us vanished: what it sent, if anything, has no known answer.
        timestamp_used: The highest timestamp that any push may have carried.
        alerted_version: Alerts up to this version have been spoken.
        accepted_hash: Hash of the content state that APNs accepted last.
        refused_hash: Blind index of the update token that APNs refused.
        suspect_hash: Blind index of a token that APNs refused once, with a reason to try it again.
        replaced: A newer card of the same subject is on the phone.
        next_generation: A newer card of the same subject is at least wanted.
        attempts: Failures in a row.
        restarts: Starts that were sent again after an answer was lost.
        last_answer: What APNs, or the way there, said of the last push that was not accepted.
        same_answers: How often in a row it said so.
        recalled: The card is being taken back, from a phone that changed hands or because its order was moved: nothing
            brings it back, and another may follow.
        unreported: The start was accepted, and so late it is certain that the app does not tell of the card.
        tried_hash: Blind index of the token for which the other environment was tried, or is to be.
        tried_environment: That environment.
        channel: What it follows, in the place of an update token.
        freshness: The level that the content state told last that APNs accepted; None for none yet.
        asked: What a person asks for, if it has not been done: `end`, or `resend`.
        behind: It is new, and shows less than has happened: a fold that is under way may not know of it.
    """

    slot: int
    subject_id: str
    card_id: UUID
    device_id: str
    customer_id: str | None
    app: str
    environment: str
    attributes_type: str
    generation: int
    starter: str
    created_at: datetime
    debt: int
    lease: int
    lease_ran_out: bool
    phase: Phase
    activity_id: str | None
    reported_state: str | None
    reported_at: datetime | None
    token_hash: bytes | None
    token_registered_at: datetime | None
    replaced: bool
    timestamp_used: int
    alerted_version: int
    intent: Intent | None
    accepted_version: int | None
    accepted_hash: bytes | None
    started_at: datetime | None
    refused_hash: bytes | None
    suspect_hash: bytes | None
    attempts: int
    restarts: int
    next_generation: bool
    last_answer: str | None
    same_answers: int
    recalled: bool
    unreported: bool
    tried_hash: bytes | None
    tried_environment: str | None
    asked: str | None
    freshness: str | None
    channel: UUID | None = None
    behind: bool = False

    def answered_before(self, word: str) -> int:
        """Tell how often in a row the last pushes were answered by this word."""
        return self.same_answers if word == self.last_answer else 0

    def was_tried_elsewhere(self, token_hash: bytes | None) -> bool:
        """Tell whether the other environment was tried for this token value, or is to be."""
        return self.tried_hash is not None and self.tried_hash == token_hash

    @property
    def has_token(self) -> bool:
        """Tell whether there is an update token that APNs has not refused."""
        return self.token_hash is not None and self.token_hash != self.refused_hash

    @property
    def ends_by_itself_at(self) -> datetime:
        """Tell when the phone ends the card at the latest, if it ever had it."""
        # a card that the app started in our place may have been wanted for hours before
        known_at = self.intent.at if self.intent is not None else self.reported_at
        return (self.started_at or known_at or self.created_at) + self.lifetime

    @property
    def is_android(self) -> bool:
        """Tell whether it is a notification on a phone with Android.

        Each push there holds all of it and replaces the one before, so any may be sent again, a start too; and all
        pushes of a phone go to one token.
        """
        return self.environment == FCM

    @property
    def lifetime(self) -> timedelta:
        """Give how long a phone keeps the card, if nothing ends it."""
        return ANDROID_LIFETIME if self.is_android else LIFETIME

    @property
    def is_on_phone(self) -> bool:
        """Tell whether the phone itself said that it has the card."""
        told_token = self.token_hash is not None and not self.is_android
        return self.reported_state in ("starting", "active") or told_token

    @property
    def is_the_apps(self) -> bool:
        """Tell whether the app, or another backend, has started the card, as it thought right."""
        return self.starter in ("app", OTHER) and self.is_on_phone

    @property
    def is_silent(self) -> bool:
        """Tell whether APNs accepted the card's start, and its app told nothing of it; on Android none has to."""
        return not self.is_on_phone and self.accepted_version is not None and not self.is_android

    @property
    def is_gone(self) -> bool:
        """Tell whether the phone said that the card was dismissed or has ended."""
        return self.reported_state in ("dismissed", "ended")


class Settlement(msgspec.Struct, frozen=True, kw_only=True):
    """What a lease leaves behind.

    Attributes:
        due_at: When to look again without a new reason.
        block_seconds: How long nothing may be sent, whatever comes.
        timestamp_used: The timestamp that a push carried, 0 for none.
        intent_stands: The intent's answer is unknown.
        recalled: The card is over because the phone changed hands or its order was moved; another may follow.
        next_card_id: The card of the next generation, to be added.
        last_answer: As on the card.
        same_answers: As on the card.
        unreported: As on the card, and from now on.
        start_unused: A start that was taken from the phone's budget did not reach it.
        urgent: A push of priority 10 went to the phone, which counts it.
        freshness: As on the card; None leaves it.
        tried_hash: As on the card.
        tried_environment: As on the card; the next push goes there.
    """

    card: Card
    phase: Phase
    considered_version: int
    outcome: str
    why: str
    due_at: datetime | None = None
    block_seconds: float | None = None
    timestamp_used: int = 0
    alerted_version: int = 0
    intent_stands: bool = False
    accepted_version: int | None = None
    accepted_hash: bytes | None = None
    started: bool = False
    refused_hash: bytes | None = None
    suspect_hash: bytes | None = None
    attempts: int = 0
    recalled: bool = False
    next_card_id: UUID | None = None
    last_answer: str | None = None
    same_answers: int = 0
    unreported: bool = False
    start_unused: bool = False
    urgent: bool = False
    freshness: str | None = None
    tried_hash: bytes | None = None
    tried_environment: str | None = None

    @property
    def look_seconds(self) -> float | None:
        """Say how soon the card is looked at again at the latest, because somebody may not know of it."""
        return again_seconds(self.card.lease) if self.card.behind else None

    @property
    def has_failed(self) -> bool:
        """Tell whether the card stands still, and a repetition does not mend that."""
        return self.outcome == FAILED and self.phase is not Phase.OVER


FAILED = "failed"
"""The outcome of a card whose push APNs refused for what it holds, or that could not be made."""
NOT_MADE = "not made"
"""Stands for the word of APNs, of a card that could not be planned or rendered."""
UNFIT = "preflight"
NO_KEY = "no key"
"""Stand for it too, of pushes that were not let out; the card's `why` says what was wrong with them."""
NOT_SENT = "not sent"
"""Stands for it of pushes that provably did not get to APNs."""
