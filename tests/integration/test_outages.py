"""Promise 15: while APNs cannot be reached, cards wait where they are, at next to no cost, and go when it can."""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final, Literal

import pytest
from cryptography.hazmat.primitives import serialization

from app.apns.credentials import Credentials
from app.apns.dispatch_rules import DispatchRules
from app.apns.dispatcher import Dispatcher
from app.apns.engine_transport import EngineTransport, TransportSettings
from app.apns.provider_token import ProviderToken
from app.apns.request import Environment
from app.apns.served import Served
from app.apns.shared_token import SharedProviderToken
from app.explanations import Explainer
from app.simulator.chance import CALM
from app.simulator.faults import Fault
from app.simulator.server import Server
from app.simulator.simulator import Options, Simulator
from projections.outages import Outages
from projections.reasons import Reason
from tests.conftest import Clock
from tests.examples.devices import APP, TYPE
from tests.integration.dispatching import EVERYTHING, PEM, dispatcher, work
from tests.integration.engines import Make
from tests.integration.flow import ROUTES, Flow

pytestmark = pytest.mark.faults

TEAM, KEY = "TEAM123456", "KEY1234567"
OTHER_TEAM, OTHER_KEY, OTHER_APP = "TEAM654321", "KEY7654321", "com.example.rides"
CARDS: Final = 12
SANDBOX, PRODUCTION = Environment.SANDBOX, Environment.PRODUCTION
KINDS: Final[dict[Environment, Literal["sandbox", "production"]]] = {SANDBOX: "sandbox", PRODUCTION: "production"}


class Apns:
    """A simulated APNs whose addresses can be shut, and a transport to it for each who wants one."""

    def __init__(self, simulator: Simulator, make: Make) -> None:
        self.simulator = simulator
        self._make = make
        self._transports: list[EngineTransport] = []
        self._urls = {SANDBOX: simulator.sandbox_url, PRODUCTION: simulator.production_url}
        self._ports = {each: int(url.rpartition(":")[2]) for each, url in self._urls.items()}

    def transport(self, *, pause: float = 0.0, sandbox_url: str | None = None) -> EngineTransport:
        """Make a transport that does not wait for long."""
        urls = self._urls | {SANDBOX: sandbox_url or self._urls[SANDBOX]}
        made = EngineTransport(
            self._make.engine(ca_file=str(self.simulator.ca_file), connect_timeout_seconds=0.5),
            TransportSettings(base_urls=urls, reconnect_pause_seconds=pause),
        )
        self._transports.append(made)
        return made

    async def close_port(self, environment: Environment) -> None:
        """Let nobody listen at an environment's address; who is connected is cut off."""
        await self._server(environment).stop(grace_seconds=0)

    async def open_port(self, environment: Environment) -> None:
        """Listen there again."""
        await self._server(environment).start("127.0.0.1", self._ports[environment])

    async def leave(self) -> None:
        """Close what was made."""
        for each in self._transports:
            await each.close()

    def _server(self, environment: Environment) -> Server:
        _, sandbox, production = self.simulator.servers
        return sandbox if environment is SANDBOX else production


@pytest.fixture
async def apns(make: Make, tmp_path: Path) -> AsyncIterator[Apns]:
    """A simulated APNs that knows both teams' keys, with each engine in turn."""
    simulator = await Simulator.start(tmp_path, options=Options(profile=CALM, grace_seconds=0.0))
    public = (
        serialization.load_pem_private_key(PEM.encode(), password=None)
        .public_key()
        .public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    )
    simulator.register_key(TEAM, KEY, public)
    simulator.register_key(OTHER_TEAM, OTHER_KEY, public)
    made = Apns(simulator, make)
    yield made
    await made.leave()
    await simulator.stop()


async def owe(
    flow: Flow, apns: Apns, count: int, *, environment: Environment = SANDBOX, app: str = APP, **device: Any
) -> list[str]:
    """Let so many customers order, each with a phone of their own, and give the orders: each owes a card."""
    orders = []
    for number in range(count):
        name = f"{environment}-{app}-{len(apns.simulator.phones)}-{number}"
        phone = apns.simulator.install_phone(
            phone_id=name, bundle_id=app, environment="sandbox" if environment is SANDBOX else "production"
        )
        tokens = {TYPE: phone.phone.start_tokens[TYPE]}
        await flow.register(name, f"customer-{name}", app=app, environment=environment, start_tokens=tokens, **device)
        await flow.place(f"order-{name}", f"customer-{name}")
        orders.append(f"order-{name}")
    await flow.settle(*orders)
    return orders


async def accepted(flow: Flow) -> set[str]:
    """Name the orders whose cards APNs accepted."""
    return {row["subject_id"] for row in await flow.rows() if row["accepted_version"] is not None}


