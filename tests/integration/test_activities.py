"""Activities through every stage that orders go through: replayed, explained, erased, archived."""

import json
from typing import Any, Final

from app.apns.dispatch_rules import DispatchRules
from app.erasure import Eraser
from app.explanations import Explainer
from app.order_states import StateReader
from app.point import AtVersion
from projections.own_view import OwnView
from projections.reasons import Reason
from projections.verifier import verify
from projections.view_store import ViewStore
from tests.integration.archiving import Archiving
from tests.integration.dispatching import Apns, dispatcher, work
from tests.integration.dumped import dumped, found_in
from tests.integration.flow import ROUTES, Flow
from tests.integration.rebuilding import Rebuilding

SCORER: Final = "Eleni Papadáki"
STARTED: Final[dict[str, Any]] = {
    "customerId": "customer-7",
    "attributesType": "MatchAttributes",
    "attributes": {"home": "PAOK"},
    "contentState": {"score": [0, 0]},
    "alert": {"title": "PAOK against Aris", "body": "Kick-off!"},
}
SCORED: Final[dict[str, Any]] = {"contentState": {"score": [1, 0], "scorer": SCORER}}


async def view(flow: Flow, subject_id: str = "match-1") -> OwnView:
    """Read the view of an activity."""
    async with flow.pool.acquire() as connection:
        found = (await ViewStore(flow.keyring).read(connection, [subject_id]))[subject_id].view
    assert isinstance(found, OwnView)
    return found


async def started(flow: Flow) -> None:
    """Let an activity be started on a phone that takes cards of its type."""
    await flow.register(start_tokens={"MatchAttributes": "00aa"})
    await flow.append(flow.event("match-1", "activity.started", STARTED))
    await flow.settle("match-1")


async def test_a_rebuild_and_a_look_back_give_the_same(flow: Flow) -> None:
    """Each by the events alone."""
    await started(flow)
    await flow.append(flow.event("match-1", "activity.updated", SCORED))
    await flow.settle("match-1")
    before = await view(flow)
    done = await Rebuilding(flow.pool, flow.keyring).run()
    past = await StateReader(flow.pool, flow.keyring, keep_receipts_days=30).read("match-1", AtVersion(1))

    assert (done.changed, done.stopped.count) == (0, 0)
    assert await view(flow) == before
    assert past is not None
    assert json.loads(bytes(past.recorded.content_state or b"")) == {"score": [0, 0]}
    assert (await verify(flow.pool, flow.keyring)).same


async def test_its_card_is_explained(flow: Flow) -> None:
    """As an order's: it was started, and waits for its app."""
    await started(flow)
    await work(dispatcher(flow, Apns()))
    told = await Explainer(flow.pool, flow.keyring, DispatchRules(), lambda: ROUTES).explain("match-1")

    assert told is not None
    assert (told.status, told.finding.reason) == ("active", Reason.IN_STEP)
    assert [(each.attributes_type, each.finding.reason) for each in told.cards] == [
        ("MatchAttributes", Reason.APP_SILENT)
    ]


async def test_an_erased_customer_is_in_no_dump(flow: Flow, dsn: str) -> None:
    """Neither by what is shown nor by what came out of order; and a replay comes to the same."""
    await started(flow)
    await flow.append(
        flow.event("match-1", "activity.updated", SCORED), flow.event("match-2", "activity.ended", SCORED)
    )
    await flow.append(flow.event("match-2", "activity.started", STARTED))
    await flow.settle("match-1", "match-2")
    eraser = Eraser(flow.pool, flow.store, flow.registry)
    extent = await eraser.extent_of_customer("customer-7")
    await eraser.carry_out(await eraser.ask("customer-7"))
    await flow.project("match-1", "match-2")

    assert (found_in(await dumped(dsn), {SCORER}), extent.orders) == (set(), 2)
    assert [
        (each.erased, each.over, each.state.content_state) for each in [await view(flow), await view(flow, "match-2")]
    ] == [(True, True, None)] * 2
    assert (await verify(flow.pool, flow.keyring)).same


async def test_one_that_has_ended_is_archived_and_put_back(archiving: Archiving) -> None:
    """With its state, sealed."""
    flow = archiving.flow
    await flow.append(
        flow.event("match-1", "activity.started", STARTED), flow.event("match-1", "activity.ended", SCORED)
    )
    await archiving.settle("match-1")
    before = await view(flow)
    await archiving.run()
    [file] = archiving.folder.glob("*.gz")

    assert SCORER.encode() not in file.read_bytes()
    assert (await archiving.put_back(file.name)).orders == 1
    assert await view(flow) == before
    assert (await archiving.verify()).same
