"""Apple's list of an app's channels beside ours, as values: what nobody knows, what is missing, what was left."""

from collections.abc import Collection, Mapping
from uuid import UUID

import msgspec

from projections.channel import ChannelPhase


class MadeChannel(msgspec.Struct, frozen=True):
    """A channel that Apple made for us.

    Attributes:
        channel: Our id of it.
        channel_id: Apple's.
    """

    slot: int
    subject_id: str
    channel: UUID
    channel_id: str
    phase: ChannelPhase


class Difference(msgspec.Struct, frozen=True):
    """What differs.

    Attributes:
        unknown: Ids that Apple has and no row of ours.
        missing: Channels that carry cards, and that Apple has not.
        abandoned: Ids of channels that are gone for us, and that Apple has still.
    """

    unknown: tuple[str, ...]
    missing: tuple[MadeChannel, ...]
    abandoned: tuple[str, ...]


def compare(listed: Collection[str], before: Mapping[str, MadeChannel], after: Mapping[str, MadeChannel]) -> Difference:
    """Compare a list with what was known before it was asked for, and with what is known since it has come.

    What was made meanwhile is not missing, and what became known meanwhile is not unknown.

    Args:
        listed: Apple's ids.
        before: By Apple's id.
        after: Likewise.
    """
    there = frozenset(listed)
    return Difference(
        unknown=tuple(sorted(there - after.keys())),
        missing=tuple(
            each
            for channel_id, each in sorted(before.items())
            if channel_id not in there and each.phase is ChannelPhase.OPEN
        ),
        abandoned=tuple(sorted(each for each in there & after.keys() if after[each].phase is ChannelPhase.GONE)),
    )
