"""A channel's row as a value: what carries the updates of all cards that follow it, by one push each."""

from datetime import datetime
from enum import StrEnum
from typing import Final, Literal
from uuid import UUID

import msgspec

from projections.newcomer import again_seconds

Carrier = Literal["token", "channel", "channel_for_many", "channel_if_silent"]
"""What carries the updates of a card: a token of its own; a channel, where the phone can; that where its subject is for
an audience; or where the app told nothing of the card before, so that no token can be had."""

UnknownChannels = Literal["keep", "delete"]
"""What becomes of channels that Apple lists and that no row of ours has, where nobody has said so of one."""

Storage = Literal["none", "latest"]
"""What APNs keeps for a phone that is offline: nothing, or the newest message, which may be published less often."""

CHANNELS_SINCE: Final = (18, 0)
"""The first iOS whose cards can follow a channel; on an older one a start that names one shows nothing."""

MOST_CHANNELS: Final = 10_000
"""Apple's limit, for an app in an environment."""

NO_MORE_CHANNELS: Final = "CannotCreateChannelConfig"
NOT_ENABLED: Final = "FeatureNotEnabled"


class ChannelPhase(StrEnum):
    """How far a channel is.

    Attributes:
        WANTED: Cards wait for it.
        CREATING: APNs is asked for it; whether it made one is not known.
        OPEN: It has Apple's id, and carries updates.
        CLOSING: Nobody follows it; it is deleted unless somebody does.
        ENDED: It has carried the end of its cards.
        GONE: It is deleted, or was not needed after all, or is lost.
    """

    WANTED = "wanted"
    CREATING = "creating"
    OPEN = "open"
    CLOSING = "closing"
    ENDED = "ended"
    GONE = "gone"


class ChannelState(msgspec.Struct, frozen=True, kw_only=True):
    """What the plan of a card must know of a channel.

    Attributes:
        channel: Our id of it.
        channel_id: Apple's; None until it was made.
        lost: APNs knows it no more, though nobody deleted it.
        last_answer: What APNs said last of it that was not good.
        why: What became of it last, in words.
        accepted_version: What APNs accepted last for it, or its cards were started with, at least.
    """

    channel: UUID
    app: str
    environment: str
    attributes_type: str
    phase: ChannelPhase
    channel_id: str | None
    lost: bool
    last_answer: str | None
    why: str | None = None
    accepted_version: int | None = None
    accepted_hash: bytes | None = None
    accepted_at: datetime | None = None
    considered_version: int = 0

    @property
    def is_open(self) -> bool:
        """Tell whether cards may be started that follow it."""
        return self.phase is ChannelPhase.OPEN and self.channel_id is not None

    @property
    def was_deleted(self) -> bool:
        """Tell whether it is gone because we deleted it."""
        return self.phase is ChannelPhase.GONE and not self.lost

    @property
    def unavailable(self) -> bool:
        """Tell whether Apple makes no channel: its limit is reached, or the app may not have any."""
        return self.channel_id is None and self.last_answer in (NO_MORE_CHANNELS, NOT_ENABLED)


class Channel(msgspec.Struct, frozen=True, kw_only=True):
    """A channel as claimed.

    Attributes:
        debt: The number of reasons to look that had been given when it was claimed.
        timestamp_used: The highest timestamp that any push on it may have carried.
        alerted_version: Alerts up to this version have been spoken.
        accepted_hash: Hash of the content state that APNs accepted last.
        freshness: The level that the content state told last that APNs accepted; None for none yet.
        followed: A card that is not over has it, or waits to be started.
        asked_to_end: A person wants every card that follows it to end.
        asked_again: A person wants it to say again what it said last.
        crossed_at: When a start was accepted that carried something else than was published about then: its phone may
            have come too late for that. None: there is none.
        missing: Apple's list of channels lacked it.
        behind: Its cards show less than has happened: a fold that is under way may not know of it, if it is new.
        attempts: Failures in a row.
        last_answer: What APNs, or the way there, said of the last request that was not good.
        same_answers: How often in a row it said so.
    """

    slot: int
    subject_id: str
    channel: UUID
    app: str
    environment: str
    attributes_type: str
    generation: int
    storage: Storage
    created_at: datetime
    debt: int
    phase: ChannelPhase
    channel_id: str | None
    lease: int
    timestamp_used: int
    alerted_version: int
    accepted_version: int | None
    accepted_hash: bytes | None
    accepted_at: datetime | None
    freshness: str | None
    attempts: int
    last_answer: str | None
    same_answers: int
    followed: bool
    asked_to_end: bool
    asked_again: bool
    crossed_at: datetime | None
    missing: bool = False
    behind: bool = False

    def answered_before(self, word: str) -> int:
        """Tell how often in a row the last requests were answered by this word."""
        return self.same_answers if word == self.last_answer else 0


class ChannelSettlement(msgspec.Struct, frozen=True, kw_only=True):
    """What a lease of a channel leaves behind.

    Attributes:
        due_at: When to look again without a new reason.
        block_seconds: How long nothing may be asked, whatever comes.
        channel_id: Apple's, of one that was made.
        alerted_version: Alerts up to this version have been spoken, or may have been; None: as it was when the channel
            was claimed, for what provably failed was not heard.
        published_at: When the push was begun that APNs accepted; None when none was.
        lost: As `ChannelState.lost`.
        seen: APNs has shown that it is there, or cannot be asked.
        tell_waiting: The cards that wait for the channel must be planned anew, and
        tell_members: those that follow it.
    """

    channel: Channel
    phase: ChannelPhase
    considered_version: int
    outcome: str
    why: str
    due_at: datetime | None = None
    block_seconds: float | None = None
    channel_id: str | None = None
    timestamp_used: int = 0
    alerted_version: int | None = None
    accepted_version: int | None = None
    accepted_hash: bytes | None = None
    published_at: datetime | None = None
    freshness: str | None = None
    attempts: int = 0
    last_answer: str | None = None
    same_answers: int = 0
    lost: bool = False
    seen: bool = False
    tell_waiting: bool = False
    tell_members: bool = False

    @property
    def look_seconds(self) -> float | None:
        """Say how soon the channel is looked at again at the latest, because somebody may not know of it."""
        return again_seconds(self.channel.lease) if self.channel.behind else None

    @property
    def wakes_waiting(self) -> bool:
        """Tell whether the cards that wait must know: also where a channel stays open that was to be closed."""
        return self.tell_waiting or (self.channel.phase is ChannelPhase.CLOSING and self.phase is ChannelPhase.OPEN)
