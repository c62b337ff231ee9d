"""From the customer's tap on Allow, which brings the app its update token, to the push that catches the card up."""

import asyncio
import statistics
import time

from app.simulator.agent import PhoneAgent
from app.simulator.behaviour import Behaviour
from app.simulator.simulator import DEFAULT_BUNDLE_ID
from bench.database import bed
from bench.latency import Stage, post, stage
from bench.report import Figure


async def run(*, quick: bool) -> list[Figure]:
    """Measure."""
    taps = 100 if quick else 500
    async with bed() as database, stage(database) as on:
        phones = await _phones_without_tokens(on, taps)
        waits: list[float] = []
        for phone in phones:
            began = time.time()
            phone.allow()
            await on.simulator.wait_until(lambda: _caught_up(phone), within_seconds=10)  # noqa: B023 - awaited here
            waits.append((phone.phone.records[-1].at - began) * 1_000)
    quantiles = statistics.quantiles(waits, n=100)
    return [
        Figure("catch_up", "Allow tapped → catch-up push received, p50", quantiles[49], "ms"),
        Figure("catch_up", "Allow tapped → catch-up push received, p99", quantiles[98], "ms", target="≤ 100"),
    ]


async def _phones_without_tokens(on: Stage, count: int) -> list[PhoneAgent]:
    """Give phones whose card was started and has fallen behind, since nobody has tapped Allow."""
    phones = []
    for number in range(count):
        async with on.client.post(f"{on.url}/v1/tickets", json={"customerId": f"customer-{number}"}) as answer:
            ticket = (await answer.json())["ticket"]
        phones.append(
            on.simulator.install_phone(
                customer_id=f"customer-{number}",
                ticket=ticket,
                bundle_id=DEFAULT_BUNDLE_ID,
                phone_id=f"phone-{number}",
                behaviour=Behaviour(allow="later"),
            )
        )
    await on.simulator.quiet()
    for number in range(count):
        placed = {"customerId": f"customer-{number}", "merchantName": "Pizzeria"}
        await post(on, f"order-{number}", "order.placed", "placed", placed)
    await on.simulator.wait_until(lambda: all(each.phone.cards for each in phones), within_seconds=60)
    for number in range(count):
        await post(on, f"order-{number}", "order.preparing", "preparing", {})
    # the second of the start is over: what is measured does not wait for "one push a second"
    await asyncio.sleep(1.5)
    return phones


def _caught_up(phone: PhoneAgent) -> bool:
    [card] = phone.phone.cards.values()
    return bool(card.content["status"] == "preparing")
