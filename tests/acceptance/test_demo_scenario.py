"""Run the demo's orders through the whole: HTTP in, virtual phones out, an independent oracle as the judge."""

import base64
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat, PublicFormat

from app.access.api_key import Scope
from app.bootstrap import Service
from app.demo import match_card, upload_card
from app.demo.booking import tell_bookings
from app.demo.bulk import CONCERT, tell_bulk
from app.demo.declared import declared
from app.demo.many_orders import tell_many_orders
from app.demo.matches import FANS
from app.demo.run import run_scenario
from app.demo.scenarios import Scenario
from app.demo.steps import AwaitAnswers, AwaitCard, Dismiss, Install, Say, Story
from app.demo.uploads import tell_uploads
from app.demo.web import tell_web
from app.settings import load_settings
from app.simulator.declaration import ORDER
from app.simulator.fault_plans import find_plan
from app.simulator.faults import Fault
from app.simulator.simulator import Options, Simulator
from projections import customer_card
from projections.registry import Registry

pytestmark = pytest.mark.faults

TEAM_ID, KEY_ID = "TEAMDEMO01", "KEYDEMO001"
AWAITED = AwaitCard(phone="p", order="o")
READY = Say(order="o", type="ready")
PLACED = Say(order="o", type="placed", data={"customerId": "anna", "merchantName": "Noodle Bar"})


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    """Run APNs and its phones, which are as late and unruly as they are by default."""
    shown = (upload_card.CARD, customer_card.CARD, match_card.CARD)
    options = Options(declarations=(ORDER, CONCERT, *(declared(each) for each in shown)))
    running = await Simulator.start(tmp_path / "simulator", options=options)
    yield running
    await running.stop()


@pytest.fixture
def on_unknown_start() -> str:
    """Choose whether a start without an answer is sent again; a test may choose otherwise."""
    return "never"


@pytest.fixture
async def lockstep(dsn: str, simulator: Simulator, on_unknown_start: str) -> AsyncIterator[Service]:
    """Run the whole service against the simulator."""
    key = ec.generate_private_key(ec.SECP256R1())
    public = key.public_key().public_bytes(Encoding.PEM, PublicFormat.SubjectPublicKeyInfo)
    simulator.register_key(TEAM_ID, KEY_ID, public)
    settings = load_settings(
        on_unknown_start=on_unknown_start,
        database_url=dsn,
        secret_key=base64.b64encode(bytes(32)).decode(),
        port=0,
        apns_team_id=TEAM_ID,
        apns_key_id=KEY_ID,
        apns_key=key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode(),
        apns_production_url=simulator.production_url,
        apns_sandbox_url=simulator.sandbox_url,
        apns_production_channels_url=simulator.production_channels_url,
        apns_sandbox_channels_url=simulator.sandbox_channels_url,
        apns_ca_file=simulator.ca_file,
        fcm_account=msgspec.json.encode(simulator.fcm.make_account()).decode(),
        fcm_url=simulator.fcm.url,
        profile="fast",
    )
    service = await Service.start(settings)
    simulator.lockstep_url = service.url
    yield service
    await service.stop()


@pytest.fixture
async def api_key(lockstep: Service) -> str:
    """Make a key for the shop's backend."""
    scopes = (Scope.EVENTS_WRITE, Scope.ORDERS_READ, Scope.DEVICES_WRITE)
    key, _ = await lockstep.key_store.create(name="shop", environment="test", scopes=scopes)
    return key


def url_of(service: Service) -> str:
    """Give where the service listens."""
    assert service.url is not None
    return service.url


async def test_every_phone_shows_what_the_oracle_expects(lockstep: Service, simulator: Simulator, api_key: str) -> None:
    """After all the orders of the demo no phone differs, and the service's own view agrees."""
    result = await run_scenario(
        lockstep_url=url_of(lockstep), api_key=api_key, simulator=simulator, seed=1, run_id="test"
    )
    assert result.differences == []
    assert result.phones_match
    assert result.orders >= 12
    assert result.events > 4 * result.orders
    assert all(result.pushes[kind] > 0 for kind in ("start", "update", "end"))


async def test_bookings_appear_when_they_should(lockstep: Service, simulator: Simulator, api_key: str) -> None:
    """Those of the scenario `booking`: later, moved, called off, taken back, on another phone."""
    result = await run_scenario(
        lockstep_url=url_of(lockstep), api_key=api_key, simulator=simulator, seed=1, scenario=Scenario.BOOKING
    )

    assert result.differences == []
    assert result.phones_match
    assert result.orders == len(tell_bookings(1))


async def test_a_match_takes_one_request_an_update(
    lockstep: Service, simulator: Simulator, api_key: str, cards: Registry
) -> None:
    """Those of the scenario `match`: many phones follow a channel, some are offline for a while."""
    cards.install([match_card.CARD])
    result = await run_scenario(
        lockstep_url=url_of(lockstep), api_key=api_key, simulator=simulator, seed=1, scenario=Scenario.MATCH
    )

    assert result.differences == []
    assert result.phones_match
    assert result.channels.followers > FANS
    # a start that crosses an update has it said once more
    assert result.channels.requests <= 2 * result.channels.updates


async def test_pictures_come_after_their_cards(lockstep: Service, simulator: Simulator, api_key: str) -> None:
    """Those of the scenario `images`, while every second fetch fails at first."""
    for fault in ("fetch:unreachable", "fetch:short", "fetch:corrupt"):
        simulator.add_fault(Fault(fault, times=2, every=2))
    result = await run_scenario(
        lockstep_url=url_of(lockstep), api_key=api_key, simulator=simulator, seed=1, scenario=Scenario.IMAGES
    )

    assert result.differences == []
    assert result.phones_match
    assert sum(result.faults.values()) == 6


