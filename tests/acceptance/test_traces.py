"""One trace from the shop's request to the push, at a collector that speaks OTLP."""

import asyncio
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from app.settings import load_settings
from app.tracing.traceparent import Traceparent, sampled
from tests.acceptance.collector import Collector
from tests.acceptance.world import World, running_world
from tests.conftest import Clock

TRACE, SHOP = "0af7651916cd43dd8448eb211c80319c", "b7ad6b7169203331"
OTHER = "4bf92f3577b34da6a3ce929d0e0e4736"


async def post(world: World, type_: str, trace: str, flags: str = "01", **data: Any) -> None:
    """Let the shop post an event within a trace."""
    async with world.shop.post(
        f"{world.service.url}/v1/orders/order-1/events",
        json={"type": type_, "data": data, "id": f"{type_}-{trace}"},
        headers={"traceparent": f"00-{trace}-{SHOP}-{flags}"},
    ) as answer:
        assert answer.status == 200, await answer.text()


async def test_one_trace_leads_from_the_shop_to_the_push(
    dsn: str, clock: Clock, certificates: Path, collector: Collector
) -> None:
    """Request, fold, plan and push hang below the shop's span; what the shop does not record is not recorded."""
    async with running_world(dsn, clock, certificates, otlp_url=collector.url) as world:
        phone = await world.phone()
        await post(world, "order.placed", TRACE, customerId="customer-1", merchantName="Taverna Ilios")
        await world.come_to_rest()
        await post(world, "order.preparing", OTHER, "00")
        await world.come_to_rest()
        order, device = "order-1", phone.phone.device_id
    spans = [each for each in collector.spans if each.trace_id.hex() == TRACE]
    [request] = collector.named("POST /v1/orders/{order_id}/events")
    [folded] = collector.named("fold")
    [planned] = collector.named("plan start")
    [pushed] = collector.named("push sandbox")

    assert spans == collector.spans
    assert {each.parent_span_id.hex() for each in (request, folded, planned)} == {SHOP}
    assert pushed.parent_span_id == planned.span_id
    assert planned.start_time_unix_nano <= pushed.start_time_unix_nano <= pushed.end_time_unix_nano
    told = {each.key: each.value.string_value for each in planned.attributes}
    assert told["lockstep.subject"] == order
    assert device not in str(collector.spans)
    assert "Taverna" not in str(collector.spans)


async def test_a_push_of_several_events_is_linked_to_each(
    dsn: str, clock: Clock, certificates: Path, collector: Collector
) -> None:
    """It hangs below the newest."""
    async with running_world(dsn, clock, certificates, otlp_url=collector.url) as world:
        await world.phone()
        await world.place()
        await world.come_to_rest()
        await asyncio.gather(post(world, "order.preparing", TRACE), post(world, "order.ready", OTHER))
        await world.come_to_rest()
    updates = collector.named("plan update")
    seen = {each.trace_id.hex() for each in updates} | {link.trace_id.hex() for each in updates for link in each.links}

    assert seen == {TRACE, OTHER}
    assert "plan start" not in {each.name for each in collector.spans}


async def test_a_push_to_a_channel_belongs_to_the_trace_of_its_event(
    dsn: str, clock: Clock, certificates: Path, collector: Collector
) -> None:
    """However many phones follow, it is one."""
    async with running_world(dsn, clock, certificates, otlp_url=collector.url, carrier="channel") as world:
        for _ in range(2):
            await world.phone()
        await world.place()
        await world.come_to_rest()
        await post(world, "order.preparing", TRACE)
        await world.come_to_rest()
    [planned] = collector.named("plan broadcast")
    [pushed] = collector.named("push sandbox")

    assert (planned.trace_id.hex(), planned.parent_span_id.hex()) == (TRACE, SHOP)
    assert pushed.parent_span_id == planned.span_id


async def test_a_push_that_wakes_an_app_for_a_picture_belongs_to_the_trace_of_the_order_that_names_it(
    dsn: str, clock: Clock, certificates: Path, collector: Collector
) -> None:
    """It hangs below the newest event of the order."""
    asset = {"url": "https://pictures.example.com/a.png", "sha256": "0" * 64, "sizeBytes": 7}
    async with running_world(dsn, clock, certificates, otlp_url=collector.url) as world:
        await world.call("PUT", "/v1/assets/taverna", asset)
        await world.phone()
        named = {"customerId": "customer-1", "merchantName": "Taverna Ilios", "imageKey": "taverna"}
        await post(world, "order.placed", TRACE, **named)
        await world.until(lambda: any(push.event == "background" for push in world.pushes))
        await world.come_to_rest()
    [woken] = collector.named("plan background")

    assert (woken.trace_id.hex(), woken.parent_span_id.hex()) == (TRACE, SHOP)


async def test_a_collector_that_is_not_there_holds_nothing_up(dsn: str, clock: Clock, certificates: Path) -> None:
    """Cards move; the spans are lost."""
    async with running_world(dsn, clock, certificates, otlp_url="http://127.0.0.1:9/v1/traces") as world:
        phone = await world.phone()
        await post(world, "order.placed", TRACE, customerId="customer-1", merchantName="Taverna Ilios")
        await world.come_to_rest()

        assert len(phone.phone.cards) == 1


def test_without_the_setting_nothing_of_it_is_imported() -> None:
    """A service starts without the extra; its modules are imported where traces are collected alone."""
    look = "import sys, app.bootstrap; print([n for n in sys.modules if n.startswith('opentelemetry.sdk')])"
    done = subprocess.run([sys.executable, "-c", look], capture_output=True, text=True, check=True)  # noqa: S603

    assert done.stdout.strip() == "[]"
    assert load_settings().otlp_url is None


@pytest.mark.parametrize(
    ("text", "read"),
    [
        (f"00-{TRACE}-{SHOP}-01", Traceparent(int(TRACE, 16), int(SHOP, 16))),
        (f"cc-{TRACE}-{SHOP}-01-what-will-be", Traceparent(int(TRACE, 16), int(SHOP, 16))),
        (f"00-{TRACE}-{SHOP}-00", None),
        (f"00-{TRACE}-{SHOP}-01-more", None),
        (f"ff-{TRACE}-{SHOP}-01", None),
        (f"00-{'0' * 32}-{SHOP}-01", None),
        (f"00-{TRACE}-{'0' * 16}-01", None),
        (f"00-{TRACE.upper()}-{SHOP}-01", None),
        ("nonsense", None),
        (None, None),
    ],
)
def test_a_traceparent_is_read_as_w3c_says(text: str | None, read: Traceparent | None) -> None:
    """Whatever is none, or is not recorded, is passed over."""
    assert sampled(text) == read
