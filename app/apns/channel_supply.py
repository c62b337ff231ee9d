"""How many channels an app may still have: counted, and at Apple's limit not asked for in vain.

The limit is a pause that every claim reads, so all processes know of it. It is lifted when Apple has deleted a channel,
or ends by itself: somebody else may have deleted one.
"""

from datetime import datetime, timedelta
from typing import Final

import structlog

from app.apns.channel_verdict import ChannelOutcome
from projections.channel import MOST_CHANNELS, NO_MORE_CHANNELS, Channel
from projections.channel_plan import Check, Create, Delete
from projections.channel_store import ChannelStore
from projections.choice import Send
from projections.pause import CHANNELS
from projections.pauses import Pauses

log = structlog.get_logger()

NEARLY_ALL: Final = MOST_CHANNELS * 9 // 10
"""So many channels of an app are told to the operator before Apple refuses more."""


class ChannelSupply:
    """Keeps an app's channels within what Apple allows.

    Args:
        channels: Count those there are.
        pauses: Where it is written that there are no more.
        hold_seconds: How long Apple is not asked again.
    """

    def __init__(self, channels: ChannelStore, pauses: Pauses, *, hold_seconds: float) -> None:
        self._channels, self._pauses = channels, pauses
        self._hold = timedelta(seconds=hold_seconds)

    async def note(
        self,
        channel: Channel,
        decided: Create | Send | Delete | Check,
        outcome: ChannelOutcome,
        *,
        word: str,
        why: str,
        now: datetime,
    ) -> None:
        """Take up what became of a request.

        Args:
            channel: What it was about.
            decided: What was asked.
            outcome: What became of it.
            word: What Apple said.
            why: The same in words.
            now: The time of the claim.
        """
        key = f"{channel.app}/{channel.environment}"
        if isinstance(decided, Create):
            if outcome is ChannelOutcome.DONE:
                await self._count(channel)
            elif outcome is ChannelOutcome.UNAVAILABLE and word == NO_MORE_CHANNELS:
                await self._pauses.pause(CHANNELS, key, reason=why, until=now + self._hold)
        elif outcome is ChannelOutcome.GONE or (isinstance(decided, Delete) and outcome is ChannelOutcome.DONE):
            await self._pauses.resume(CHANNELS, key)

    async def _count(self, channel: Channel) -> None:
        counted = (await self._channels.count()).get((channel.app, channel.environment), 0) + 1
        if counted >= NEARLY_ALL:
            log.warning(
                "channels_run_out",
                app=channel.app,
                environment=channel.environment,
                channels=counted,
                most=MOST_CHANNELS,
            )
