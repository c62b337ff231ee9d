"""The reconciler: compares Apple's list of an app's channels with ours, rarely, and after a channel may have been lost.

A request to make a channel that got no answer, or whose process died, may leave one behind that nobody uses and that
counts against Apple's 10,000. Apple lists ids alone, and anybody with a key of the team may make channels of an app. So
what no row of ours has is listed for people, and deleted where they said so; and what a row of ours has that is gone,
was ours for certain, and is deleted. What our rows have and the list has not is asked for by the broadcaster, one by
one, before its cards are replaced.
"""

import asyncio
import random
import time
from collections.abc import Callable, Collection
from typing import Final
from uuid import uuid4

import msgspec
import structlog

from app.apns import channel_request
from app.apns.answer import Answer
from app.apns.channel_asking import Outcome, act_upon, ask
from app.apns.channel_request import ChannelRequest
from app.apns.channel_verdict import ChannelOutcome, ChannelVerdict, judge_channel
from app.apns.credentials import Credentials, no_key
from app.apns.dispatch_rules import DispatchRules
from app.apns.request import Environment
from app.apns.shared_token import SharedProviderToken
from app.apns.transports import ChannelTransport
from events.errors import StoreUnavailableError
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.waiting import first_of
from projections.channel import UnknownChannels
from projections.channel_list import compare
from projections.channel_list_store import ChannelListStore, ClaimedList, Looked

log = structlog.get_logger()

AGAIN_SECONDS: Final = 60.0
"""When it is looked again where Apple did not answer, or where a request under way may yet make a channel known."""


class _List(msgspec.Struct, frozen=True):
    channels: list[str]


_read_list: Final = msgspec.json.Decoder(_List).decode


class ChannelReconciler:
    """Compares lists.

    Args:
        pool: Connections; one is used at a time.
        management: Lists and deletes channels.
        credentials: Authorise.
        announce: Called with slots of channels that are due again; must not block.
        unknown: What becomes of what nobody knows.
        rules: Thresholds.
        dice: Draws the jitter.
    """

    def __init__(
        self,
        pool: Pool,
        management: ChannelTransport,
        credentials: Credentials,
        announce: Callable[[Collection[int]], None],
        *,
        unknown: UnknownChannels = "keep",
        rules: DispatchRules | None = None,
        dice: random.Random | None = None,
    ) -> None:
        self._management, self._credentials, self._announce = management, credentials, announce
        self._unknown = unknown
        self._rules = rules or DispatchRules()
        self._dice = dice or random.Random()  # noqa: S311 - jitter
        self._lists = ChannelListStore(pool)

    async def run(self, stop: asyncio.Event) -> None:
        """Reconcile until told to stop; what is asked is waited for."""
        while not stop.is_set():
            try:
                if await self.reconcile_some():
                    continue
            except StoreUnavailableError as error:
                log.warning("reconciler_waits_for_postgres", reason=str(error))
            await first_of(stop, seconds=self._rules.poll)

    async def reconcile_some(self) -> bool:
        """Look at the list that is due the longest; False: none is.

        Raises:
            StoreUnavailableError: Postgres is away; the lease runs out, and all is done again.
        """
        claimed_monotonic = time.monotonic()
        with translated():
            claimed = await self._lists.claim(lease_seconds=self._rules.lease, keys=self._credentials.routes)
            if claimed is None:
                return False
            await self._lists.settle(claimed, await self._look(claimed, claimed_monotonic))
        return True

    async def _look(self, claimed: ClaimedList, claimed_monotonic: float) -> Looked:
        app, environment = claimed.app, Environment(claimed.environment)
        token = self._credentials.find(app, environment)
        if token is None:
            return Looked(again_seconds=self._rules.channel_list, outcome="failed", why=no_key(app, environment))
        # what is known before the list is asked for was made before: it must be in it
        before = await self._lists.carrying(app, environment)
        request = channel_request.list_all(environment, app, request_id=uuid4())
        outcome, verdict = await self._ask(claimed, request, token)
        if not isinstance(outcome, Answer) or verdict.outcome is not ChannelOutcome.DONE:
            return self._failed(verdict)
        try:
            listed = _read_list(outcome.body).channels
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            log.error("channel_list_unreadable", app=app, environment=environment, error=type(error).__name__)  # noqa: TRY400 - a bug, or Apple's change
            why = "Apple's list of channels could not be read."
            return Looked(again_seconds=self._rules.channel_list, outcome="failed", why=why)
        found = compare(listed, before, await self._lists.known(app, environment, listed))
        await self._lists.note(app, environment, found.unknown)
        if found.missing:
            self._announce(await self._lists.miss(found.missing))
        unknown = await self._lists.unknown(app, environment)
        wanted = [each for each in unknown if self._unknown == "delete" or each.delete_asked_at is not None]
        if unknown and not wanted:
            log.warning("unknown_channels", app=app, environment=environment, channels=len(unknown))
        doomed = [*found.abandoned, *(each.channel_id for each in wanted if each.certain)]
        for channel_id in doomed:
            if self._rules.lease - (time.monotonic() - claimed_monotonic) <= self._rules.deadline:
                why = "More channels are to be deleted than there was time for."
                return Looked(again_seconds=0.0, outcome="postponed", why=why, channels=len(listed))
            verdict = await self._delete(claimed, channel_id, token)
            if verdict.outcome not in (ChannelOutcome.DONE, ChannelOutcome.GONE):
                return self._failed(verdict, channels=len(listed))
            await self._lists.drop(app, environment, channel_id)
        uncertain = any(not each.certain for each in wanted)
        return Looked(
            again_seconds=self._soon if uncertain else self._rules.channel_list,
            outcome="accepted",
            why=f"{len(listed)} channels are at Apple, {len(unknown)} of them unknown; {len(doomed)} were deleted.",
            channels=len(listed),
        )

    async def _delete(self, claimed: ClaimedList, channel_id: str, token: SharedProviderToken) -> ChannelVerdict:
        environment = Environment(claimed.environment)
        request = channel_request.delete(environment, claimed.app, channel_id=channel_id, request_id=uuid4())
        _, verdict = await self._ask(claimed, request, token)
        return verdict

    async def _ask(
        self, claimed: ClaimedList, request: ChannelRequest, token: SharedProviderToken
    ) -> tuple[Outcome, ChannelVerdict]:
        now, rules = claimed.now, self._rules
        bearer = await token.bearer(now.timestamp())
        outcome = await ask(self._management, request, token, bearer, deadline_seconds=rules.deadline)
        verdict = judge_channel(outcome, attempt=1, jitter=self._dice.random(), same_before=0, settings=rules.verdicts)
        act_upon(verdict, self._management, request, token, bearer, now)
        return outcome, verdict

    @property
    def _soon(self) -> float:
        return min(AGAIN_SECONDS, self._rules.channel_list)

    def _failed(self, verdict: ChannelVerdict, *, channels: int | None = None) -> Looked:
        """Look again when the verdict says, or in turn."""
        again = verdict.retry_after_seconds
        return Looked(
            again_seconds=self._rules.channel_list if again is None else max(again, self._soon),
            outcome="retrying" if verdict.outcome is ChannelOutcome.RETRY else "failed",
            why=verdict.why,
            channels=channels,
        )
