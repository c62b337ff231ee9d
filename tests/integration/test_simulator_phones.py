"""Let virtual phones talk to a stand-in for Lockstep's device API, over real HTTP."""

import asyncio
import ssl
from collections import Counter
from collections.abc import AsyncIterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest

from app.simulator.agent import PhoneAgent
from app.simulator.behaviour import Behaviour
from app.simulator.chance import CALM, LIVELY
from app.simulator.simulator import Options, Simulator
from tests.integration.simulated import Lockstep
from tests.unit.app.simulator.examples import NOW, Provider, content, encoded, end, headers, start, update

PROVIDER = Provider()
HOUR = 3600


@pytest.fixture
async def lockstep() -> AsyncIterator[Lockstep]:
    """Run the stand-in."""
    stand_in = Lockstep()
    await stand_in.start()
    yield stand_in
    await stand_in.stop()


class Time:
    """Hold the test's time."""

    now = float(NOW)

    def __call__(self) -> float:
        """Give it."""
        return self.now


@pytest.fixture
def time() -> Time:
    """Give a time that stands still."""
    return Time()


@pytest.fixture
async def simulator(tmp_path: Path, lockstep: Lockstep, time: Time) -> AsyncIterator[Simulator]:
    """Run a simulator whose phones are calm."""
    running = await Simulator.start(
        tmp_path,
        lockstep_url=lockstep.url,
        options=Options(profile=CALM),
        now=time,
    )
    running.register_key(PROVIDER.team_id, PROVIDER.key_id, PROVIDER.public_pem)
    yield running
    await running.stop()


@pytest.fixture
async def apns(simulator: Simulator) -> AsyncIterator[httpx.AsyncClient]:
    """Connect a sender."""
    trust = ssl.create_default_context(cafile=simulator.ca_file)
    async with httpx.AsyncClient(http2=True, verify=trust, base_url=simulator.apns_url) as client:
        yield client


async def push(apns: httpx.AsyncClient, token: str | None, payload: dict[str, Any]) -> int:
    """Send a push; give the status."""
    answer = await apns.post(f"/3/device/{token}", content=encoded(payload), headers=headers(PROVIDER.token()))
    return answer.status_code


def start_token(agent: PhoneAgent) -> str:
    """Give the phone's start token."""
    return agent.phone.start_tokens["OrderAttributes"]


def update_token(agent: PhoneAgent, card: str = "card-1") -> str | None:
    """Give a card's update token."""
    return agent.phone.cards[agent.find_card(card)].update_token


def has_update_token(agent: PhoneAgent) -> bool:
    """Say whether the phone's cards have their update tokens."""
    return bool(agent.phone.cards) and all(card.update_token for card in agent.phone.cards.values())


async def test_a_launch_reports_the_device(simulator: Simulator, lockstep: Lockstep) -> None:
    """The first launch puts user, settings and start tokens under the device's id, with the ticket."""
    agent = simulator.install_phone(customer_id="ada", ticket="t-1")
    await agent.quiet()

    assert lockstep.calls == [
        (
            "PUT",
            f"/v1/devices/{agent.phone.device_id}",
            "Bearer t-1",
            {
                "customerId": "ada",
                "app": "app.lockstep.demo",
                "environment": "sandbox",
                "iosVersion": "18.1",
                "appBuild": "100",
                "locale": "en",
                "activitiesEnabled": True,
                "frequentPushesEnabled": True,
                "startTokens": {"OrderAttributes": start_token(agent)},
                "alertToken": agent.phone.alert_token,
                "cards": [],
            },
        )
    ]


async def test_a_card_is_reported_when_it_appears_and_when_its_token_comes(
    simulator: Simulator, lockstep: Lockstep, apns: httpx.AsyncClient
) -> None:
    """A push-started card is first `starting` without a token, after Allow `active` with one, under our card id."""
    agent = simulator.install_phone(customer_id="ada", ticket="t", behaviour=Behaviour(allow="later"))
    await push(apns, start_token(agent), start())
    await agent.quiet()
    waiting = lockstep.bodies("/cards/card-1")
    agent.allow()
    await agent.quiet()

    common = {"subject": "order-1", "attributesType": "OrderAttributes", "activityId": agent.find_card("card-1")}
    assert waiting == [common | {"state": "starting"}]
    assert lockstep.bodies("/cards/card-1")[1:] == [common | {"state": "active", "updateToken": update_token(agent)}]
    assert agent.complaints == []


async def test_pushes_reach_the_card_by_its_token(simulator: Simulator, apns: httpx.AsyncClient) -> None:
    """Start, update and end are shown, and the end is reported."""
    agent = simulator.install_phone(customer_id="ada", ticket="t")
    await push(apns, start_token(agent), start())
    statuses = [
        await push(apns, update_token(agent), payload) for payload in (update(), end(), update(timestamp=NOW + 9))
    ]
    await agent.quiet()

    assert statuses == [200, 200, 200]
    assert [record.effect for record in agent.phone.records] == ["applied"] * 3 + ["dropped: the card is over"]


