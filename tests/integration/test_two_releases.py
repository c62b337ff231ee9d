"""Two releases side by side on one database, as while one is rolled out: the older one lacks a type of event."""

import base64
import json
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from typing import Final

import aiohttp
import pytest
from msgspec.structs import replace

import projections.projector as projector_module
from app.apns.dispatch_rules import DispatchRules
from app.bootstrap import Service
from app.explanations import Explainer
from app.housekeeping import Housekeeper
from app.settings import load_settings
from events.errors import SchemaAheadError
from events.postgres.migrator import migrate
from events.postgres.pool import open_pool
from events.slot import ALL_SLOTS
from events.vocabulary import SHAPES
from projections.content_state import CARD, ContentState, render
from projections.order_view import FOLD_VERSION, OrderView
from projections.reasons import Reason
from projections.registry import Registry
from projections.verifier import verify
from tests.conftest import SECRET_KEY, Clock
from tests.integration.dispatching import Apns, dispatcher, live, work
from tests.integration.flow import ROUTES, Flow

NEW_TYPE: Final = "order.courier_arriving"


@contextmanager
def older_release() -> Iterator[None]:
    """Be the release before `order.courier_arriving` was added."""
    with pytest.MonkeyPatch.context() as patch:
        patch.delitem(SHAPES, (NEW_TYPE, 1))
        yield


async def set_aside(flow: Flow) -> tuple[int, int]:
    """Count what is quarantined, and what is held."""
    return await Housekeeper(flow.pool, lambda _: None).count_trouble()


async def reason_of(flow: Flow, order_id: str) -> Reason:
    """Ask why an order's cards do not move."""
    explanation = await Explainer(flow.pool, flow.keyring, DispatchRules(), lambda: ROUTES).explain(order_id)
    assert explanation is not None
    return explanation.finding.reason


async def test_a_newer_type_waits_for_a_newer_worker_and_is_counted(flow: Flow) -> None:
    """The older worker goes on with every other order; the newer one takes it up at once, under the same fold."""
    await flow.happen("order-1", "order.placed", NEW_TYPE)
    await flow.happen("order-2", "order.placed", "order.accepted")
    with older_release():
        done = await flow.project("order-1", "order-2")
        again = await flow.project("order-1")
        waiting, why = await set_aside(flow), await reason_of(flow, "order-1")

    assert (set(done.won), again.won) == ({"order-1", "order-2"}, [])
    assert (waiting, why) == ((0, 1), Reason.NEWER_EVENT)
    assert await flow.views(["order-1", "order-2"]) == {"order-1": 1, "order-2": 2}

    await flow.projector.sweep(ALL_SLOTS)
    assert flow.projector.waiting == 1
    assert (await flow.project("order-1")).won == ["order-1"]
    assert await flow.views(["order-1"]) == {"order-1": 2}
    assert await set_aside(flow) == (0, 0)


async def test_an_older_worker_goes_on_with_an_order_that_a_newer_one_folded(flow: Flow) -> None:
    """They take turns, and the view is what either of them would have folded alone."""
    await flow.happen("order-1", "order.placed", NEW_TYPE)
    await flow.project("order-1")
    await flow.happen("order-1", "order.note")
    with older_release():
        assert (await flow.project("order-1")).won == ["order-1"]
    await flow.happen("order-1", NEW_TYPE, "order.delivered")
    with older_release():
        await flow.project("order-1")
    await flow.project("order-1")

    assert await flow.views(["order-1"]) == {"order-1": 5}
    assert (await verify(flow.pool, flow.keyring)).same


async def test_a_newer_event_that_waits_in_a_view_holds_an_older_worker(flow: Flow) -> None:
    """The newer worker kept what came before `order.placed`: the older one holds the order, and breaks nothing."""
    await flow.happen("order-1", NEW_TYPE)
    await flow.project("order-1")
    await flow.place()
    with older_release():
        assert (await flow.project("order-1")).won == []
        assert await set_aside(flow) == (0, 1)
    assert (await flow.project("order-1")).won == ["order-1"]

    assert await set_aside(flow) == (0, 0)
    assert (await verify(flow.pool, flow.keyring)).same


async def test_workers_of_another_fold_leave_each_others_slots_alone(
    flow: Flow, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A release whose fold has another number folds nothing until views were made anew, and nothing breaks."""
    await flow.place()
    await flow.project("order-1")
    await flow.happen("order-1", "order.accepted")
    monkeypatch.setattr(projector_module, "FOLD_VERSION", FOLD_VERSION + 1)
    assert (await flow.project("order-1")).won == []
    monkeypatch.undo()

    assert (await flow.project("order-1")).won == ["order-1"]
    assert await set_aside(flow) == (0, 0)


async def test_a_field_that_only_a_newer_release_knows_sets_an_order_aside(flow: Flow) -> None:
    """So it takes a new version of its type where both releases run; once all are new, a release frees the order."""
    await flow.happen("order-1", "order.placed", "order.ready")
    await flow.pool.execute(
        "ALTER TABLE events DISABLE TRIGGER events_are_facts; "
        'UPDATE events SET data = \'{"shelf":"A"}\' WHERE version = 2; '
        "ALTER TABLE events ENABLE TRIGGER events_are_facts"
    )
    assert (await flow.project("order-1")).won == []

    assert await set_aside(flow) == (1, 0)


async def test_a_running_process_goes_on_while_a_newer_release_migrates(
    other_database: Callable[[], Awaitable[str]],
) -> None:
    """It stays ready until it is replaced; one that begins would not know what it runs on, and refuses."""
    dsn = await other_database()
    await migrate(dsn)
    secret = base64.b64encode(SECRET_KEY).decode()
    settings = load_settings(database_url=dsn, secret_key=secret, port=0, roles=("api",))
    service = await Service.start(settings)
    try:
        async with await open_pool(dsn, name="tests") as pool:
            await pool.execute(
                "INSERT INTO schema_migrations (number, name, checksum) VALUES (9999, '9999_later', 'x')"
            )
        async with aiohttp.ClientSession() as session, session.get(f"{service.url}/readyz") as answer:
            assert answer.status == 200
        with pytest.raises(SchemaAheadError, match="Run the newer version"):
            await Service.start(settings)
    finally:
        await service.stop()


async def test_a_card_that_is_drawn_otherwise_goes_out_with_its_next_news(
    owing: Flow, clock: Clock, cards: Registry
) -> None:
    """A new release pushes nothing by itself; news that would not show, or a person, brings the new card."""
    await live(owing, clock)
    await work(dispatcher(owing, Apns()))

    def drawn_otherwise(view: OrderView) -> ContentState:
        return render(replace(view, image_key="redrawn"))

    cards.install([replace(CARD, render=drawn_otherwise)])
    quiet, apns = Apns(), Apns()
    await work(dispatcher(owing, quiet))
    await owing.happen("order-1", "order.placed")
    await owing.project("order-1")
    await work(dispatcher(owing, apns))

    assert quiet.requests == []
    [push] = apns.requests
    assert json.loads(push.payload)["aps"]["content-state"]["imageKey"] == "redrawn"
