"""An activity for many, from HTTP to the phones, with a kill in the middle."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from tests.acceptance.test_activities import MATCH, STARTED
from tests.acceptance.world import PATIENCE_SECONDS, World, cards_of, is_live, running_world
from tests.conftest import Clock
from tests.integration.command_line import begin, lockstep

FANS: Final = 14
MATCH_FOR: Final = {name: value for name, value in STARTED.items() if name != "customerId"}


@asynccontextmanager
async def worker(world: World) -> AsyncIterator[asyncio.subprocess.Process]:
    """Run the matcher and the dispatcher as a process of their own, at the pace of eight starts a second."""
    process = await begin(
        "serve",
        "--role",
        "matcher,dispatcher",
        dsn=world.settings.database_url,
        **world.apple,
        LOCKSTEP_PROFILE="fast",
        LOCKSTEP_AUDIENCE_RATE="8",
    )
    try:
        yield process
    finally:
        if process.returncode is None:
            process.kill()
        await process.communicate()


async def ask(world: World, method: str, path: str, document: Any = None) -> Any:
    """Ask as the shop."""
    async with world.shop.request(method, f"{world.service.url}/v1/{path}", json=document) as answer:
        assert answer.status == 200, await answer.text()
        return await answer.json()


async def until_state(world: World, wanted: str) -> dict[str, Any]:
    """Wait until an audience is so far, and nothing of it waits."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            progress: dict[str, Any] = await ask(world, "GET", "activities/match-1/audience")
            if (progress["state"], progress["waiting"]) == (wanted, 0):
                return progress
            # the database has no event for it
            await asyncio.sleep(0.05)


@pytest.mark.faults
async def test_everybody_is_started_once_whatever_is_killed(dsn: str, clock: Clock, certificates: Path) -> None:
    """Who has no card is listed as unknown; all others follow the match to its end; one who comes late joins."""
    async with running_world(dsn, clock, certificates, roles="api,projector") as world:
        phones = await asyncio.gather(*(world.phone(f"fan-{n}", declarations=(MATCH,)) for n in range(FANS)))
        counted = {"attributesType": MATCH.name, "audience": {"everybody": True}}
        assert await ask(world, "POST", "audiences/count", counted) == {"phones": FANS, "reachable": FANS}
        async with worker(world) as first:
            # whatever the launches flagged is matched before, so that none of these phones comes late
            await world.come_to_rest()
            await world.happen("match-1", "activity.started", **MATCH_FOR, audience={"everybody": True})
            await world.until(lambda: len(world.pushes) >= 3)
            first.kill()
            await first.wait()
        await world.pass_time(7)
        async with worker(world):
            done = await until_state(world, "done")
            listed = (await ask(world, "GET", "activities/match-1/audience/phones?outcome=unknown"))["phones"]
            with_card = [each for each in phones if cards_of(each)]
            late = await world.phone("late", declarations=(MATCH,))
            await world.until(lambda: all(is_live(each) for each in (*with_card, late)))
            await world.happen("match-1", "activity.updated", contentState={"score": [1, 0]})
            await world.until(
                lambda: all(cards_of(each)[0].content == {"score": [1, 0]} for each in (*with_card, late))
            )
            await world.happen("match-1", "activity.ended")
            await world.until(lambda: all(cards_of(each)[0].state == "ended" for each in (*with_card, late)))
        over = await lockstep("audience", "show", "match-1", "--json", dsn=dsn)

    assert (done["phones"], done["accepted"] + done["unknown"]) == (FANS, FANS)
    assert {len(cards_of(each)) for each in with_card} == {1}
    assert {each["deviceId"] for each in listed} == {each.phone.device_id for each in phones if not cards_of(each)}
    assert (over.code, over.json["state"], over.json["phones"]) == (0, "over", FANS + 1)


async def test_an_audience_that_nobody_has_made_has_no_phones(world: World) -> None:
    """Not an empty list: whoever mistypes an activity is told."""
    async with world.shop.get(f"{world.service.url}/v1/activities/nobodys/audience/phones") as answer:
        assert answer.status == 404
