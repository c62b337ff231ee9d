"""The way of an event: its stages in the order in which they came, on phones of both kinds."""

from typing import Any, Final

from playwright.async_api import expect

from app.access.api_key import Scope
from tests.acceptance.world import World, is_live
from tests.browser.visit import Visit

_WAY: Final = """
  async ([event, card, phone]) => {
    const { timeline } = await import(new URL("console/timeline.js", document.baseURI));
    const [line] = timeline({ events: [event], cards: [card] }, new Map([[card.deviceId, phone]]), null, () => {});
    const textOf = (stage) => [...stage.children].map((each) => each.textContent).join(" ");
    const stages = [...line.querySelectorAll(".journey li")].map(textOf);
    return [...stages, line.querySelector(".total").textContent].join(", ").replaceAll("\\u2013", "-");
  }
"""
_DAY: Final = "2026-11-28T12:00:"


def _event(**changes: Any) -> dict[str, Any]:
    return {
        "version": 1, "type": "order.placed", "recordedAt": f"{_DAY}00.000Z", "folded": True, "foreign": False,
        **changes,
    }  # fmt: skip


def _card(**push: Any) -> dict[str, Any]:
    sent = {
        "version": 1, "outcome": "accepted", "kind": "start", "foldedAt": f"{_DAY}00.010Z", "sentAt": f"{_DAY}00.050Z",
        "answeredAt": f"{_DAY}00.080Z", "apnsId": "a", **push,
    }  # fmt: skip
    return {"cardId": "c", "deviceId": "d", "sent": [sent]}


def _phone(at: str) -> dict[str, Any]:
    seconds = 1_795_867_200 + float(at)
    return {"id": "anna", "pushes": [{"apnsId": "a", "applied": True, "at": seconds}]}


_WAYS: Final = [
    (_event(), _card(), None, "recorded ✓, folded 10 ms, sent 40 ms, accepted 30 ms, shown -, 80 ms"),
    (_event(), _card(), _phone("0.095"), "recorded ✓, folded 10 ms, sent 40 ms, accepted 30 ms, shown 15 ms, 95 ms"),
    (_event(), _card(), _phone("0.060"), "recorded ✓, folded 10 ms, sent 40 ms, shown 10 ms, accepted 20 ms, 80 ms"),
    (
        _event(),
        _card(foldedAt=f"{_DAY}00.060Z", sentAt=f"{_DAY}00.058Z"),
        None,
        "recorded ✓, folded 60 ms, sent <1 ms, accepted 22 ms, shown -, 80 ms",
    ),
    (_event(), _card(foldedAt=None), None, "recorded ✓, folded ✓, sent 50 ms, accepted 30 ms, shown -, 80 ms"),
    (_event(folded=False), _card(version=0), None, "recorded ✓, folded -, sent -, accepted -, shown -, "),
]


async def test_the_stages_are_told_as_they_came(visit: Visit) -> None:
    """A phone may show a push before its answer is here, and two clocks may differ: no time is below nothing."""
    await visit.page.goto(f"{visit.world.service.url}/")

    ways = [await visit.page.evaluate(_WAY, [event, card, phone]) for event, card, phone, _ in _WAYS]
    assert ways == [way for *_, way in _WAYS]


async def test_phones_of_both_kinds_tell_when_they_showed_it(world: World, visit: Visit) -> None:
    """In the demo each event is followed to the screen, with its total."""
    phone, android = await world.phone(), await world.android()
    await world.place()
    await world.until(lambda: is_live(phone) and bool(android.phone.live_updates))
    await world.happen_and_rest("order-1", "order.accepted")
    await visit.enter([Scope.ADMIN], demo=True)
    await visit.look_at("order-1")
    ways = visit.page.locator("#timeline .journey")
    await expect(ways).to_have_count(4)
    await expect(ways.locator("li.done")).to_have_count(20)
    await visit.is_calm()
