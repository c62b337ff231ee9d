"""The composition root: from settings to a running service."""

import asyncio
from collections.abc import Collection, Iterable, Mapping, Sequence
from contextlib import AsyncExitStack
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Self

import structlog

from app.access.console_sessions import ConsoleSessions
from app.access.key_store import KeyStore
from app.access.personal_reads import PersonalReads
from app.access.quota_keeper import QuotaKeeper
from app.access.senders import Senders
from app.access.shop_tokens import ShopTokens
from app.apns.credentials import Credentials
from app.card_counts import CardCounter
from app.card_stream import CardStream
from app.database import open_database, open_pool_of
from app.deeds import Deeds
from app.definitions import DefinitionStore
from app.devices.pictures import Pictures
from app.devices.registry import DeviceRegistry
from app.erasure import Eraser
from app.explanations import Explainer
from app.housekeeping import Housekeeper, make_receipt_days
from app.http.edge import Edge
from app.http.metrics_routes import build_metrics_app
from app.http.routes import Route
from app.http.server import build_app, serving
from app.memory import map_large_blocks, spare_the_collector
from app.metrics.page import MetricsPage
from app.order_follower import OrderFollower
from app.order_states import StateReader
from app.orders import OrderReader
from app.outbound import open_recorder
from app.plan_waiter import PlanWaiter
from app.sending import sending
from app.settings import Settings
from app.supervisor import Loop, supervise
from app.tracing.span import Pushed
from app.tracking.tracker import Tracker
from app.webhooks.deliverer import Deliverer
from app.webhooks.webhook_store import WebhookStore
from events.appender import Appender
from events.errors import LockstepError, SchemaAheadError
from events.feed import Feed
from events.feed_writer import FeedWriter
from events.keyring import open_keyring
from events.keyring_keeper import KeyringKeeper
from events.postgres.doorbell import Doorbell
from events.postgres.migrator import schema_behind
from events.postgres.pool import Pool
from events.sealing import Keyring
from events.store import EventStore
from projections.audience_store import AudienceStore
from projections.card_modules import install_cards
from projections.enroller import Enroller
from projections.eta_keeper import EtaKeeper
from projections.matcher import Matcher
from projections.order_list import OrderList
from projections.picture_seeker import PictureSeeker
from projections.projector import Projector
from projections.registry import CARDS
from projections.segment_store import SegmentStore
from projections.spreader import Spreader

if TYPE_CHECKING:
    from app.tracing.recorder import Recorder

log = structlog.get_logger()


