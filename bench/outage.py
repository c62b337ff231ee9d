"""A minute without Postgres, and one without APNs, silent or shut: how long until every card is right, by itself."""

import asyncio
import time

from app.simulator.faults import Fault
from bench.database import Bed, bed
from bench.latency import Stage, post, show_cards, stage
from bench.report import Figure

ORDERS = 50
ASK_AGAIN_SECONDS = 0.25


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    seconds = 15.0 if quick else 60.0
    async with bed() as database, stage(database) as on:
        await show_cards(on, ORDERS)
        await asyncio.sleep(1.5)
        acknowledged, shown = await _without_postgres(on, database, seconds)
        await asyncio.sleep(1.5)
        accepted, caught_up = await _without_apns(on, seconds)
        await asyncio.sleep(1.5)
        tries, let_in, shown_again = await _without_connections(on, database, seconds)
    name, away = "outage", f"{seconds:g} s without"
    return [
        Figure(name, f"{away} Postgres → every event acknowledged", acknowledged, "s", target="≤ 5"),
        Figure(name, f"{away} Postgres → every card moved", shown, "s", target="≤ 5"),
        Figure(name, f"{away} APNs (black hole) → a push accepted", accepted, "s", target="≤ 5"),
        Figure(name, f"{away} APNs (black hole) → every card moved", caught_up, "s", target="≤ 5"),
        Figure(name, f"{away} APNs (refused) → a push accepted", let_in, "s", target="≤ 5"),
        Figure(name, f"{away} APNs (refused) → every card moved", shown_again, "s", target="≤ 5"),
        Figure(name, f"{away} APNs (refused): claims for each second", tries / seconds, "", target="≤ 3"),
    ]


async def _without_postgres(on: Stage, database: Bed, seconds: float) -> tuple[float, float]:
    """Stop the server, let every order's shop ask again and again, start it; give the seconds from there."""
    server = database.server
    await server.stop()
    asking = [asyncio.ensure_future(_until_acknowledged(on, number)) for number in range(ORDERS)]
    await asyncio.sleep(seconds)
    await database.restart()
    back = time.monotonic()
    await asyncio.gather(*asking)
    acknowledged = time.monotonic() - back
    await on.simulator.wait_until(lambda: _all_show(on, "accepted"), within_seconds=120)
    return acknowledged, time.monotonic() - back


async def _until_acknowledged(on: Stage, number: int) -> None:
    while True:
        try:
            await post(on, f"order-{number}", "order.accepted", "accepted", {})
        except RuntimeError:
            await asyncio.sleep(ASK_AGAIN_SECONDS)
        else:
            return


async def _without_apns(on: Stage, seconds: float) -> tuple[float, float]:
    """Let APNs swallow everything while every order moves; give the seconds from its return, which resets old lines."""
    on.simulator.add_fault(Fault("black_hole", times=None))
    for number in range(ORDERS):
        await post(on, f"order-{number}", "order.preparing", "preparing", {})
    await asyncio.sleep(seconds)
    before = on.simulator.pushes.counts["200"]
    on.simulator.faults.clear()
    for server in on.simulator.servers:
        for connection in server.connections:
            connection.abort()
    back = time.monotonic()
    await on.simulator.wait_until(lambda: on.simulator.pushes.counts["200"] > before, within_seconds=120)
    accepted = time.monotonic() - back
    await on.simulator.wait_until(lambda: _all_show(on, "preparing"), within_seconds=120)
    return accepted, time.monotonic() - back


async def _without_connections(on: Stage, database: Bed, seconds: float) -> tuple[int, float, float]:
    """Shut APNs' port while every order moves; give the claims meanwhile, and the seconds from its return."""
    server = on.simulator.servers[0]
    port = server.port
    await server.stop(grace_seconds=0)
    claims = "SELECT sum(lease) FROM cards"
    before = await database.pool.fetchval(claims)
    for number in range(ORDERS):
        await post(on, f"order-{number}", "order.ready", "ready", {})
    await asyncio.sleep(seconds)
    tries = await database.pool.fetchval(claims) - before
    taken = on.simulator.pushes.counts["200"]
    await server.start(on.simulator.host, port)
    back = time.monotonic()
    await on.simulator.wait_until(lambda: on.simulator.pushes.counts["200"] > taken, within_seconds=120)
    accepted = time.monotonic() - back
    await on.simulator.wait_until(lambda: _all_show(on, "ready"), within_seconds=120)
    return int(tries), accepted, time.monotonic() - back


def _all_show(on: Stage, status: str) -> bool:
    return all(
        card.content["status"] == status
        for agent in on.simulator.phones.values()
        for card in agent.phone.cards.values()
    )