async def test_a_force_quit_app_reports_nothing_until_it_is_opened(
    simulator: Simulator, lockstep: Lockstep, apns: httpx.AsyncClient
) -> None:
    """The card is shown all the same; the next launch lists it, and the token follows."""
    agent = simulator.install_phone(customer_id="ada", ticket="t", behaviour=Behaviour(force_quit=True))
    await push(apns, start_token(agent), start())
    await agent.quiet()
    silent = lockstep.bodies("/cards/card-1")
    agent.launch()
    agent.allow()
    await agent.quiet()

    listed = lockstep.bodies(agent.phone.device_id)[-1]["cards"]
    assert (silent, [card["cardId"] for card in listed]) == ([], ["card-1"])
    assert lockstep.bodies("/cards/card-1")[-1]["state"] == "active"


async def test_the_end_after_eight_hours_and_a_dismissal_are_reported(
    simulator: Simulator, lockstep: Lockstep, apns: httpx.AsyncClient, time: Time
) -> None:
    """What happens on the phone alone reaches Lockstep through the app."""
    agent = simulator.install_phone(customer_id="ada", ticket="t")
    for card in ("card-1", "card-2"):
        await push(apns, start_token(agent), start(attributes={"cardId": card, "orderId": "order-1"}))
    agent.dismiss("card-1")
    time.now += 8 * HOUR
    simulator.tick()
    await agent.quiet()

    assert [lockstep.bodies(f"/cards/{card}")[-1]["state"] for card in ("card-1", "card-2")] == ["dismissed", "ended"]


async def test_the_app_reports_its_own_card_under_the_activity_id(simulator: Simulator, lockstep: Lockstep) -> None:
    """A card the app started has a token from the beginning and no card id of ours."""
    agent = simulator.install_phone(customer_id="ada", ticket="t")
    activity_id = agent.start_activity("order-7")
    await agent.quiet()

    assert lockstep.bodies(f"/cards/{activity_id}") == [
        {
            "subject": "order-7",
            "attributesType": "OrderAttributes",
            "activityId": activity_id,
            "state": "active",
            "updateToken": agent.phone.cards[activity_id].update_token,
        }
    ]


async def test_a_new_token_replaces_the_old_one(
    simulator: Simulator, lockstep: Lockstep, apns: httpx.AsyncClient
) -> None:
    """A rotated update token is reported; the old one is gone."""
    agent = simulator.install_phone(customer_id="ada", ticket="t")
    activity_id = agent.start_activity("order-7")
    old = update_token(agent, activity_id)
    agent.rotate_token(activity_id)
    await agent.quiet()

    new = update_token(agent, activity_id)
    assert [body["updateToken"] for body in lockstep.bodies(f"/cards/{activity_id}")] == [old, new]
    assert [await push(apns, token, update()) for token in (old, new)] == [410, 200]


async def test_the_app_obeys_the_answer_to_its_launch(
    simulator: Simulator, lockstep: Lockstep, apns: httpx.AsyncClient
) -> None:
    """It ends what should end, shows what it missed and keeps what is missing."""
    agent = simulator.install_phone(customer_id="ada", ticket="t")
    for card in ("card-1", "card-2"):
        await push(apns, start_token(agent), start(attributes={"cardId": card, "orderId": "order-1"}))
    missing = {"cardId": "card-3", "subject": "order-3", "attributesType": "OrderAttributes"}
    newest = content(status="delivered")
    lockstep.answer = {
        "deviceId": agent.phone.device_id,
        "cards": [
            {"cardId": "card-1", "activityId": None, "end": True, "contentState": None},
            {"cardId": "card-2", "activityId": agent.find_card("card-2"), "end": False, "contentState": newest},
        ],
        "missing": [missing],
    }
    agent.launch()
    await agent.quiet()

    cards = [agent.phone.cards[agent.find_card(card)] for card in ("card-1", "card-2")]
    assert [(card.state, card.content["status"]) for card in cards] == [("ended", "placed"), ("active", "delivered")]
    assert (agent.missing, agent.complaints) == ([missing], [])


@pytest.mark.parametrize("by", ["delete", "put"])
async def test_signing_out_ends_the_cards_and_tells_lockstep(
    simulator: Simulator, lockstep: Lockstep, apns: httpx.AsyncClient, by: Any
) -> None:
    """The app ends every card and says goodbye with the old user's ticket; the next user starts clean."""
    agent = simulator.install_phone(customer_id="ada", ticket="ada's")
    await push(apns, start_token(agent), start())
    await agent.quiet()
    lockstep.calls.clear()

    agent.sign_out(by=by)
    agent.sign_in("bob", ticket="bob's")
    await agent.quiet()

    seen = [(method, ticket, body and body["customerId"]) for method, _, ticket, body in lockstep.calls]
    goodbye = ("DELETE", "Bearer ada's", None) if by == "delete" else ("PUT", "Bearer ada's", None)
    assert seen == [goodbye, ("PUT", "Bearer bob's", "bob")]
    assert lockstep.calls[-1][3]["cards"] == []
    assert [card.ended_by for card in agent.phone.cards.values()] == ["signing out"]


