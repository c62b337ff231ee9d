"""Sets up all that a demo needs, in one process, and takes it down again."""

import errno
import sys
from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Final, TextIO
from uuid import uuid4

import asyncpg
import msgspec

from app.access.api_key import Scope
from app.access.caller import Customer
from app.access.console_sessions import DEMO, ConsoleSessions
from app.access.ticket import mint
from app.bootstrap import Service
from app.cli.console import local_url
from app.cli.database import server_of, unreachable
from app.cli.demo_folder import LOG, alone_in, empty, folder_of
from app.cli.demo_invitation import CUSTOMER, YOUR_PHONE, Invitation, Kept, kept_in
from app.cli.errors import CommandError
from app.cli.provider_key import KEY_ID, TEAM_ID, keep_private_key, public_half
from app.cli.running import listening
from app.demo.bulk import CONCERT
from app.demo.declared import declared
from app.demo.desk import desk_routes
from app.demo.matches import MATCH
from app.demo.scenarios import Scenario
from app.demo.uploads import UPLOAD
from app.devices.registry import DeviceRegistry
from app.devices.retirement import retire_app
from app.logs import set_up_logs
from app.settings import Settings, load_settings
from app.settings_fields import ALL_ROLES
from app.simulator.behaviour import Behaviour
from app.simulator.chance import CALM
from app.simulator.declaration import ORDER
from app.simulator.simulator import DEFAULT_BUNDLE_ID, Options, Simulator
from events.postgres.embedded import stop_embedded
from events.postgres.migrator import migrate
from events.postgres.pool import open_pool
from projections.card_modules import install_cards
from projections.definition import ORDER as ORDER_KIND
from projections.order_view import FOLD_VERSION
from projections.rebuild_ledger import begin_rebuild, choose_pushing, drop_generations, slot_states
from projections.rebuilder import build, move_all
from projections.registry import CARDS

UPLOAD_MODULE: Final = "app.demo.upload_card"
MATCH_MODULE: Final = "app.demo.match_card"
TOGETHER_MODULE: Final = "projections.customer_card"
_TICKET_SECONDS: Final = 86_400


@dataclass(frozen=True)
class Stage:
    """What runs while a demo does.

    Attributes:
        simulator: Has the phones.
        invitation: Has the service's address and a key.
        place: Where the data is, in words.
    """

    simulator: Simulator
    invitation: Invitation
    place: str


@asynccontextmanager
async def staged(
    *, free_port: bool, reset: bool, seed: int, starts_vanish: bool, scenario: Scenario, aside: bool
) -> AsyncIterator[Stage]:
    """Run database, simulator and service while the block does.

    Args:
        free_port: Take any port, unless the settings name one.
        reset: Remove what earlier demos left, first.
        seed: Of the simulator's chance.
        starts_vanish: Start again after silence, unless the settings say otherwise: faults will lose starts.
        scenario: What is played: it chooses the cards.
        aside: Write logs to a file: a table moves where standard error would come between.

    Raises:
        LockstepError: Something is missing, taken or unusable; the message says cause and cure.
    """
    given = load_settings()
    cards = _cards(given, scenario)
    directory = folder_of(given.data_directory)
    with alone_in(directory) as tell, _logs(directory, aside=aside) as file:
        set_up_logs(given.log_level if "log_level" in given.model_fields_set else "warning", "console", file)
        if reset:
            await _remove(directory, given.database_url)
        if given.database_url is not None:
            await _migrate(given.database_url)
        # a concert that an earlier demo has left is for everybody too, so other demos' phones know nothing of concerts
        concerts = (CONCERT,) if scenario is Scenario.BULK else ()
        declarations = (ORDER, *concerts, *(declared(each) for each in CARDS.cards))
        kept = kept_in(directory)
        simulator = await _simulator(directory, kept, Options(seed=seed, declarations=declarations))
        try:
            async with server_of(given.database_url, directory) as dsn:
                await _forget_phones(dsn)
                settings = _settings(
                    given, cards, directory, simulator, free_port=free_port, starts_vanish=starts_vanish
                )
                with listening("Set LOCKSTEP_PORT to another one, or to 0 for any that is free."):
                    service = await Service.start(settings, desk_routes(simulator))
                try:
                    await _fold_anew(service)
                    stage = await _stage(service, simulator, given, directory, kept)
                    tell(stage.invitation.url)
                    yield stage
                finally:
                    await service.stop()
        finally:
            await simulator.stop()


@contextmanager
def _logs(directory: Path, *, aside: bool) -> Iterator[TextIO]:
    """Give where logs go."""
    if not aside:
        yield sys.stderr
        return
    with (directory / LOG).open("w", encoding="utf-8", buffering=1) as file:
        yield file


async def _fold_anew(service: Service) -> None:
    """Make views anew that a release before this one has left: no projector of this one goes on with them."""
    pool, keyring = service.pool, service.keyring
    if all(each.fold_version in (None, FOLD_VERSION) for each in await slot_states(pool)):
        return
    slots = await begin_rebuild(pool)
    await build(pool, keyring)
    await choose_pushing(pool, push_changes=False)
    await move_all(pool, keyring, slots)
    await drop_generations(pool)


async def _forget_phones(dsn: str) -> None:
    """Send nothing to the phones of demos before this one: they went with their simulator."""
    async with await open_pool(dsn, name="lockstep-demo", most=1) as pool:
        await retire_app(pool, DEFAULT_BUNDLE_ID)


