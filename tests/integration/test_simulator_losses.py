"""Let phones lose calls and pushes, be offline, be upgraded, and go by a wrong clock."""

from collections import Counter
from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest
from aiohttp import web

from app.simulator.agent import PhoneAgent
from app.simulator.behaviour import Behaviour
from app.simulator.chance import CALM
from app.simulator.readings import read_phone
from app.simulator.rules import Push
from app.simulator.simulator import Options, Simulator
from tests.unit.app.simulator.examples import NOW, content, start, update

HOUR = 3600


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    """Run a simulator at a fixed time, whose phones are calm."""
    running = await Simulator.start(tmp_path, options=Options(profile=CALM), now=lambda: float(NOW))
    yield running
    await running.stop()


def push(
    simulator: Simulator, phone: PhoneAgent, status: str | None = None, *, seconds: int = 0, **how: int | None
) -> None:
    """Let APNs accept a start, or an update to this status."""
    payload = (
        start() if status is None else update(**{"timestamp": NOW + seconds, "content-state": content(status=status)})
    )
    cards = list(phone.phone.cards.values())
    value = phone.phone.start_tokens["OrderAttributes"] if status is None else cards[0].update_token
    token = simulator.tokens.find(value or "")
    assert token is not None
    phone.deliver(Push(f"push-{len(phone.phone.records)}", token, payload, 10, how.get("expiration")))


def effects(phone: PhoneAgent) -> list[str]:
    """Give what each push did."""
    return [record.effect for record in phone.phone.records]


async def test_a_push_may_be_lost_behind_apns(simulator: Simulator) -> None:
    """The phone's record says so, and nothing else does."""
    phone = simulator.install_phone(profile=msgspec.structs.replace(CALM, push_loss_probability=1.0))
    push(simulator, phone)

    assert (effects(phone), phone.phone.cards) == (["dropped: lost between APNs and the phone"], {})


async def test_a_lost_call_is_made_again(simulator: Simulator) -> None:
    """Whether the call or its answer was lost, the app reports until it is answered."""
    calls: Counter[str] = Counter()

    async def take(request: web.Request) -> web.Response:
        calls[request.method] += 1
        return web.json_response({"cards": [], "missing": []})

    app = web.Application()
    app.router.add_route("*", "/{path:.*}", take)
    runner = web.AppRunner(app)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    simulator.lockstep_url = f"http://127.0.0.1:{runner.addresses[0][1]}"
    profile = msgspec.structs.replace(CALM, call_loss_probability=0.6, retry_seconds=(0.0, 0.001))
    phones = [simulator.install_phone(customer_id="ada", ticket="t", profile=profile) for _ in range(20)]
    await simulator.quiet()
    await runner.cleanup()

    answered = sum(phone._app.outbox.answered for phone in phones)
    assert (answered, [phone.complaints for phone in phones]) == (20, [[]] * 20)
    assert calls["PUT"] > 20


async def test_apns_keeps_one_push_for_a_phone_that_is_offline(simulator: Simulator) -> None:
    """The newest comes when it is back, unless that has expired; what is not to be kept drives nothing out."""
    phone = simulator.install_phone()
    push(simulator, phone)
    phone.go_offline()
    push(simulator, phone, "accepted", seconds=1)
    push(simulator, phone, "ready", seconds=2, expiration=NOW + 60)
    phone.go_online()
    phone.go_offline()
    push(simulator, phone, "picked_up", seconds=3, expiration=1)
    push(simulator, phone, "picked_up", seconds=4, expiration=0)
    phone.go_online()

    (card,) = phone.phone.cards.values()
    assert card.content["status"] == "ready"
    assert effects(phone) == [
        "applied",
        "dropped: a newer push came while the phone was offline, and APNs keeps one",
        "applied",
        "dropped: the phone was offline, and APNs was not to keep it",
        "dropped: expired while the phone was offline",
    ]


async def test_an_upgrade_makes_start_tokens_stale_without_a_word(simulator: Simulator) -> None:
    """APNs takes a push to the old token, the phone shows nothing; with the new one it does."""
    phone = simulator.install_phone()
    old = simulator.tokens.find(phone.phone.start_tokens["OrderAttributes"])
    assert old is not None
    phone.upgrade("27.0")
    phone.deliver(Push("push-1", old, start(), 10, None))
    push(simulator, phone)

    assert old.dead_since_ms is None
    assert effects(phone) == ["dropped: the start token is stale since iOS was upgraded", "applied"]


@pytest.mark.parametrize(
    ("offset_hours", "effect"),
    [(-7, "applied"), (-9, "dropped: timestamp is more than 8 hours in the future"), (9, "applied")],
)
async def test_a_phone_goes_by_its_own_clock(simulator: Simulator, offset_hours: int, effect: str) -> None:
    """A timestamp is far ahead for a phone whose clock is far behind."""
    phone = simulator.install_phone(behaviour=Behaviour(clock_offset_seconds=offset_hours * HOUR))
    push(simulator, phone)

    assert effects(phone) == [effect]


async def test_a_card_grows_stale_by_the_phones_clock(simulator: Simulator) -> None:
    """Its stale date has come where the clock is fast."""
    stale = []
    for offset in (0.0, 120.0):
        phone = simulator.install_phone(behaviour=Behaviour(clock_offset_seconds=offset))
        token = simulator.tokens.find(phone.phone.start_tokens["OrderAttributes"])
        assert token is not None
        phone.deliver(Push("push-1", token, start(**{"stale-date": NOW + 60}), 10, None))
        stale.append(read_phone(phone, NOW, records=False)["cards"][0]["stale"])

    assert stale == [False, True]
