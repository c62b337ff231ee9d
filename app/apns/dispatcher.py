"""The dispatcher: claims cards in debt, plans, writes intents, sends, judges, settles.

No transaction is open while it sends.
"""

import asyncio
import random
import time
from collections import Counter
from collections.abc import Callable, Collection, Sequence
from uuid import uuid4

import structlog

from app.apns.credentials import Credentials
from app.apns.dispatch_rules import DispatchRules
from app.apns.lease_clock import LeaseClock
from app.apns.newcomers import marked
from app.apns.pace import Pace
from app.apns.pictures import Drawn, Pictures, draw
from app.apns.push import build_push
from app.apns.reach import TOLD_AGAIN_SECONDS, Reach, Trial
from app.apns.sender import Answered, PlannedPush, Sender
from app.apns.settlement import settle_failed, settle_unbegun, settle_unsent
from app.apns.settler import Settler
from app.apns.start_budget import within_budgets
from app.apns.transports import PushTransport
from app.metrics.counters import count_claims
from events.errors import StoreUnavailableError
from events.postgres.doorbell import Ring
from events.postgres.errors import translated
from events.postgres.pool import Connection, Pool
from events.sealing import Keyring
from events.slot import ALL_SLOTS
from events.waiting import first_of
from projections.audience_store import AudienceStore
from projections.card import Intent, Kind, Lane
from projections.card_store import CLAIMS_A_SLOT, CardStore, Claimed, PhoneWithToken
from projections.channel import Storage
from projections.channel_store import ChannelsOf, ChannelStore, Place, place_of
from projections.choice import Renew, Send
from projections.errors import RenderError
from projections.face import Face
from projections.following import may_follow_channel
from projections.outages import Outages
from projections.pauses import Pauses
from projections.phone import environment_of
from projections.plan import plan
from projections.reasons import Reason
from projections.shelf import Shelf
from projections.view_store import StoredView

log = structlog.get_logger()

AWAY_SECONDS = 0.5
BULK_SHARE = 8
"""One claim of so many looks for bulk first."""


