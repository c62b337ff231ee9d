"""The n-th push fails, in every way that a push can: the card starts once, follows, and ends."""

import json
from pathlib import Path

import h2.errors
import pytest

from app.apns.dispatch_rules import DispatchRules
from tests.conftest import Clock
from tests.examples.devices import UPDATE_TOKEN, reported
from tests.integration.dispatching import dispatcher, work
from tests.integration.engines import Make, against
from tests.integration.flow import Flow
from tests.integration.scripted_apns import OK, Action, Cut, GoAway, Hang, HeadersThenCut, Reply, Reset, Seen

pytestmark = pytest.mark.faults

RULES = DispatchRules(poll=1_000_000, deadline=0.5)
REFUSED = Reset(h2.errors.ErrorCodes.REFUSED_STREAM)
BROKEN = Reset(h2.errors.ErrorCodes.INTERNAL_ERROR)


def says(status: int, reason: str) -> Reply:
    """Refuse a push in Apple's words."""
    return Reply(status, json.dumps({"reason": reason}).encode())


WAYS: dict[str, tuple[Action, bool]] = {
    "refused": (REFUSED, False),
    "goaway": (GoAway(0), False),
    "500": (says(500, "InternalServerError"), False),
    "503": (says(503, "ServiceUnavailable"), False),
    "429": (says(429, "TooManyRequests"), False),
    "reset": (BROKEN, True),
    "cut": (Cut(), True),
    "silence": (Hang(), True),
    "cut after 200": (HeadersThenCut(200), True),
}
"""What the peer does to a push, and whether the phone gets it all the same."""


@pytest.mark.parametrize("number", [1, 2, 3])
@pytest.mark.parametrize("way", WAYS)
async def test_a_card_survives_the_failure_of_any_push(
    make: Make, flow: Flow, clock: Clock, tmp_path: Path, way: str, number: int
) -> None:
    """One start reaches the phone, its content ends where the order did, and timestamps rise."""
    action, processed = WAYS[way]
    on_phone: list[dict[str, object]] = []
    pushes: set[str] = set()

    def script(seen: Seen) -> tuple[Action, ...]:
        # the engine may try one push several times by itself
        pushes.add(seen.headers["apns-id"])
        fails = len(pushes) == number
        if processed or not fails:
            on_phone.append(json.loads(seen.body)["aps"])
        return (action if fails else OK,)

    async with against(make, tmp_path, script) as (_peer, transport):

        async def dispatch() -> None:
            for _ in range(2):
                await work(dispatcher(flow, transport, RULES))
                await clock.advance(seconds=61)

        await flow.wanted()
        await dispatch()
        assert [each["event"] for each in on_phone] == ["start"]
        card_id = str((await flow.card())["card_id"])
        await flow.registry.report_card("phone-1", card_id, reported(update_token=UPDATE_TOKEN))
        for type_ in ("order.accepted", "order.delivered"):
            await flow.happen("order-1", type_)
            await flow.project("order-1")
            await dispatch()
        card = await flow.card()
    timestamps = [int(str(each["timestamp"])) for each in on_phone]

    assert [each["event"] for each in on_phone].count("start") == 1
    assert on_phone[-1]["event"] == "end"
    assert timestamps == sorted(set(timestamps))
    assert (card["phase"], card["accepted_version"]) == ("over", 3)