async def test_pages_show_what_cards_show(
    lockstep: Service, simulator: Simulator, api_key: str, cards: Registry
) -> None:
    """Those of the scenario `web`: links opened early, late, by many, in tunnels, and with somebody else's ticket."""
    cards.install([upload_card.CARD])
    result = await run_scenario(
        lockstep_url=url_of(lockstep), api_key=api_key, simulator=simulator, seed=1, scenario=Scenario.WEB
    )

    assert result.differences == []
    assert result.orders == len(tell_web(1))


async def test_uploads_are_shown_beside_orders(
    lockstep: Service, simulator: Simulator, api_key: str, cards: Registry
) -> None:
    """Those of the scenario `upload`: a kind of its own, judged by an oracle of its own."""
    cards.install([upload_card.CARD])
    result = await run_scenario(
        lockstep_url=url_of(lockstep), api_key=api_key, simulator=simulator, seed=1, scenario=Scenario.UPLOAD
    )

    assert result.differences == []
    assert result.phones_match
    assert result.orders == len(tell_uploads(1)) + 1


@pytest.mark.parametrize("fault", [None, "goaway"])
async def test_a_customers_orders_share_a_card(
    lockstep: Service, simulator: Simulator, api_key: str, cards: Registry, fault: str | None
) -> None:
    """Those of the scenario `many-orders`, by an oracle of several orders; also while APNs says goodbye."""
    cards.install([customer_card.CARD])
    result = await run_scenario(
        lockstep_url=url_of(lockstep),
        api_key=api_key,
        simulator=simulator,
        seed=1,
        scenario=Scenario.MANY_ORDERS,
        plans=[] if fault is None else [find_plan(fault)],
    )

    assert result.differences == []
    assert result.phones_match
    assert result.orders > 2 * len(tell_many_orders(1))
    assert bool(result.faults) == (fault is not None)


async def test_concerts_are_for_many(lockstep: Service, simulator: Simulator, api_key: str) -> None:
    """Those of the scenario `bulk`: for everybody, a segment and a list, by an oracle of their own."""
    result = await run_scenario(
        lockstep_url=url_of(lockstep), api_key=api_key, simulator=simulator, seed=1, scenario=Scenario.BULK
    )

    assert result.differences == []
    assert result.phones_match
    assert result.orders == len(tell_bulk(1))


@pytest.mark.parametrize(
    ("name", "on_unknown_start"),
    [
        ("goaway", "never"),
        ("storm:bad_tokens", "never"),
        ("reason:PayloadTooLarge", "never"),
        ("tls:unknown_ca", "never"),
        ("bad_day", "after_silence"),
    ],
)
async def test_phones_match_after_a_fault_plan(
    lockstep: Service, simulator: Simulator, api_key: str, name: str
) -> None:
    """Whatever went wrong while the orders were told, every phone shows what it must in the end."""
    result = await run_scenario(
        lockstep_url=url_of(lockstep),
        api_key=api_key,
        simulator=simulator,
        seed=1,
        plans=[find_plan(name)],
        run_id="test",
    )
    assert result.differences == result.lost_starts == []
    assert result.faults


async def test_a_phone_without_its_card_is_found(lockstep: Service, simulator: Simulator, api_key: str) -> None:
    """When APNs refuses the start, the demo says which phone lacks which card."""
    simulator.add_fault(Fault("reason:BadDeviceToken", times=10))
    told = Story(
        title="A card is refused.", steps=(Install(phone="p", customer="anna"), AwaitAnswers(phone="p"), PLACED)
    )
    result = await run_scenario(
        lockstep_url=url_of(lockstep),
        api_key=api_key,
        simulator=simulator,
        seed=1,
        stories=[told],
        run_id="test",
        converge_seconds=1.0,
    )
    assert not result.phones_match
    assert result.differences == ["phone p-test: order demo-test-o: has no card, should show placed"]


async def test_a_start_that_is_lost_is_listed(lockstep: Service, simulator: Simulator, api_key: str) -> None:
    """APNs never took it, its answer never came, and it is not repeated: the phone cannot show a card."""
    simulator.add_fault(Fault("reset:internal", to="start"))
    dismissed = Dismiss(phone="p", order="o")
    told = Story(
        title="A start is lost.", steps=(Install(phone="p", customer="anna"), PLACED, AWAITED, dismissed, READY)
    )
    result = await run_scenario(
        lockstep_url=url_of(lockstep),
        api_key=api_key,
        simulator=simulator,
        seed=1,
        stories=[told],
        run_id="test",
        patience_seconds=1.0,
        converge_seconds=1.0,
    )
    assert result.differences == []
    assert result.phones_match
    assert result.events == 2
    lost = "phone p-test: order demo-test-o: the answer to its start was lost, and it is not repeated"
    assert result.lost_starts == [lost]


async def test_a_story_that_cannot_go_on_is_told(lockstep: Service, simulator: Simulator, api_key: str) -> None:
    """What was waited for in vain is a difference too."""
    waiting = AwaitCard(phone="p", order="o", status="delivered")
    told = Story(title="Nobody delivers.", steps=(Install(phone="p", customer="anna"), PLACED, waiting))
    result = await run_scenario(
        lockstep_url=url_of(lockstep),
        api_key=api_key,
        simulator=simulator,
        seed=1,
        stories=[told],
        run_id="test",
        patience_seconds=1.0,
    )
    halt = "The story “Nobody delivers.” came to a halt: waited 1 s in vain for p-test to show o at delivered"
    assert result.differences == [halt]
