"""Another backend's cards are taken over in the middle of their orders: one card a phone, and none stands still."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.acceptance.foreign_backend import ForeignBackend, shown
from tests.acceptance.world import World, card_of
from tests.integration.command_line import lockstep


@pytest.fixture
async def foreign(world: World) -> AsyncIterator[ForeignBackend]:
    """The backend of before."""
    async with ForeignBackend(world) as backend:
        yield backend


def starts(world: World) -> int:
    """Count the starts that APNs was sent by anybody."""
    return sum(push.event == "start" for push in world.pushes)


async def test_a_card_is_taken_over_in_the_middle_of_its_order(
    world: World, foreign: ForeignBackend, dsn: str, tmp_path: Path
) -> None:
    """The first push brings it in step with the log, the order moves it, and its end ends it; nothing is started."""
    phone = foreign.phone()
    await world.place()
    await foreign.start(phone)
    await world.happen_and_rest("order-1", "order.preparing")
    await foreign.move(phone, "preparing")
    done = await lockstep("devices", "import", foreign.export(tmp_path / "phones.jsonl", phone), "--json", dsn=dsn)
    await world.come_to_rest()
    first = shown(phone)
    await world.happen_and_rest("order-1", "order.courier_arriving")
    second = shown(phone)
    await world.happen_and_rest("order-1", "order.delivered")

    assert done.json == {
        "phones": {"new": 1, "changed": 0, "known": 0, "refused": 0},
        "cards": {"new": 1, "changed": 0, "known": 0, "refused": 0},
    }
    assert (first, second) == (("active", "preparing"), ("active", "courier_arriving"))
    assert shown(phone) == ("ended", "delivered")
    assert starts(world) == 1
    assert [each.effect for each in phone.phone.records] == ["applied"] * 5
    quiet = [push for push in world.pushes if push.status == 200][2]
    assert quiet.payload is not None
    assert (quiet.priority, quiet.payload["aps"].get("alert")) == (5, None)
    [told] = (await world.order())["cards"]
    assert (told["phase"], told["acceptedVersion"]) == ("over", 4)


async def test_both_backends_may_send_for_a_while(
    world: World, foreign: ForeignBackend, dsn: str, tmp_path: Path
) -> None:
    """What the other shows after Lockstep is set right by the last file, which knows of it."""
    phone = foreign.phone()
    await foreign.start(phone)
    await world.place()
    await world.happen_and_rest("order-1", "order.preparing")
    file = foreign.export(tmp_path / "phones.jsonl", phone)
    assert (await lockstep("devices", "import", file, dsn=dsn)).code == 0
    await world.come_to_rest()
    assert shown(phone) == ("active", "preparing")
    await world.pass_time(5)
    assert await foreign.move(phone, "ready") == 200
    await world.until(lambda: shown(phone) == ("active", "ready"))
    last = await lockstep("devices", "import", foreign.export(tmp_path / "last.jsonl", phone), "--json", dsn=dsn)
    await world.come_to_rest()
    again = await lockstep("devices", "import", str(tmp_path / "last.jsonl"), "--json", dsn=dsn)
    pushes = len(world.pushes)
    await world.come_to_rest()

    assert (last.json["cards"]["changed"], again.json["cards"]["known"], again.json["phones"]["known"]) == (1, 1, 1)
    assert shown(phone) == ("active", "preparing")
    assert (starts(world), len(world.pushes)) == (1, pushes)


async def test_a_cut_over_by_shadow(world: World, foreign: ForeignBackend, dsn: str, tmp_path: Path) -> None:
    """In shadow nothing is sent, not even to an order that comes meanwhile; the last file takes its card over too."""
    phone, late = foreign.phone(), foreign.phone("customer-2")
    await foreign.start(phone)
    assert (await lockstep("shadow", "on", "--reason", "moving", dsn=dsn)).code == 0
    await world.place()
    await lockstep("devices", "import", foreign.export(tmp_path / "first.jsonl", phone, late), dsn=dsn)
    await world.place("order-2", "customer-2")
    await world.come_to_rest()
    await foreign.start(late, "order-2")
    await foreign.move(phone, "preparing")
    await world.happen_and_rest("order-1", "order.preparing")
    assert {push.event for push in world.pushes} == {"start", "update"}
    assert len(world.pushes) == 3
    last = await lockstep("devices", "import", foreign.export(tmp_path / "last.jsonl", phone, late), "--json", dsn=dsn)
    assert (await lockstep("shadow", "off", dsn=dsn)).code == 0
    await world.come_to_rest()
    for order in ("order-1", "order-2"):
        await world.happen_and_rest(order, "order.courier_arriving")

    assert (last.json["cards"]["new"], last.json["cards"]["changed"]) == (1, 1)
    assert [shown(each) for each in (phone, late)] == [("active", "courier_arriving")] * 2
    assert starts(world) == 2


async def test_a_card_that_was_swiped_away_stays_away(
    world: World, foreign: ForeignBackend, dsn: str, tmp_path: Path
) -> None:
    """The file tells of it, so Lockstep starts none in its place; the customer's next order gets one."""
    phone = foreign.phone()
    await foreign.start(phone)
    phone.dismiss(card_of(phone).activity_id)
    await world.place()
    await lockstep("devices", "import", foreign.export(tmp_path / "phones.jsonl", phone), dsn=dsn)
    await world.come_to_rest()
    await world.happen_and_rest("order-1", "order.preparing")
    assert starts(world) == 1
    await world.place("order-2")
    await world.come_to_rest()

    assert [card.subject for card in phone.phone.cards.values()] == ["order-1", "order-2"]


async def test_the_app_goes_on_with_a_card_that_was_taken_over(
    world: World, foreign: ForeignBackend, dsn: str, tmp_path: Path
) -> None:
    """The build that speaks with Lockstep tells of the phone and card that are known already."""
    phone = foreign.phone()
    await foreign.start(phone)
    await world.place()
    line = foreign.line(phone)
    del line["cards"][0]["activityId"]
    file = tmp_path / "phones.jsonl"
    foreign.write(file, line)
    await lockstep("devices", "import", str(file), dsn=dsn)
    await world.come_to_rest()
    phone.rotate_token(card_of(phone).activity_id)
    phone.sign_in("customer-1", ticket_for=world.ticket)
    await world.come_to_rest()
    await world.happen_and_rest("order-1", "order.preparing")

    assert shown(phone) == ("active", "preparing")
    assert starts(world) == 1
    assert len((await world.order())["cards"]) == 1
