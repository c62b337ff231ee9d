"""Whoever is shown something personal leaves a row that says so: on every route, and by every command that shows it."""

import re
from typing import Final

import pytest

from app.access.personal_reads import PersonalRead
from app.cli.reading import operator
from app.http.routes import OPEN, ROUTES
from tests.acceptance.world import World
from tests.integration.command_line import lockstep

PERSONAL: Final = "Eleni Papadaki"
QUERIES: Final = {
    "/v1/events": ("?wait=10", "?personal=include"),
    "/v1/orders/{order_id}/state": ("?version=2",),
    "/v1/orders/{order_id}/explain": ("", "?states=true"),
    "/v1/orders/{order_id}/stream": ("?seconds=0",),
    "/v1/cards/stream": ("?seconds=0",),
    "/v1/orders/stream": ("?seconds=0",),
}
COMMANDS: Final = (
    *(("order", "show", "order-1"), ("order", "show", "order-1", "--json")),
    *(("order", "events", "order-1"), ("order", "events", "order-1", "--json")),
    *(("order", "explain", "order-1"), ("order", "explain", "order-1", "--states")),
    *(("order", "state", "order-1", "--version", "2"), ("replay", "order", "order-1")),
    *(("events", "export"), ("events", "export", "--with-personal-values", "--subject", "order-1")),
    *(("cards", "list"), ("webhooks", "list")),
)


async def reads(world: World, reader: str) -> list[PersonalRead]:
    """Give what is known of somebody's reads, and forget it."""
    await world.service.reads.write()
    found = await world.service.reads.list_reads(reader=reader, days=1, limit=100)
    await world.service.pool.execute("DELETE FROM personal_reads")
    return found


@pytest.fixture
async def told(world: World) -> World:
    """A world with an order that says something personal, and a phone that shows it."""
    await world.phone()
    await world.place()
    await world.happen("order-1", "order.courier_assigned", courierName=PERSONAL)
    await world.come_to_rest()
    return world


async def test_a_read_of_something_personal_leaves_a_row_and_no_other_does(told: World) -> None:
    """Generated from the route table: an answer that holds it is noted under the key, and nothing else is."""
    key_id = told.api_key[:-38]
    seen = []
    for route in ROUTES:
        if route.method != "GET" or route.rule == OPEN:
            continue
        for query in QUERIES.get(route.path, ("",)):
            path = re.sub(r"\{\w+\}", "order-1", route.path) + query
            async with told.shop.get(f"{told.service.url}{path}") as answer:
                shown = PERSONAL in await answer.text()
            noted = [(each.order_id, each.times) for each in await reads(told, key_id)]
            if shown:
                seen.append(path)
            assert noted == ([("" if path.startswith("/v1/events") else "order-1", 1)] if shown else []), path
    assert len(seen) == 6, seen


async def test_what_a_customer_sees_of_their_own_is_not_noted(told: World) -> None:
    """A ticket leaves no row."""
    headers = {"Authorization": f"Bearer {await told.ticket('customer-1')}"}
    async with told.shop.get(f"{told.service.url}/v1/orders/order-1", headers=headers) as answer:
        assert PERSONAL in await answer.text()
    await told.service.reads.write()
    assert await told.service.reads.list_reads(days=1, limit=100) == []


async def test_a_command_that_shows_something_personal_leaves_a_row(told: World, dsn: str) -> None:
    """Under the account and the machine."""
    seen = []
    for command in COMMANDS:
        done = await lockstep(*command, dsn=dsn)
        assert done.code == 0, (command, done)
        noted = [(each.order_id, each.times) for each in await reads(told, operator())]
        if PERSONAL in done.out:
            seen.append(command)
        assert noted == ([("order-1", 1)] if PERSONAL in done.out else []), command
    assert len(seen) == 6, seen