def _cards(given: Settings, scenario: Scenario) -> tuple[str, ...]:
    """Know the cards of the settings, and beside them those that a scenario needs; give their modules.

    Raises:
        CommandError: By the settings orders share a card, and the scenario is of orders that have one each.
    """
    install_cards(given.cards)
    more = tuple(module for kind, module in ((UPLOAD, UPLOAD_MODULE), (MATCH, MATCH_MODULE)) if not CARDS.knows(kind))
    together = CARDS.gathering(ORDER_KIND) is not None
    if scenario is Scenario.MANY_ORDERS and not together:
        more = (*more, TOGETHER_MODULE)
    elif scenario is not Scenario.MANY_ORDERS and together:
        raise CommandError(
            "LOCKSTEP_CARDS names a card for all open orders of a customer, and in this scenario each has one of its "
            f"own. Play --scenario {Scenario.MANY_ORDERS}, or unset LOCKSTEP_CARDS."
        )
    if more:
        install_cards((*given.cards, *more))
    return CARDS.modules


def _settings(
    given: Settings,
    cards: tuple[str, ...],
    directory: Path,
    simulator: Simulator,
    *,
    free_port: bool,
    starts_vanish: bool,
) -> Settings:
    """Give the settings of the service: whatever else is set, its pushes go to the simulator."""
    # kept with the data: the provider token in the database was signed with it
    private_key = keep_private_key(directory / f"AuthKey_{KEY_ID}.p8")
    simulator.register_key(TEAM_ID, KEY_ID, public_half(private_key))
    start_again = starts_vanish and "on_unknown_start" not in given.model_fields_set
    return load_settings(
        data_directory=directory,
        cards=cards,
        port=0 if free_port and "port" not in given.model_fields_set else given.port,
        roles=ALL_ROLES,
        profile="fast",
        on_unknown_start="after_silence" if start_again else None,
        apns_team_id=TEAM_ID,
        apns_key_id=KEY_ID,
        apns_key=private_key,
        apns_production_url=simulator.apns_url,
        apns_sandbox_url=simulator.apns_url,
        apns_production_channels_url=simulator.channels_url,
        apns_sandbox_channels_url=simulator.channels_url,
        apns_ca_file=simulator.ca_file,
        fcm_account=msgspec.json.encode(simulator.fcm.make_account()).decode(),
        fcm_url=simulator.fcm.url,
    )


async def _simulator(directory: Path, kept: Kept, options: Options) -> Simulator:
    """Start a simulator, at the address of the one before it if that is free."""
    with listening("Free some ports."):
        try:
            return await Simulator.start(directory / "simulator", control_port=kept.control_port, options=options)
        except OSError as error:
            if error.errno != errno.EADDRINUSE:
                raise
            return await Simulator.start(directory / "simulator", options=options)


async def _stage(service: Service, simulator: Simulator, given: Settings, directory: Path, kept: Kept) -> Stage:
    if service.url is None:
        raise AssertionError("a service with every role has an address")
    address = local_url(given.host, int(service.url.rpartition(":")[2]))
    simulator.lockstep_url = address
    ticket, _ = mint(Customer(CUSTOMER), service.keyring.tickets, now=datetime.now(UTC), ttl_seconds=_TICKET_SECONDS)
    registry = DeviceRegistry(service.pool, service.keyring, ring_matcher=lambda: None, ring_due=lambda _: None)
    await registry.forget_customer(CUSTOMER, datetime.now(UTC))
    guest = uuid4().hex[:4]
    simulator.install_phone(
        customer_id=CUSTOMER,
        ticket=ticket,
        phone_id=YOUR_PHONE,
        behaviour=Behaviour(fetches_pictures=True),
        profile=CALM,
        # gives tokens that no demo before this one had: those are retired
        seed=guest,
    )
    opens, _ = await ConsoleSessions(service.pool, service.keyring).issue(
        (Scope.ADMIN,), ticket_seconds=_TICKET_SECONDS, environment=DEMO
    )
    url = given.database_url
    invitation = Invitation(
        url=address,
        link=f"{address}/#ticket={opens}",
        api_key=await _api_key(service, kept.api_key),
        order=f"mine-{guest}",
        control_url=simulator.control_url,
        folder=directory,
        settings={"LOCKSTEP_CARDS": ",".join(CARDS.modules)} | ({} if url is None else {"LOCKSTEP_DATABASE_URL": url}),
    )
    invitation.write()
    return Stage(simulator, invitation, str(directory) if url is None else "the database of LOCKSTEP_DATABASE_URL")


async def _api_key(service: Service, kept: str | None) -> str:
    """Give the key of the demo before this one, if there was one and it is good, or a new one."""
    found = None if kept is None else await service.key_store.find(kept)
    if kept is not None and found is not None and Scope.ADMIN in found.scopes:
        return kept
    key, _ = await service.key_store.create(name="demo", environment=DEMO, scopes=[Scope.ADMIN])
    return key


async def _remove(directory: Path, database_url: str | None) -> None:
    if database_url is not None:
        raise CommandError(
            "--reset removes the demo's embedded database, and LOCKSTEP_DATABASE_URL names another one. Unset it, or "
            "empty that database yourself."
        )
    await stop_embedded(directory / "postgres")
    empty(directory)


async def _migrate(url: str) -> None:
    try:
        await migrate(url)
    except (OSError, TimeoutError, asyncpg.PostgresError, ValueError) as error:
        raise unreachable(error) from error
