"""The announcer: tells apps in the background which pictures to fetch and delete; never in the way of a card.

A phone is in debt while what it should fetch or delete may differ from what it was told. Whoever changes that, a plan
of a card, a report of the app or the manifest, raises the debt with the change; the announcer takes it under a lease,
compares, and sends one push for all that is new, within what iOS lets an app be woken. A worker that dies leaves the
debt. The same look finds cards that refer to other pictures than their phone has, and puts them in debt.

Source:
    Apple, "Pushing background updates to your App": priority 5, `content-available` alone, two or three an hour.
"""

import asyncio
import random
import time
from collections.abc import Callable, Collection
from datetime import timedelta
from typing import Final, NamedTuple
from uuid import uuid4

import structlog
from msgspec.structs import replace

from app.apns import payload
from app.apns.answer import Answer
from app.apns.credentials import Credentials, no_key
from app.apns.dispatch_rules import DispatchRules
from app.apns.errand import TO_TELL, errand_of, refused, was_told
from app.apns.errors import Ambiguous, NotSent
from app.apns.judge import judge, said
from app.apns.operator_call import call_operator
from app.apns.preflight import MOST_BODY_BYTES, preflight
from app.apns.push_count import count_judged
from app.apns.request import ApnsRequest, Environment, PushKind, PushType, build
from app.apns.rules import Pause
from app.apns.sender import pause_key
from app.apns.shared_token import SharedProviderToken
from app.apns.traced_push import woken_of
from app.apns.transports import PushTransport
from app.apns.verdict import Outcome, TokenAction, Verdict
from app.tracing.span import Pushed
from events.errors import StoreUnavailableError
from events.postgres.doorbell import Ring
from events.postgres.errors import translated
from events.postgres.pool import Pool
from events.sealing import Keyring
from events.waiting import first_of
from projections.card_store import CardStore
from projections.pauses import Pauses
from projections.picture_debt import ClaimedPhone, DeviceToken, Told
from projections.picture_store import PictureStore, read_albums, read_uses
from projections.pictures import Use, Wanted

log = structlog.get_logger()

BATCH: Final = 100
TOLD_AT_ONCE: Final = 500
AWAY_SECONDS: Final = 0.5
COLLAPSE_ID: Final = "lockstep-pictures"
NOT_KEPT: Final = 0
"""APNs keeps one push for an app on a phone that is away: it is to be a card's, not this one."""


class _Seen(NamedTuple):
    """What a phone should do, and the subjects whose cards wait for pictures that it lacks."""

    wanted: Wanted
    waiting: Collection[str]