async def test_a_reinstalled_app_is_another_device(simulator: Simulator, lockstep: Lockstep) -> None:
    """It reports a new id and new tokens for the same user."""
    agent = simulator.install_phone(customer_id="ada", ticket="t")
    await agent.quiet()
    agent.reinstall()
    await agent.quiet()

    first, second = lockstep.calls
    assert first[1] != second[1]
    assert first[3]["startTokens"] != second[3]["startTokens"]
    assert second[3]["customerId"] == "ada"


async def test_the_app_tries_again_until_it_succeeds(simulator: Simulator, lockstep: Lockstep) -> None:
    """Server errors and too many requests are tried again, with no complaint in the end."""
    lockstep.statuses.extend([500, 503, 429])
    agent = simulator.install_phone(customer_id="ada", ticket="t")
    await agent.quiet()

    assert (len(lockstep.calls), agent.complaints) == (4, [])


async def test_the_app_waits_for_a_lockstep_that_is_not_there_yet(simulator: Simulator, lockstep: Lockstep) -> None:
    """Calls made before Lockstep's address is known arrive once it is."""
    address, simulator.lockstep_url = simulator.lockstep_url, None
    agent = simulator.install_phone(customer_id="ada", ticket="t")
    simulator.lockstep_url = address
    await agent.quiet()

    assert len(lockstep.calls) == 1


async def test_a_refused_call_is_a_complaint(simulator: Simulator, lockstep: Lockstep) -> None:
    """What Lockstep refuses for good is not tried again and can be read back."""
    lockstep.statuses.append(422)
    agent = simulator.install_phone(customer_id="ada", ticket="t")
    await agent.quiet()

    assert [(one.method, one.status) for one in agent.complaints] == [("PUT", 422)]


async def test_a_refused_ticket_is_fetched_anew_once(simulator: Simulator, lockstep: Lockstep) -> None:
    """On 401 the app asks for a new ticket and calls again; a second 401 is a complaint."""
    fetched: list[str] = []

    async def ticket_for(customer_id: str) -> str:
        fetched.append(customer_id)
        return f"ticket-{len(fetched)}"

    lockstep.statuses.extend([401, 200, 401, 401])
    agent = simulator.install_phone(customer_id="ada", ticket_for=ticket_for)
    await agent.quiet()
    happy = list(agent.complaints)
    agent.launch()
    await agent.quiet()

    assert [ticket for _, _, ticket, _ in lockstep.calls[:2]] == ["Bearer ticket-1", "Bearer ticket-2"]
    assert (happy, [one.status for one in agent.complaints]) == ([], [401])


async def test_lively_phones_repeat_and_reorder_and_arrive_at_the_same(
    simulator: Simulator, lockstep: Lockstep, apns: httpx.AsyncClient
) -> None:
    """Calls come twice and out of order, yet each card's last token report is its newest."""
    profile = LIVELY.scaled(0.2)
    agents = [simulator.install_phone(customer_id=f"c-{n}", ticket="t", profile=profile) for n in range(20)]
    for agent in agents:
        await push(apns, start_token(agent), start())
    for agent in agents:
        await simulator.wait_until(partial(has_update_token, agent), within_seconds=10)
        agent.rotate_token("card-1")
    await simulator.quiet()

    per_device = Counter(path for _, path, _, _ in lockstep.calls)
    assert max(per_device.values()) > 3
    for agent in agents:
        reports = lockstep.bodies(f"{agent.phone.device_id}/cards/card-1")
        tokens = [body["updateToken"] for body in reports if "updateToken" in body]
        assert tokens[-1] == update_token(agent)


async def test_a_late_push_is_overtaken_by_a_newer_one(simulator: Simulator, apns: httpx.AsyncClient) -> None:
    """With delivery delays pushes overtake one another, and the card shows the newest of them."""
    agent = simulator.install_phone()
    activity_id = agent.start_activity("order-1")
    agent.profile = LIVELY
    token = update_token(agent, activity_id)

    pushes = [update(timestamp=NOW + second, content_state=content(progress=second)) for second in range(1, 31)]
    await asyncio.gather(*(push(apns, token, payload) for payload in pushes))
    await simulator.wait_until(lambda: len(agent.phone.records) == 30, within_seconds=10)

    assert agent.phone.cards[activity_id].content["progress"] == 30
    assert any(record.effect == "dropped: older than what is shown" for record in agent.phone.records)


async def test_stopping_gives_up_the_calls(tmp_path: Path) -> None:
    """A phone whose Lockstep never comes does not keep the simulator from stopping."""
    running = await Simulator.start(tmp_path, options=Options(profile=LIVELY))
    running.install_phone(customer_id="ada", ticket="t")

    await asyncio.wait_for(running.stop(), timeout=5)