class Dispatcher:
    """Brings cards to where their views are.

    Args:
        pool: Connections.
        keyring: Opens tokens, seals receipts.
        transport: Sends.
        credentials: Authorise.
        announce: Called with slots of cards that are due again; must not block.
        ring_matcher: Called after cards were recalled from their phones; must not block. It polls too.
        ring_facts: Called after something became of cards that somebody is to be told; must not block.
        ring_pictures: Called after phones were put in debt that may have to be told of pictures; must not block.
        note: Called after a push was judged; must not block.
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
        ring_matcher: Callable[[], None] = lambda: None,
        ring_facts: Callable[[], None] = lambda: None,
        ring_pictures: Callable[[], None] = lambda: None,
        note: Callable[[Answered], None] = lambda _: None,
        rules: DispatchRules | None = None,
        dice: random.Random | None = None,
    ) -> None:
        self._pool = pool
        self._keyring = keyring
        self._rules = rules or DispatchRules()
        plan_rules = self._rules.plan
        self._cards = CardStore(
            pool, plan_rules.budget, plan_rules.urgent, ring_facts=ring_facts, channel_settle=plan_rules.channel_settle
        )
        self._channels = ChannelStore(pool)
        self._views = Shelf(keyring)
        self._audiences = AudienceStore(pool)
        self._announce = announce
        self._ring_pictures = ring_pictures
        self._credentials = credentials
        self._reach = Reach(
            transport, credentials, Outages(pool), told_seconds=self._rules.deadline + 2 * TOLD_AGAIN_SECONDS
        )
        self._settler = Settler(self._cards, self._settled, ring_matcher)
        self._sender = Sender(
            self._cards,
            Pauses(pool),
            transport,
            credentials,
            self._settler,
            note=note,
            rules=self._rules,
            pace=Pace(self._rules.in_flight),
            dice=dice or random.Random(),  # noqa: S311 - jitter; the system is asked once, not for each push
        )
        self._slots: dict[int, None] = {}
        self._claims = 0
        self._work = asyncio.Event()
        self._sending: set[asyncio.Task[None]] = set()

    def hear(self, ring: Ring) -> None:
        """Take a hint."""
        if ring.settings:
            self._reach.poll()
        if ring.due or ring.settings:
            self._slots.update(dict.fromkeys(ring.due or ALL_SLOTS))
            self._work.set()

    async def run(self, stop: asyncio.Event) -> None:
        """Dispatch until told to stop; then finish what is in flight and write what became of it."""
        settled = asyncio.Event()
        async with asyncio.TaskGroup() as group:
            group.create_task(self._settler.run(settled))
            try:
                await self._dispatch(stop)
            finally:
                if self._sending:
                    await asyncio.wait(self._sending)
                settled.set()

    async def _dispatch(self, stop: asyncio.Event) -> None:
        next_poll = 0.0
        while not stop.is_set():
            if time.monotonic() >= next_poll:
                self._slots.update(dict.fromkeys(ALL_SLOTS))
                self._reach.poll()
                next_poll = time.monotonic() + self._rules.poll
            self._work.clear()
            try:
                if await self.dispatch_some():
                    continue
            except StoreUnavailableError as error:
                log.warning("dispatcher_waits_for_postgres", reason=str(error))
                await first_of(stop, seconds=AWAY_SECONDS)
                continue
            await first_of(stop, self._work, seconds=max(0.0, next_poll - time.monotonic()))

    async def dispatch_some(self) -> int:
        """Claim a batch and begin its pushes; return how many cards were claimed.

        Raises:
            StoreUnavailableError: Postgres is away; nothing was begun.
        """
        under_way = len(self._sending)
        room = min(
            self._rules.batch,
            self._sender.pace.limit - under_way,
            self._rules.unsettled - under_way - self._settler.waiting,
        )
        if room <= 0:
            return 0
        if self._reach.look():
            # hints that came meanwhile were not heard
            self._slots.update(dict.fromkeys(ALL_SLOTS))
        with translated():
            await self._reach.tell()
        trial = self._reach.trial()
        tried = 0 if trial is None else await self._try(trial)
        if room <= tried:
            return tried
        # taken out first: a hint that comes while we claim speaks of what the claim may not have seen
        slots, self._slots = list(self._slots), {}
        environments = self._reach.environments
        if not slots or not environments:
            return tried
        try:
            claimed = await self._claim(slots, room - tried, environments, self._reach.held_keys)
        except BaseException:
            self._slots.update(dict.fromkeys(slots))
            raise
        if len(claimed) >= room - tried:
            half = len(slots) // 2
            self._slots.update(dict.fromkeys(slots[half:] + slots[:half]))
        else:
            # nothing is left in the others but what a hint or the next poll will name
            found = Counter(each.card.slot for each in claimed)
            self._slots.update(dict.fromkeys(slot for slot, count in found.items() if count >= CLAIMS_A_SLOT))
        return tried + len(claimed)

    async def _try(self, trial: Trial) -> int:
        """Send what shows whether an environment can be reached again; return how many cards were claimed."""
        before = set(self._sending)
        claimed = await self._claim(ALL_SLOTS, trial.most, [trial.environment], trial.held_keys)
        self._reach.tried(trial.environment, found=len(claimed), begun=self._sending - before)
        return len(claimed)

    async def _claim(
        self, slots: Sequence[int], most: int, environments: Sequence[str], held_keys: Sequence[str]
    ) -> list[Claimed]:
        """Claim cards and begin their pushes."""
        asked = time.monotonic()
        with translated():
            claimed = await self._cards.claim(
                slots,
                lanes=self._next_lanes(),
                most=most,
                lease_seconds=self._rules.lease,
                keys=self._credentials.routes,
                environments=environments,
                held_keys=held_keys,
            )
        clock = LeaseClock.since(asked)
        count_claims(claimed)
        if claimed:
            try:
                with translated():
                    await self._begin(claimed, clock)
            except StoreUnavailableError:
                # nothing was begun: the leases are given back as soon as Postgres takes it, not when they run out
                for each in claimed:
                    self._settler.add(settle_unbegun(each.card, each.now))
                raise
        return claimed

    def _next_lanes(self) -> Sequence[Lane]:
        """Give the order of lanes for the next claim: now and then what is bulk goes first, so that it goes at all."""
        self._claims += 1
        return (Lane.BULK, Lane.URGENT) if self._claims % BULK_SHARE == 0 else (Lane.URGENT, Lane.BULK)

    async def drained(self) -> None:
        """Wait until every push that was begun is settled."""
        while self._sending:
            await asyncio.wait(self._sending)
        await self._settler.drained()

    async def _begin(self, claimed: Sequence[Claimed], clock: LeaseClock) -> None:
        # Views and phones are read in statements that begin after the claim committed: what came before it is seen.
        async with self._pool.acquire() as connection:
            views = await self._views.read(connection, sorted({each.card.subject_id for each in claimed}))
            claimed = await marked(connection, claimed, views)
            phones = await self._cards.read_phones(connection, [each.card for each in claimed])
            stopped = await self._audiences.stopped(connection, [each.card for each in claimed], views)
            faces = draw(claimed, views, self._keyring.hash, stopped)
            channels = await self._read_channels(connection, faces)
            pictures = await Pictures.read(connection, faces, self._rules.plan.placeholder, self._keyring.hash)
        begun: list[PlannedPush] = []
        wishes: dict[Place, Storage] = {}
        for each, face in faces:
            stored = views.get(each.card.subject_id)
            phone = phones.get((each.card.device_id, each.card.attributes_type))
            try:
                push = self._plan(each, stored, phone, face, clock, channels, wishes, pictures)
            except StoreUnavailableError:
                raise
            except Exception as error:  # noqa: BLE001 - a bug must stop one card, not its whole batch
                why = str(error) if isinstance(error, RenderError) else type(error).__name__
                version = 0 if stored is None else stored.version
                log.error("card_failed", error=why)  # noqa: TRY400 - a traceback would carry personal values
                self._settler.add(settle_failed(each.card, why, version, each.now, self._rules.plan))
                continue
            begun += [] if push is None else [push]
        if wishes:
            self._announce(await self._channels.want(wishes.items()))
        # before the pushes: a phone that shows a card is told of its picture, whatever becomes of us
        if await pictures.write(self._pool):
            self._ring_pictures()
        refill = self._rules.plan.budget.refill
        begun = await within_budgets(begun, self._cards, self._settler, refill_seconds=refill)
        lent = [(each.claimed.card, each.phone) for each in begun if each.lends_token and each.phone is not None]
        if lent:
            await self._cards.lend_tokens(lent)
        written = [each for each in begun if each.sent.kind is not Kind.UPDATE or each.sent.alert is not None]
        held = (
            await self._cards.record_intents([(each.claimed.card, each.intent) for each in written])
            if written
            else set()
        )
        lost = {each.claimed.card.card_id for each in written} - held
        for push in begun:
            if push.claimed.card.card_id not in lost:
                sending = asyncio.get_running_loop().create_task(self._sender.send(push))
                self._sending.add(sending)
                sending.add_done_callback(self._sent)

    def _plan(
        self,
        claimed: Claimed,
        stored: StoredView | None,
        phone: PhoneWithToken | None,
        drawn: Drawn,
        clock: LeaseClock,
        channels: ChannelsOf,
        wishes: dict[Place, Storage],
        pictures: Pictures,
    ) -> PlannedPush | None:
        """Plan a card: give the push to begin, or settle it and give None. `wishes` and `pictures` are added to."""
        if isinstance(drawn, Exception):
            raise drawn
        card, known, rules = claimed.card, None if phone is None else phone.phone, self._rules.plan
        shared = drawn is not None and may_follow_channel(drawn, card, known, rules.carrier)
        face = None if drawn is None else pictures.face(card, drawn, shared=shared)
        place = place_of(card, known)
        decided = plan(face, card, known, claimed.now, rules, channels.of(card, place))
        if not isinstance(decided, Send | Renew) and decided.reason is Reason.CHANNEL_AWAITED and face is not None:
            wishes[place] = face.storage
        if not shared and not claimed.shadowed:
            pictures.note(card, face, decided, claimed.now)
        if isinstance(decided, Send):
            if face is not None and face.failure is not None and decided.with_content:
                raise face.failure
            push = self._prepare(claimed, decided, stored, face, phone, clock)
            if claimed.shadowed:
                self._sender.shadow(push)
                return None
            return push
        self._settler.add(settle_unsent(card, decided, 0 if face is None else face.version, claimed.now))
        return None

    def _prepare(
        self,
        claimed: Claimed,
        sent: Send,
        stored: StoredView | None,
        face: Face | None,
        phone: PhoneWithToken | None,
        clock: LeaseClock,
    ) -> PlannedPush:
        card = claimed.card
        if sent.kind is Kind.START:
            sealed = None if phone is None else phone.token_sealed
            token_hash = None if phone is None else phone.phone.start_token_hash
        elif sent.kind is Kind.ALERT:
            sealed = None if phone is None else phone.alert_token_sealed
            known = None if phone is None else phone.phone.alert_token
            token_hash = None if known is None else known.token_hash
        else:
            sealed, token_hash = claimed.token_sealed, card.token_hash
        if sealed is None:
            raise AssertionError("a push is planned only where there is a token")
        version = 0 if face is None else face.version
        apns_id = uuid4()
        request = build_push(
            sent,
            card=card,
            view=None if stored is None else stored.shown,
            face=face,
            token=self._keyring.open_token(sealed),
            environment=environment_of(card, sent.kind, None if phone is None else phone.phone, token_hash),
            apns_id=apns_id,
            rules=self._rules.send,
            locale=None if phone is None else phone.phone.locale,
        )
        alert = version if sent.alert is not None else None
        recall = sent.kind is Kind.END and not sent.with_content
        followed = None if sent.channel is None else sent.channel.channel
        intent = Intent(sent.kind, version, alert, sent.timestamp, apns_id, claimed.now, recall, followed)
        return PlannedPush(claimed, sent, stored, face, phone, token_hash, request, intent, clock)

    async def _read_channels(self, connection: Connection, drawn: Sequence[tuple[Claimed, Drawn]]) -> ChannelsOf:
        """Read the channels that cards follow or may come to follow; nothing is asked where there can be none."""
        carrier = self._rules.plan.carrier
        subjects = {
            each.card.subject_id
            for each, face in drawn
            if each.card.channel is not None or (isinstance(face, Face) and face.carried_by(carrier) != "token")
        }
        return await self._channels.read(connection, subjects) if subjects else ChannelsOf({}, {})

    def _settled(self, due: Collection[int]) -> None:
        self._work.set()
        if due:
            self._announce(due)

    def _sent(self, task: asyncio.Task[None]) -> None:
        self._sending.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            # the lease runs out and the card is looked at again; the bug is for us to see
            log.error("dispatch_failed", error=type(error).__name__)
        self._work.set()
