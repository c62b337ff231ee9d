"""A backup is restored by the runbook, word by word: phones and database meet again, and nothing starts twice."""

import asyncio
import os
import re
import sys
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any, Final

import pytest

from events.postgres.embedded_binaries import find_installation
from events.postgres.migrator import migrate
from events.postgres.pool import connect
from tests.acceptance.world import World, cards_of, is_live, running_world
from tests.conftest import Clock
from tests.documents import REPOSITORY, section_of
from tests.integration.command_line import surroundings
from tests.integration.dumped import dumped, found_in

pytestmark = pytest.mark.faults

RUNBOOK: Final = REPOSITORY / "docs/restoring.md"
ERASED: Final = "Eleni Papadáki"
EVENTS: Final[list[tuple[str, str, dict[str, Any]]]] = [
    ("order-1", "order.placed", {"customerId": "customer-1", "merchantName": "Taverna Ilios"}),
    ("order-2", "order.placed", {"customerId": "customer-2", "merchantName": "Taverna Ilios"}),
    ("order-2", "order.courier_assigned", {"courierName": ERASED}),
    # from here on after the backup
    ("order-1", "order.ready", {}),
    ("order-3", "order.placed", {"customerId": "customer-1", "merchantName": "Taverna Ilios"}),
    ("order-4", "order.placed", {"customerId": "customer-2", "merchantName": "Taverna Ilios"}),
    ("order-4", "order.courier_assigned", {"courierName": ERASED}),
    ("order-5", "order.placed", {"customerId": "customer-3", "merchantName": "Taverna Ilios"}),
]
BACKED_UP: Final = 3


async def run(commands: str, folder: Path, dsn: str) -> None:
    """Run commands as a person would in a shell; each must succeed."""
    programs = [Path(sys.executable).parent, find_installation() / "bin", os.environ["PATH"]]
    process = await asyncio.create_subprocess_exec(
        "/bin/sh",
        "-ec",
        commands,
        cwd=folder,
        env=surroundings(dsn, PATH=os.pathsep.join(map(str, programs))),
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.STDOUT,
    )
    said, _ = await process.communicate()
    assert process.returncode == 0, said.decode()


async def follow(heading: str, folder: Path, dsn: str) -> None:
    """Run the commands below a heading of the runbook as they stand there."""
    section = section_of(RUNBOOK.read_text("utf-8"), heading)
    [commands] = re.findall(r"^```sh\n(.*?)^```", section, re.MULTILINE | re.DOTALL)
    await run(commands, folder, dsn)


@asynccontextmanager
async def clock_of(dsn: str) -> AsyncIterator[Clock]:
    """Give the clock of a database."""
    connection = await connect(dsn, name="lockstep-test")
    yield Clock(connection)
    await connection.close()


async def post(world: World, since: int) -> None:
    """Let upstream post its events, from one on, in their order: their ids are what they were the first time."""
    world._events = since
    for order, type_, data in EVENTS[since:]:
        await world.happen(order, type_, **data)


async def test_a_restored_backup_meets_the_phones_again(
    other_database: Callable[[], Awaitable[str]], certificates: Path, tmp_path: Path
) -> None:
    """Events, a start, a new phone and an erasure came after it; the end is as if nothing had been lost."""
    lost, found = await other_database(), await other_database()
    await migrate(lost)
    async with clock_of(lost) as before, clock_of(found) as after, running_world(lost, before, certificates) as world:
        one, two = await world.phone("customer-1"), await world.phone("customer-2")
        for order, type_, data in EVENTS[:BACKED_UP]:
            await world.happen(order, type_, **data)
        await world.until(lambda: is_live(one) and is_live(two))
        await world.come_to_rest()
        await follow("Backing up", tmp_path, lost)

        new = await world.phone("customer-3")
        await post(world, BACKED_UP)
        await world.until(lambda: is_live(new) and len(cards_of(one)) == 2)
        await world.come_to_rest()
        await run(
            "lockstep erase customer customer-2 --yes; lockstep erase list --json > erasures.jsonl", tmp_path, lost
        )
        await world.come_to_rest()
        await world.service.stop()

        await follow("Putting it back", tmp_path, found)
        await world.move(found, after)
        await post(world, 1)
        await follow("Meeting what happened since", tmp_path, found)
        await world.pass_time(10)
        # not the erased customer's, whose session has ended
        one.launch()
        new.launch()
        await world.come_to_rest()
        await world.happen_and_rest("order-3", "order.preparing")
        await world.happen_and_rest("order-5", "order.ready")

        shown = {card.subject: card.content["status"] for phone in (one, new) for card in cards_of(phone)}
        assert shown == {"order-1": "ready", "order-3": "preparing", "order-5": "ready"}
        assert {card.state for card in cards_of(two)} == {"ended"}
        started = Counter((phone.phone_id, card.subject) for phone in (one, two, new) for card in cards_of(phone))
        assert set(started.values()) == {1}
        assert world.kinds().count("start") == len(started)
        assert found_in(await dumped(found), {ERASED}) == set()