async def leases(flow: Flow) -> dict[str, int]:
    """Count the claims of each card, by order."""
    return {row["subject_id"]: row["lease"] for row in await flow.rows()}


async def poll(one: Dispatcher, clock: Clock) -> None:
    """Let a dispatcher do what it does each second."""
    await clock.advance(seconds=1)
    one.hear(EVERYTHING)
    await work(one)


async def explained(flow: Flow, orders: list[str]) -> set[Reason]:
    """Ask, as another process does, why the cards of these orders did not move."""
    explainer = Explainer(flow.pool, flow.keyring, DispatchRules(), lambda: ROUTES)
    found = [await explainer.explain(each) for each in orders]
    return {card.finding.reason for each in found if each is not None for card in each.cards}


Shutting = Callable[[Apns], Any]


async def refuse(apns: Apns) -> None:
    """Close the port."""
    await apns.close_port(SANDBOX)


async def stall(apns: Apns) -> None:
    """Accept connections and never say a word."""
    apns.simulator.add_fault(Fault("tls:stall", times=None))


async def pretend(apns: Apns) -> None:
    """Answer with a certificate that nobody trusts, as a proxy does."""
    apns.simulator.add_fault(Fault("tls:unknown_ca", times=None))


@pytest.mark.parametrize("shut", [refuse, stall, pretend])
async def test_cards_wait_where_they_are_and_go_when_apns_is_back(
    flow: Flow, clock: Clock, apns: Apns, shut: Shutting
) -> None:
    """One card a poll is tried; no try counts, no other card is touched; a single answer lets all go at once."""
    orders = await owe(flow, apns, CARDS)
    await shut(apns)
    one = dispatcher(flow, apns.transport(pause=0.001))
    await work(one)
    after_first = await leases(flow)
    late = await owe(flow, apns, CARDS)
    untouched = {row["subject_id"]: row for row in await flow.rows() if row["subject_id"] in late}
    for _ in range(5):
        await poll(one, clock)
    meanwhile = await leases(flow)
    rows = {row["subject_id"]: row for row in await flow.rows()}
    tried = {order for order in late if meanwhile[order]}
    reasons = await explained(flow, late)
    apns.simulator.faults.clear()
    if shut is refuse:
        await apns.open_port(SANDBOX)
    await poll(one, clock)
    # the answer to the one that was tried is hint enough
    await work(one)

    assert reasons == {Reason.UNREACHABLE}
    assert after_first == dict.fromkeys(orders, 1)
    assert sum(meanwhile.values()) == CARDS + 5
    assert {row["attempts"] for row in rows.values()} == {0}
    assert all(rows[order] == untouched[order] for order in set(late) - tried)
    assert await accepted(flow) == {*orders, *late}
    assert sum((await leases(flow)).values()) == CARDS + 5 + 2 * CARDS
    assert apns.simulator.pushes.counts["200"] == 2 * CARDS
    assert await Outages(flow.pool).list() == []
    assert Reason.UNREACHABLE not in await explained(flow, late)


async def test_the_loop_finds_by_itself_that_apns_is_back(flow: Flow, apns: Apns) -> None:
    """Nobody rings: what it tried last before it was there is tried again, and the rest follows."""
    orders = await owe(flow, apns, CARDS)
    await apns.close_port(SANDBOX)
    one = dispatcher(flow, apns.transport(pause=0.01), DispatchRules(poll=0.05))
    stop = asyncio.Event()
    running = asyncio.ensure_future(one.run(stop))
    tries = 0
    while tries <= CARDS + 3:
        tries = await flow.pool.fetchval("SELECT count(*) FROM receipts")
    await apns.open_port(SANDBOX)
    await apns.simulator.wait_until(lambda: apns.simulator.pushes.counts["200"] == CARDS, within_seconds=30)
    stop.set()
    await running

    assert await accepted(flow) == set(orders)


async def test_the_other_environment_goes_on(flow: Flow, clock: Clock, apns: Apns) -> None:
    """Production's cards go out while nobody is there for the sandbox's."""
    waiting = await owe(flow, apns, CARDS)
    await apns.close_port(SANDBOX)
    one = dispatcher(flow, apns.transport())
    await work(one)
    going = await owe(flow, apns, CARDS, environment=PRODUCTION)
    before = await leases(flow)
    await poll(one, clock)
    meanwhile, claims = await accepted(flow), await leases(flow)
    await apns.open_port(SANDBOX)
    await poll(one, clock)
    await work(one)

    assert meanwhile == set(going)
    assert sum(claims[each] - before[each] for each in waiting) == 1
    assert await accepted(flow) == {*waiting, *going}


def two_teams(flow: Flow) -> Credentials:
    """Give a key for one app, and a key of another team for the other."""
    keys = ((TEAM, KEY, APP), (OTHER_TEAM, OTHER_KEY, OTHER_APP))
    return Credentials(
        [
            (Served((app,)), SharedProviderToken(flow.pool, flow.keyring, ProviderToken(team, key, PEM)))
            for team, key, app in keys
        ]
    )