class Service:
    """A running process of Lockstep with the roles it was given; made by `start`.

    Attributes:
        url: Where the API listens; None without the role.
        metrics_url: Where metrics are, without the API; None where no port is set.
    """

    def __init__(self, settings: Settings, dsn: str, pool: Pool, keyring: Keyring, stack: AsyncExitStack) -> None:
        self._settings = settings
        self._dsn = dsn
        self._pool = pool
        self._stack = stack
        self._edge = AsyncExitStack()
        self._routes: tuple[Route, ...] = ()
        self._leave = asyncio.Event()
        self._stop = asyncio.Event()
        self._workers: asyncio.Task[None] | None = None
        self._loops: asyncio.Task[None] | None = None
        self._draining = False
        self.keyring = keyring
        self.pool = pool
        self.doorbell = Doorbell(dsn)
        self.key_store = KeyStore(pool, keyring)
        self.reads = PersonalReads(pool)
        self.store = EventStore(pool, keyring)
        self.feed = Feed(pool, keyring)
        self.card_stream = CardStream(pool)
        self.tracker = Tracker(pool, keyring, settings.plan_rules().ages)
        self.plan_waiter = PlanWaiter(pool)
        self.order_follower = OrderFollower(OrderList(pool))
        self.appender = Appender(self.store, self._ring_behind)
        self.etas = EtaKeeper(pool, keyring, self.store, self._ring_behind, rules=settings.rules().eta)
        self.url: str | None = None
        self.metrics_url: str | None = None
        self._pools = {"api": pool}
        self._credentials: Credentials | None = None
        self._recorder: Recorder | None = None
        self._metrics = MetricsPage(
            pool,
            roles=settings.roles,
            pools=self._pools,
            waiting=lambda: self.appender.waiting,
            tokens_issued=self._tokens_issued,
        )

    @classmethod
    async def start(cls, settings: Settings, more: Iterable[Route] = ()) -> Self:
        """Start every role of the settings.

        Args:
            settings: Of the process.
            more: Routes beside those of every Lockstep.

        Raises:
            LockstepError: Something is missing or unusable; the message says cause and cure.
        """
        map_large_blocks()
        install_cards(settings.cards)
        async with AsyncExitStack() as stack:
            dsn = await open_database(settings, stack)
            behind = await schema_behind(dsn)
            if behind:
                raise LockstepError(f"The database lacks {', '.join(behind)}. Run: lockstep migrate")
            pool = await open_pool_of(settings, dsn, name="lockstep")
            stack.push_async_callback(pool.close)
            keyring = await open_keyring(pool, settings.secrets())
            service = cls(settings, dsn, pool, keyring, stack.pop_all())
            service._routes = tuple(more)
        try:
            await service._begin()
        except BaseException:
            await service.stop()
            raise
        return service

    async def stop(self) -> None:
        """Take no more requests and no more work, finish what is in flight, close everything."""
        self._draining = True
        # workers finish beside the requests, so that those who are slow with theirs do not keep both waiting in turn
        self._leave.set()
        self.feed.wake()
        for each in (self.card_stream, self.tracker, self.plan_waiter, self.order_follower):
            each.close()
        await self._edge.aclose()
        await self.appender.drain()
        self._stop.set()
        for running in (self._workers, self._loops):
            if running is not None:
                await running
        if self._recorder is not None:
            await self._recorder.record()
        await self._stack.aclose()

    async def wait(self) -> None:
        """Wait until the service has been stopped."""
        await self._stop.wait()

    async def _begin(self) -> None:
        await make_receipt_days(self._pool)
        keyring = KeyringKeeper(self._pool, self._settings.secrets(), self.keyring)
        loops: dict[str, Loop] = {"doorbell": self.doorbell.run, "keyring": keyring.run}
        if self._settings.otlp_url is not None:
            self._recorder = open_recorder(self._settings.otlp_url, self._pool, self._settings.roles, self._stack)
            loops["traces"] = self._recorder.run
        working: dict[str, Loop] = {}
        for role in self._settings.roles:
            of_role = loops if role == "api" else working
            of_role |= await self._role(role)
        if self._settings.metrics_port is not None:
            app = build_metrics_app(self._metrics.write)
            metrics = serving(app, self._settings.host, self._settings.metrics_port)
            # open as long as there is something to watch: also while the process drains
            port = await self._stack.enter_async_context(metrics)
            self.metrics_url = f"http://{self._settings.host}:{port}"
        self._workers = asyncio.create_task(supervise(working, self._leave))
        self._loops = asyncio.create_task(supervise(loops, self._stop))
        spare_the_collector()
        log.info("service_started", roles=",".join(self._settings.roles), url=self.url)

    async def _role(self, role: str) -> dict[str, Loop]:
        workers = self._pool
        if role != "api":
            workers = await self._stack.enter_async_context(
                await open_pool_of(
                    self._settings,
                    self._dsn,
                    name=f"lockstep-{role}",
                    # views can be folded again: what a crash of Postgres takes is found by the sweep
                    server_settings={"synchronous_commit": "off"} if role == "projector" else None,
                )
            )
            self._pools[role] = workers
        match role:
            case "api":
                await self._serve()
                return {
                    "tracker": self.tracker.run,
                    "order_follower": self.order_follower.run,
                    "key_use": self.key_store.run,
                    "reads": self.reads.run,
                }
            case "projector":
                spreader = Spreader(workers, self._ring_due)
                projector = Projector(
                    workers,
                    self.keyring,
                    self._ring_folded,
                    crowded=spreader.wake,
                    folded=lambda slots: self.doorbell.ring(folded=slots),
                    traced=None if self._recorder is None else self._recorder.folded,
                )
                seeker = PictureSeeker(workers, self.keyring, self._ring_due)
                self.doorbell.listen(projector.hear)
                self.doorbell.listen(seeker.hear)
                # its numbers must outlive a crash of Postgres, so it does not share the workers' asynchronous commits
                feed_writer = FeedWriter(self._pool, lambda: self.doorbell.ring(feed=True))
                return {
                    "projector": projector.run,
                    "spreader": spreader.run,
                    "picture_seeker": seeker.run,
                    "feed": feed_writer.run,
                    "housekeeper": Housekeeper(workers, self._ring_due, keep=self._settings.keep_rules()).run,
                    # it lets go of personal values for good, so neither does it
                    "eraser": Eraser(self._pool, self.store, self._registry(), self._ring_behind).run,
                    # its events are acknowledged, so they must outlive it as well
                    "etas": self.etas.run,
                }
            case "matcher":
                rules = dict.fromkeys((each.attributes_type for each in CARDS.cards), self._settings.start_rule())
                enroller = Enroller(workers, self._ring_due, rules=self._settings.rules().audience)
                matcher = Matcher(workers, self.keyring, self._ring_due, start_rules=rules, begun=enroller.wake)
                self.doorbell.listen(matcher.hear)
                return {"matcher": matcher.run, "enroller": enroller.run}
            case "dispatcher":
                loops, self._credentials = sending(
                    self._settings,
                    workers,
                    self.keyring,
                    self._stack,
                    self.doorbell,
                    note=self._note_push,
                )
                deliverer = Deliverer(
                    workers,
                    self.keyring,
                    addresses=self._settings.address_rules(),
                    rules=self._settings.rules().webhook,
                )
                self.doorbell.listen(deliverer.hear)
                return {**loops, "webhooks": deliverer.run}
            case _:
                raise AssertionError(f"there is no role {role}")

    async def _serve(self) -> None:
        for each in (self.feed, self.card_stream, self.tracker, self.plan_waiter, self.order_follower):
            self.doorbell.listen(each.hear)
        rules = self._settings.shop_tokens()
        shop_tokens = None if rules is None else ShopTokens(rules)
        if shop_tokens is not None:
            self._stack.push_async_callback(shop_tokens.close)
        edge = Edge(
            appender=self.appender,
            store=self.store,
            etas=self.etas,
            definitions=DefinitionStore(self._pool),
            feed=self.feed,
            registry=self._registry(),
            segments=SegmentStore(self._pool),
            audiences=AudienceStore(self._pool),
            ring_matcher=self._ring_matcher,
            pictures=Pictures(self._pool, self._ring_pictures),
            read_order=OrderReader(self._pool, self.keyring).read,
            explain_order=Explainer(
                self._pool, self.keyring, self._settings.dispatch_rules(), self._settings.key_routes
            ).explain,
            read_state=StateReader(self._pool, self.keyring, keep_receipts_days=self._settings.keep_receipts_days).read,
            deeds=Deeds(self._pool),
            count_cards=CardCounter(self._pool).count,
            order_list=OrderList(self._pool),
            order_follower=self.order_follower,
            card_stream=self.card_stream,
            plan_waiter=self.plan_waiter,
            tracker=self.tracker,
            key_store=self.key_store,
            console_sessions=ConsoleSessions(self._pool, self.keyring),
            quotas=QuotaKeeper(self._pool, self._settings.rules().quota),
            reads=self.reads,
            senders=Senders(self._pool, self.keyring),
            webhooks=WebhookStore(self._pool, self.keyring, self._settings.address_rules()),
            ring_facts=lambda: self.doorbell.ring(facts=True),
            keyring=self.keyring,
            ready=self._ready,
            write_metrics=self._metrics.write,
            clock=lambda: datetime.now(UTC),
            note_request=None if self._recorder is None else self._recorder.answered,
            shop_tokens=shop_tokens,
            limits=self._settings.rules().http,
        )
        port = await self._edge.enter_async_context(
            serving(build_app(edge, self._routes), self._settings.host, self._settings.port, edge.limits)
        )
        self.url = f"http://{self._settings.host}:{port}"

    def _registry(self) -> DeviceRegistry:
        return DeviceRegistry(
            self._pool,
            self.keyring,
            ring_matcher=self._ring_matcher,
            ring_due=lambda slot: self.doorbell.ring(due=(slot,)),
            landing_seconds=self._settings.dispatch_rules().deadline,
            rules=self._settings.plan_rules(),
        )

    async def _ready(self) -> Sequence[str]:
        if self._draining:
            return ["draining"]
        try:
            return [f"migration {name}" for name in await schema_behind(self._dsn)]
        except SchemaAheadError:
            return []  # migrated for the release that is to come after us, until which we serve
        except (OSError, LockstepError, TimeoutError):
            return ["postgres"]

    def _note_push(self, pushed: Pushed) -> None:
        if self._recorder is not None:
            self._recorder.pushed(pushed)

    def _tokens_issued(self) -> Mapping[str, float]:
        return {} if self._credentials is None else self._credentials.issued_at

    def _ring_behind(self, subjects: Collection[str]) -> None:
        self.doorbell.ring(behind=subjects)

    def _ring_folded(self, slots: Collection[int], matching: bool) -> None:  # noqa: FBT001 - the projector's callback
        self.doorbell.ring(due=slots, matching=matching)

    def _ring_matcher(self) -> None:
        self.doorbell.ring(matching=True)

    def _ring_due(self, slots: Collection[int]) -> None:
        self.doorbell.ring(due=slots)

    def _ring_pictures(self) -> None:
        self.doorbell.ring(pictures=True)