class Announcer:
    """Tells apps of pictures.

    Args:
        pool: Connections; one is used at a time, and one more for what an answer says of a token.
        keyring: Opens tokens.
        transport: Sends.
        credentials: Authorise.
        announce: Called with slots of cards that are due again; must not block.
        note: Called with what became of each push; must not block.
        rules: Thresholds.
        dice: Draws the jitter.
    """

    def __init__(
        self,
        pool: Pool,
        keyring: Keyring,
        transport: PushTransport,
        credentials: Credentials,
        announce: Callable[[Collection[int]], None],
        *,
        note: Callable[[Pushed], None],
        rules: DispatchRules | None = None,
        dice: random.Random | None = None,
    ) -> None:
        self._pool = pool
        self._keyring = keyring
        self._transport = transport
        self._credentials = credentials
        self._announce = announce
        self._note = note
        self._rules = rules or DispatchRules()
        self._dice = dice or random.Random()  # noqa: S311 - jitter
        self._store = PictureStore(pool)
        self._cards = CardStore(pool)
        self._pauses = Pauses(pool)
        self._work = asyncio.Event()

    def hear(self, ring: Ring) -> None:
        """Take a hint."""
        if ring.pictures or ring.settings:
            self._work.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Announce until told to stop; what is in flight is finished."""
        while not stop.is_set():
            self._work.clear()
            try:
                if await self.announce_some():
                    continue
            except StoreUnavailableError as error:
                log.warning("announcer_waits_for_postgres", reason=str(error))
                await first_of(stop, seconds=AWAY_SECONDS)
                continue
            await first_of(stop, self._work, seconds=self._rules.poll)

    async def announce_some(self) -> bool:
        """Look at the next phones in debt, and tell those that are to be told; False: there are none.

        Raises:
            StoreUnavailableError: Postgres is away; the leases of what was begun run out.
        """
        claimed_monotonic = time.monotonic()
        with translated():
            more = await self._store.tell_some(TOLD_AT_ONCE)
            claimed = await self._store.claim(
                most=BATCH,
                lease_seconds=self._rules.lease,
                keys=self._credentials.routes,
                away=sorted(self._transport.unreachable()),
            )
            if not claimed:
                return more
            seen, astray = await self._look(claimed)
            if astray:
                self._announce(await self._store.wake_cards(astray))
            dropping = [(each.device_id, held) for each in claimed for held in seen[each.device_id].wanted.drop]
            if dropping:
                await self._store.mark_dropping(dropping)
        told = await asyncio.gather(
            *(self._tell_one(each, seen[each.device_id], claimed_monotonic) for each in claimed)
        )
        with translated():
            await self._store.settle(told)
        return True

    async def _look(self, claimed: Collection[ClaimedPhone]) -> tuple[dict[str, _Seen], list[Use]]:
        """Read what phones should do, and which cards refer to other pictures than their phone has."""
        devices = [each.device_id for each in claimed]
        async with self._pool.acquire() as connection:
            uses = await read_uses(connection, devices)
            albums = await read_albums(connection, devices, {use.key for each in uses.values() for use in each})
        seen: dict[str, _Seen] = {}
        astray: list[Use] = []
        for each in claimed:
            album, theirs = albums[each.device_id], uses[each.device_id]
            wanted = album.wanted(theirs, each.now)
            sought = {asset.key for asset in wanted.fetch}
            # what the manifest has changed for a card that had a picture before is no event's doing
            waiting = sorted({use.subject_id for use in theirs if use.key in sought and use.ref is None})
            seen[each.device_id] = _Seen(wanted, waiting)
            refs = album.refs({use.key for use in theirs})
            astray += [use for use in theirs if use.until > each.now and refs.get(use.key) != use.ref]
        return seen, astray

    async def _tell_one(self, phone: ClaimedPhone, seen: _Seen, claimed_monotonic: float) -> Told:
        """Tell one app, or say that it cannot be done: a bug must stop one phone, not its whole batch."""
        try:
            return await self._tell(phone, seen, claimed_monotonic)
        except Exception as error:  # noqa: BLE001 - told, and tried again
            log.error("announcement_failed", error=type(error).__name__)  # noqa: TRY400 - a traceback may quote values
            return Told(
                phone=phone,
                due_at=phone.now + timedelta(seconds=self._rules.plan.failed_again),
                fetch=phone.told_fetch,
                drop=phone.told_drop,
                times=phone.told_times,
                outcome="failed",
                why=f"The app could not be told ({type(error).__name__}): a bug; it is tried again in an hour.",
            )

    async def _tell(self, phone: ClaimedPhone, seen: _Seen, claimed_monotonic: float) -> Told:
        """Tell one app what is new, if anything is and iOS would let it in; give what to settle."""
        quiet = errand_of(phone, seen.wanted, self._rules.pictures)
        if quiet.outcome != TO_TELL or phone.app is None or phone.token is None:
            return quiet
        told = await self._send(phone, phone.app, phone.token, seen, quiet, claimed_monotonic)
        return was_told(told, seen.wanted, self._rules.pictures) if told.now_told else told

    async def _send(
        self,
        phone: ClaimedPhone,
        app: str,
        device_token: DeviceToken,
        seen: _Seen,
        quiet: Told,
        claimed_monotonic: float,
    ) -> Told:
        """Send the push and give what became of it; everything else stays as it was."""
        now, environment = phone.now, Environment(device_token.environment)
        token = self._credentials.find(app, environment)
        if token is None:
            hold = now + timedelta(seconds=self._rules.verdicts.hold)
            return replace(quiet, due_at=hold, outcome="rejected", why=f"Not sent: {no_key(app, environment)}")
        try:
            opened, bearer = self._keyring.open_token(device_token.sealed), await token.bearer(now.timestamp())
        except StoreUnavailableError:
            return replace(quiet, due_at=now, outcome="postponed", why="Nothing was begun in time.")
        request = build(
            environment=environment,
            app=app,
            token=opened,
            apns_id=uuid4(),
            priority=5,
            expiration=NOT_KEPT,
            payload=payload.background(
                fetch=[payload.Fetch(each.ref, each.url, each.sha256, each.size_bytes) for each in seen.wanted.fetch],
                drop=[each.ref for each in seen.wanted.drop],
                most_bytes=MOST_BODY_BYTES,
            ),
            push_type=PushType.BACKGROUND,
            collapse_id=COLLAPSE_ID,
        )
        problem = preflight(request)
        if problem is not None:
            call_operator(environment, f"{problem.why}.", app=app)
            return replace(quiet, outcome="rejected", why=f"Not sent: {problem.why}.")
        if self._rules.lease - (time.monotonic() - claimed_monotonic) <= self._rules.deadline:
            return replace(quiet, due_at=now, outcome="postponed", why="Nothing was begun in time.")
        began = time.monotonic()
        outcome: Answer | NotSent | Ambiguous
        try:
            outcome = await self._transport.send(
                request, credential=token.credential, bearer=bearer, deadline_seconds=self._rules.deadline
            )
        except (NotSent, Ambiguous) as error:
            outcome = error.with_traceback(None)
        verdict = judge(
            outcome,
            kind=PushKind.BACKGROUND,
            attempt=phone.attempts + 1,
            jitter=self._dice.random(),
            token_registered_at=device_token.registered_at,
            other_environment_tried=True,
            settings=self._rules.verdicts,
        )
        if isinstance(outcome, Answer) and outcome.status != 410:
            # a token may be right for cards' notifications, which try the other environment
            verdict = replace(verdict, token=TokenAction.KEEP)
        count_judged(environment, PushKind.BACKGROUND, verdict, word=said(outcome))
        sent_at = now + timedelta(seconds=began - claimed_monotonic)
        answered_at = now + timedelta(seconds=time.monotonic() - claimed_monotonic)
        for each in woken_of(phone, environment, seen.waiting, verdict, said(outcome), sent_at, answered_at):
            self._note(each)
        await self._act(verdict, phone, device_token, request, token, bearer)
        if verdict.outcome is Outcome.ACCEPTED:
            return replace(quiet, now_told=True, outcome="told", why="Apple took the push that tells the app.")
        return refused(quiet, verdict)

    async def _act(
        self,
        verdict: Verdict,
        phone: ClaimedPhone,
        device_token: DeviceToken,
        request: ApnsRequest,
        token: SharedProviderToken,
        bearer: str,
    ) -> None:
        """Do what a verdict asks for besides the phone: its token, the credential, the operator."""
        if verdict.refresh_provider_token:
            token.invalidate(bearer, phone.now.timestamp())
        if verdict.new_generation:
            self._transport.renew(request.environment, token.credential)
        if verdict.tell_operator is not None:
            call_operator(request.environment, verdict.tell_operator, app=request.app)
        place = (request.app, phone.environment or request.environment, device_token.token_hash)
        try:
            with translated():
                if verdict.token is TokenAction.RETIRE:
                    await self._cards.refuse_tokens([place])
                elif verdict.own_lane and verdict.retry_after_seconds is not None:
                    await self._cards.block_token(*place, verdict.retry_after_seconds)
                # a topic that does not take this may well take cards
                if verdict.pause is Pause.CREDENTIAL:
                    key = pause_key(verdict.pause, request.app, token.key_id, request.environment)
                    until = phone.now + timedelta(seconds=self._rules.verdicts.hold)
                    await self._pauses.pause(verdict.pause, key, reason=verdict.why, until=until)
        except StoreUnavailableError:
            # the next answer of the same kind says it again
            log.warning("verdict_not_written", app=request.app)
