"""Steer the simulator over HTTP."""

from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import aiohttp
import pytest

from app.simulator.chance import CALM
from app.simulator.rules import Push
from app.simulator.simulator import Options, Simulator
from tests.unit.app.simulator.examples import NOW, Provider, start


@pytest.fixture
async def simulator(tmp_path: Path) -> AsyncIterator[Simulator]:
    """Run a simulator at a fixed time."""
    running = await Simulator.start(tmp_path, options=Options(profile=CALM), now=lambda: float(NOW))
    yield running
    await running.stop()


@pytest.fixture
async def control(simulator: Simulator) -> AsyncIterator[aiohttp.ClientSession]:
    """Open the control address."""
    async with aiohttp.ClientSession(simulator.control_url) as session:
        yield session


async def post(control: aiohttp.ClientSession, path: str, body: dict[str, Any] | None = None) -> tuple[int, Any]:
    """Post JSON; give status and JSON."""
    async with control.post(path, json=body or {}) as answer:
        return answer.status, await answer.json()


async def get(control: aiohttp.ClientSession, path: str) -> Any:
    """Get JSON."""
    async with control.get(path) as answer:
        return await answer.json()


def show_card(simulator: Simulator, phone: str = "phone-1") -> None:
    """Let a phone show a card, as if APNs had sent it."""
    agent = simulator.phones[phone]
    token = simulator.tokens.find(agent.phone.start_tokens["OrderAttributes"])
    assert token is not None
    agent.deliver(Push("push-1", token, start(), 10, None))


async def test_a_phone_is_installed_and_read_back(simulator: Simulator, control: aiohttp.ClientSession) -> None:
    """A phone shows who uses it, its cards with their content, and what each push did."""
    status, installed = await post(control, "/phones", {"behaviour": {"allow": "later"}, "environment": "production"})
    show_card(simulator)

    shown = await get(control, "/phones/phone-1")

    assert (status, installed["cards"], shown["permission"]) == (201, [], "asked")
    (card,), (push,) = shown["cards"], shown["pushes"]
    assert (card["cardId"], card["subject"], card["state"], card["visible"]) == ("card-1", "order-1", "active", True)
    assert (card["content"]["status"], card["updateToken"], card["endedBy"]) == ("placed", None, None)
    assert (push["apnsId"], push["effect"], push["applied"], push["alert"]) == (
        "push-1",
        "applied",
        True,
        "Order placed",
    )


async def test_the_user_acts_over_http(simulator: Simulator, control: aiohttp.ClientSession) -> None:
    """Allow brings the token, dismissing ends the card, force-quit and launch change the app."""
    await post(control, "/phones", {"behaviour": {"allow": "later"}})
    show_card(simulator)

    _, allowed = await post(control, "/phones/phone-1/allow")
    _, quitted = await post(control, "/phones/phone-1/force-quit")
    _, launched = await post(control, "/phones/phone-1/launch")
    _, dismissed = await post(control, "/phones/phone-1/dismiss", {"card": "card-1"})

    assert allowed["cards"][0]["updateToken"]
    assert (quitted["forceQuit"], launched["forceQuit"]) == (True, False)
    assert (dismissed["cards"][0]["state"], dismissed["cards"][0]["endedBy"]) == ("dismissed", "the user")


async def test_the_app_starts_a_card_and_changes_its_user_over_http(
    simulator: Simulator, control: aiohttp.ClientSession
) -> None:
    """start-activity, rotate-token, sign-in, sign-out, behave and reinstall do what they say."""
    await post(control, "/phones", {"phoneId": "p", "customerId": "ada", "ticket": "t"})

    _, started = await post(control, "/phones/p/start-activity", {"subject": "order-9"})
    card = started["cards"][0]
    _, rotated = await post(control, "/phones/p/rotate-token", {"card": card["activityId"]})
    _, behaved = await post(control, "/phones/p/behave", {"lowPower": True})
    _, signed_out = await post(control, "/phones/p/sign-out", {"by": "put"})
    _, signed_in = await post(control, "/phones/p/sign-in", {"customerId": "bob", "ticket": "t"})
    _, reinstalled = await post(control, "/phones/p/reinstall")

    assert (card["subject"], card["cardId"]) == ("order-9", None)
    assert rotated["cards"][0]["updateToken"] != card["updateToken"]
    assert behaved["behaviour"]["lowPower"] is True
    assert (signed_out["customerId"], signed_out["cards"][0]["endedBy"]) == (None, "signing out")
    assert signed_in["customerId"] == "bob"
    assert (reinstalled["cards"], reinstalled["deviceId"] != started["deviceId"]) == ([], True)
    assert len(simulator.phones) == 1