@contextmanager
def door_shut(apns: Apns) -> Iterator[None]:
    """Refuse new connections, and leave alone who is connected."""
    apns.simulator.faults.add(Fault("connect:refused", times=None))
    yield
    apns.simulator.faults.clear()


async def test_a_team_that_is_connected_goes_on(flow: Flow, clock: Clock, apns: Apns) -> None:
    """New connections fail: the cards of the team that has one go out, those of the other wait."""
    connected = await owe(flow, apns, 1, app=OTHER_APP)
    one = dispatcher(flow, apns.transport(), credentials=two_teams(flow))
    await work(one)
    with door_shut(apns):
        waiting = await owe(flow, apns, CARDS)
        one.hear(EVERYTHING)
        await work(one)
        before = await leases(flow)
        going = await owe(flow, apns, CARDS, app=OTHER_APP)
        await poll(one, clock)
        meanwhile, claims = await accepted(flow), await leases(flow)
    await poll(one, clock)
    await work(one)

    assert meanwhile == {*connected, *going}
    assert sum(claims[each] - before[each] for each in waiting) == 1
    assert await accepted(flow) == {*connected, *going, *waiting}


async def test_a_team_that_never_connected_waits_with_the_others(flow: Flow, clock: Clock, apns: Apns) -> None:
    """The way is the same for all: one card is tried, whoever signs it, and not one for each team."""
    await apns.close_port(SANDBOX)
    one = dispatcher(flow, apns.transport(), credentials=two_teams(flow))
    first = await owe(flow, apns, 1)
    await work(one)
    second = await owe(flow, apns, CARDS, app=OTHER_APP)
    await poll(one, clock)
    claims = await leases(flow)
    await apns.open_port(SANDBOX)
    await poll(one, clock)
    await work(one)

    assert sum(claims.values()) == 2
    assert await accepted(flow) == {*first, *second}


async def test_each_process_judges_for_itself(flow: Flow, clock: Clock, apns: Apns) -> None:
    """A dispatcher that cannot connect keeps no other from sending."""
    orders = await owe(flow, apns, CARDS)
    cut_off = dispatcher(flow, apns.transport(sandbox_url="https://127.0.0.1:1"))
    await work(cut_off)
    await work(cut_off)
    assert [each.environment for each in await Outages(flow.pool).list()] == ["sandbox"]
    await clock.advance(seconds=1)
    await work(dispatcher(flow, apns.transport()))

    assert await accepted(flow) == set(orders)


async def test_cards_that_need_no_push_do_not_stand_in_the_way(flow: Flow, clock: Clock, apns: Apns) -> None:
    """However many are due before it, the first card that is sent tells that APNs is back."""
    first = await owe(flow, apns, 1)
    await apns.close_port(SANDBOX)
    one = dispatcher(flow, apns.transport())
    await work(one)
    await owe(flow, apns, 40, ios_version="16.4")
    await clock.advance(seconds=1)
    last = await owe(flow, apns, 3)
    await apns.open_port(SANDBOX)
    await poll(one, clock)
    await work(one)

    assert await accepted(flow) == {*first, *last}


async def test_a_card_of_the_wrong_environment_backs_off(flow: Flow, clock: Clock, apns: Apns) -> None:
    """No claim waits for where its pushes go, so its tries count."""
    [order] = await owe(flow, apns, 1, environment=SANDBOX)
    await flow.pool.execute("UPDATE cards SET environment = 'production'")
    await apns.close_port(SANDBOX)
    one = dispatcher(flow, apns.transport())
    for _ in range(3):
        await clock.advance(minutes=1)
        await poll(one, clock)
    [row] = await flow.rows()

    assert (row["subject_id"], row["attempts"], row["lease"]) == (order, 3, 3)


async def test_an_outage_is_told_for_as_long_as_it_is_met(flow: Flow, clock: Clock) -> None:
    """With its beginning and the newest word; when nobody says it again, it is over; the next one begins anew."""
    outages = Outages(flow.pool)
    begun = await clock.now()
    await outages.note("sandbox", "refused", seconds=30)
    await clock.advance(seconds=29)
    await outages.note("sandbox", "unknown name", seconds=30)
    await clock.advance(seconds=29)
    [told] = await outages.list()
    await clock.advance(seconds=2)
    over = await outages.list()
    await outages.note("sandbox", "refused", seconds=30)
    [again] = await outages.list()
    await outages.end("production")
    still = await outages.list()
    await outages.end("sandbox")

    assert (told.environment, told.why) == ("sandbox", "unknown name")
    assert (told.since - begun).total_seconds() < 1
    assert over == []
    assert (again.since - told.since).total_seconds() > 59
    assert still == [again]
    assert await outages.list() == []
