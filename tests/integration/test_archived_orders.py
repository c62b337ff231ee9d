"""What is told of an order that is archived: to programs, to people, and to phones."""

import asyncio
from pathlib import Path

import pytest

from app.devices.device import CardReport, LaunchCardReport
from app.orders import OrderReader
from tests.integration.archiving import Archiving
from tests.integration.command_line import lockstep
from tests.integration.flow import Flow
from tests.integration.http_api import Reply, running_api


@pytest.fixture
async def name(archiving: Archiving) -> str:
    """The file that order-1 is archived in; a phone of its customer is signed in."""
    await archiving.flow.register()
    await archiving.finish("order-1")
    [made] = (await archiving.run()).files
    return made


async def test_a_late_event_is_answered_409(archiving: Archiving, name: str) -> None:
    """And once the order is put back, it is taken; meanwhile each answer says where the order went."""
    flow = archiving.flow
    event = {"type": "order.note", "id": "late", "data": {"text": "Thank you"}}
    reader = OrderReader(flow.pool, flow.keyring)
    async with running_api(flow.pool, flow.keyring, read_order=reader.read) as api:

        async def get(path: str) -> Reply:
            return await api.send("GET", f"/v1/orders/order-1{path}", token="orders:read")

        async def post() -> Reply:
            return await api.send("POST", "/v1/orders/order-1/events", event, token="events:write")

        refused = await post()
        shown, events, explained, state = (
            await get(""),
            await get("/events"),
            await get("/explain"),
            await get("/state?version=4"),
        )
        theirs = await api.send("GET", "/v1/orders/order-1", token=api.ticket("customer-7"))
        await archiving.put_back(name)
        taken, there = await post(), await get("")

    assert (refused.status, refused.problem) == (409, "archived")
    assert (shown.status, shown.json["version"], shown.json["archivedTo"]) == (200, 4, name)
    assert (events.status, events.problem) == (410, "archived")
    assert name in events.json["detail"]
    assert (explained.json["finding"]["reason"], name in explained.json["finding"]["why"]) == ("archived", True)
    assert name in state.json["recorded"]["whyNot"]
    assert theirs.status == 404
    assert (taken.status, taken.json["version"]) == (200, 5)
    assert (there.json["archivedAt"], there.json["status"]) == (None, "delivered")


async def test_people_are_told_where_it_is(archiving: Archiving, name: str, dsn: str) -> None:
    """By every command that looks at an order, and by the replay of one."""
    words = {"show": (), "explain": (), "state": ("--version", "4"), "events": ()}
    done = {each: await lockstep("order", each, "order-1", *more, dsn=dsn) for each, more in words.items()}
    replayed = await lockstep("replay", "order", "order-1", dsn=dsn)

    assert {each: one.code for each, one in done.items()} == {"show": 0, "explain": 0, "state": 0, "events": 1}
    for one in done.values():
        assert name in " ".join((one.out + one.err).split()), one
    assert f"lockstep archive restore {name} --order order-1" in " ".join(done["explain"].out.split())
    assert (replayed.code, "archived" in replayed.err) == (1, True)
    assert (await archiving.verify()).archived == 1


async def test_a_phone_is_told_to_end_its_card(flow: Flow, name: str) -> None:
    """In a report and in a launch; no card is made of it, and the phone's other cards stay."""
    assert name
    report = CardReport(subject="order-1", attributes_type="OrderAttributes", activity_id="a", state="active")
    answer = await flow.registry.report_card("phone-1", "card-a", report)
    launch = await flow.register(
        cards=[
            LaunchCardReport(
                card_id=f"card-{each}",
                subject=each,
                attributes_type="OrderAttributes",
                activity_id=each,
                state="active",
            )
            for each in ("order-1", "unknown")
        ]
    )
    rows = await flow.rows()

    assert answer.end
    assert {each.subject: each.end for each in launch.cards} == {"order-1": True, "unknown": False}
    assert [row["subject_id"] for row in rows] == ["unknown"]


async def test_a_report_races_an_archive(archiving: Archiving) -> None:
    """A card that was reported keeps its order in the log; a report that comes later makes no card."""
    orders = [f"order-{number}" for number in range(1, 31)]
    flow = archiving.flow
    await flow.register()
    await archiving.finish(*orders)

    async def report(order: str) -> None:
        report = CardReport(subject=order, attributes_type="OrderAttributes", activity_id=order, state="active")
        await flow.registry.report_card("phone-1", f"card-{order}", report)

    await asyncio.gather(archiving.run(), *(report(each) for each in orders))
    with_card = {row["subject_id"] for row in await flow.rows()}

    assert with_card | await archiving.archived() == set(orders)
    assert with_card & await archiving.archived() == set()


def cut_short(path: Path) -> None:
    """Take the last bytes off a file."""
    path.write_bytes(path.read_bytes()[:-20])


async def test_the_command_says_what_it_did(archiving: Archiving, dsn: str) -> None:
    """For people and programs; a file that is no archive, and words that are lacking, are errors with a cure."""
    await archiving.finish("order-1", "order-2")
    folder = str(archiving.folder)
    done = await lockstep("archive", "--before", "2100-01-01", "--to", folder, dsn=dsn)
    again = await lockstep("archive", "--before", "2100-01-01", "--to", folder, "--json", dsn=dsn)
    file = str(archiving.folder / archiving.names()[0])
    verified = await lockstep("replay", "verify", "--archive", file, file, dsn=dsn)
    back = await lockstep("archive", "restore", file, "--order", "order-1", "--json", dsn=dsn)
    told = await lockstep("archive", "restore", file, dsn=dsn)
    cut_short(Path(file))
    cut = [await lockstep(*each, file, dsn=dsn) for each in (("archive", "restore"), ("replay", "verify", "--archive"))]
    wrong = [
        await lockstep(*each, dsn=dsn) for each in (("archive", "--before", "2100-01-01"), ("replay", "verify", file))
    ]

    assert (done.code, "2 orders, 8 events are archived" in done.out, again.json["orders"]) == (0, True, 0)
    assert (verified.code, "4 orders, 16 events" in verified.out) == (0, True)
    assert (back.code, back.json["orders"], back.json["events"]) == (0, 1, 4)
    assert (told.code, told.out) == (0, "1 orders, 4 events are back; 1 orders were there already.\n")
    assert [(each.code, "it was cut. Take a whole copy." in each.err) for each in cut] == [(2, True)] * 2
    assert [each.code for each in wrong] == [2, 2]