async def test_faults_are_added_listed_and_cleared(control: aiohttp.ClientSession) -> None:
    """A fault waits until it is used up or all are cleared."""
    status, _ = await post(control, "/faults", {"name": "reason:TooManyRequests", "times": 2, "token": "AB"})
    listed = await get(control, "/faults")
    async with control.delete("/faults") as answer:
        cleared = await answer.json()

    (fault,) = listed["faults"]
    assert (status, fault["name"], fault["times"], fault["token"]) == (201, "reason:TooManyRequests", 2, "ab")
    assert cleared == {"faults": []}


async def test_a_plan_is_listed_and_begun(control: aiohttp.ClientSession) -> None:
    """Each plan says what happens and what is expected; beginning one lets its faults wait."""
    plans = (await get(control, "/faults/plans"))["plans"]
    status, begun = await post(control, "/faults", {"plan": "goaway"})
    listed = await get(control, "/faults")

    (plan,) = [each for each in plans if each["name"] == "goaway"]
    assert {"name", "what", "expect", "faults"} == set(plan)
    assert (status, begun["faults"]) == (201, plan["faults"])
    assert listed == {"faults": plan["faults"], "happened": {}}


async def test_a_key_is_registered(simulator: Simulator, control: aiohttp.ClientSession) -> None:
    """A key registered over HTTP verifies tokens."""
    provider = Provider()
    body = {"teamId": provider.team_id, "keyId": provider.key_id, "publicPem": provider.public_pem}

    status, _ = await post(control, "/keys", body)

    key = simulator.keys.verify(provider.token(), now=NOW)
    assert (status, isinstance(key, str)) == (201, False)


async def test_the_clock_is_moved_and_cards_notice(simulator: Simulator, control: aiohttp.ClientSession) -> None:
    """Eight hours later the card has ended by itself."""
    await post(control, "/phones")
    show_card(simulator)

    _, clock = await post(control, "/clock", {"offsetSeconds": 8 * 3600})

    shown = await get(control, "/phones/phone-1")
    assert clock == {"now": NOW + 8 * 3600, "offsetSeconds": 8 * 3600}
    assert (shown["cards"][0]["state"], shown["cards"][0]["endedBy"]) == ("ended", "eight hours")


async def test_the_summary_says_where_everything_is(simulator: Simulator, control: aiohttp.ClientSession) -> None:
    """The addresses and counts are at the root; the pushes at their own path."""
    await post(control, "/phones", {"behaviour": "mixed", "profile": "lively"})

    summary, pushes = await get(control, "/"), await get(control, "/pushes?limit=5")

    assert (summary["apnsUrl"], summary["phones"]) == (simulator.apns_url, 1)
    assert pushes == {"counts": {}, "pushes": []}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        ("/phones/nobody/launch", {}, 404),
        ("/phones/phone-1/fly", {}, 404),
        ("/phones/phone-1/dismiss", {"card": "none"}, 404),
        ("/phones/phone-1/dismiss", {}, 422),
        ("/phones", {"behaviour": {"allow": "perhaps"}}, 422),
        ("/phones", {"profile": "hectic"}, 422),
        ("/phones", {"phoneId": "phone-1"}, 422),
        ("/faults", {"name": "gremlins"}, 422),
        ("/faults", {"name": "slow", "times": 0}, 422),
        ("/faults", {"plan": "gremlins"}, 422),
        ("/faults", {"plan": "goaway", "times": 2}, 422),
        ("/keys", {"teamId": "T", "keyId": "K", "publicPem": "x"}, 422),
    ],
)
async def test_what_makes_no_sense_is_refused_with_a_sentence(
    control: aiohttp.ClientSession, path: str, body: dict[str, Any], status: int
) -> None:
    """Unknown phones, acts and cards are 404, nonsense is 422, each with an error in words."""
    await post(control, "/phones")

    answered, content = await post(control, path, body)

    assert answered == status
    assert content["error"]
