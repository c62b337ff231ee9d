"""Another backend's cards are taken over in the middle of their orders: one card a phone, and none stands still."""

from collections.abc import AsyncIterator
from pathlib import Path

import msgspec
import pytest

from tests.acceptance.foreign_backend import ForeignBackend, shown
from tests.acceptance.world import World, card_of, is_live
from tests.integration.command_line import lockstep


@pytest.fixture
async def foreign(world: World) -> AsyncIterator[ForeignBackend]:
    """The backend of before."""
    async with ForeignBackend(world) as backend:
        yield backend


def names_in(folder: Path) -> list[str]:
    """Name what stands in a folder."""
    return [path.name for path in folder.iterdir()]


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


async def test_a_card_lives_on_beyond_its_eight_hours(
    world: World, foreign: ForeignBackend, dsn: str, tmp_path: Path
) -> None:
    """They count from the other backend's start; a card without a token waits for it, and explains itself."""
    phone, silent = foreign.phone(), foreign.phone("customer-2")
    await world.place("order-1")
    await world.place("order-2", "customer-2")
    await foreign.start(phone)
    await foreign.start(silent, "order-2")
    without = foreign.line(silent)
    del without["cards"][0]["updateToken"], without["cards"][0]["activityId"]
    foreign.write(tmp_path / "phones.jsonl", foreign.line(phone), without)
    await world.pass_time(7.5 * 3_600)
    await lockstep("devices", "import", str(tmp_path / "phones.jsonl"), dsn=dsn)
    await world.come_to_rest()
    explained = await lockstep("order", "explain", "order-2", dsn=dsn)
    before = len(phone.phone.cards)
    phone.sign_in("customer-1", ticket_for=world.ticket)
    await world.come_to_rest()
    await world.pass_time(0.3 * 3_600)
    await world.until(lambda: len(phone.phone.cards) == 2)
    await world.come_to_rest()
    old, new = phone.phone.cards.values()

    assert before == 1
    assert (old.state, new.state) == ("ended", "active")
    assert "Another backend has started the card" in " ".join(explained.out.split())
    assert len(silent.phone.cards) == 1


async def test_an_app_that_goes_by_another_id_keeps_its_cards(
    world: World, foreign: ForeignBackend, dsn: str, tmp_path: Path
) -> None:
    """The backend of before had ids of its own: by its token the phone is the same, and so are its cards."""
    phone = foreign.phone()
    await world.place("order-1")
    await world.place("order-2")
    await foreign.start(phone, "order-1")
    await foreign.start(phone, "order-2")
    phone.dismiss(phone.phone.cards[list(phone.phone.cards)[1]].activity_id)
    line = foreign.line(phone, deviceId="row-77")
    foreign.write(tmp_path / "phones.jsonl", line)
    await lockstep("devices", "import", str(tmp_path / "phones.jsonl"), dsn=dsn)
    await world.come_to_rest()
    phone.sign_in("customer-1", ticket_for=world.ticket)
    await world.come_to_rest()
    for order in ("order-1", "order-2"):
        await world.happen_and_rest(order, "order.preparing")
    first, second = phone.phone.cards.values()
    again = await lockstep("devices", "import", str(tmp_path / "phones.jsonl"), "--json", dsn=dsn)
    await world.come_to_rest()

    assert (first.state, first.content["status"], second.state) == ("active", "preparing", "dismissed")
    assert (starts(world), len(phone.phone.cards)) == (2, 2)
    assert again.json["cards"]["known"] == 2
    [told] = (await world.order("order-1"))["cards"]
    assert told["deviceId"] == phone.phone.device_id


async def test_the_other_backend_takes_phones_back(
    world: World, foreign: ForeignBackend, dsn: str, tmp_path: Path
) -> None:
    """The file that Lockstep writes has what it takes to move and end a card that Lockstep has started."""
    phone = await world.phone("customer-1")
    await world.place()
    await world.until(lambda: is_live(phone))
    await world.come_to_rest()
    await world.happen_and_rest("order-1", "order.preparing")
    assert (await lockstep("shadow", "on", "--reason", "going back", dsn=dsn)).code == 0
    file = tmp_path / "back.jsonl"
    done = await lockstep("devices", "export", "--out", str(file), "--with-tokens", dsn=dsn)
    await world.happen_and_rest("order-1", "order.ready")
    line = msgspec.json.decode(file.read_bytes())
    [told] = line["cards"]
    foreign.take(phone, told)
    await foreign.move(phone, "ready")
    await world.until(lambda: shown(phone) == ("active", "ready"))
    await foreign.move(phone, "delivered", event="end")
    await world.until(lambda: shown(phone)[0] == "ended")

    assert (done.code, "PUSH TOKENS" in done.out) == (0, True)
    assert file.stat().st_mode & 0o777 == 0o600
    assert told["updateToken"] == card_of(phone).update_token
    assert line["device"]["startTokens"] == phone.phone.start_tokens
    assert world.kinds() == ["start", "update", "update", "end"]
    audit = await lockstep("audit", "--json", dsn=dsn)
    assert [each["what"] for each in audit.json["reads"]] == ["tokens"]


async def test_a_file_of_tokens_is_not_written_unasked(world: World, dsn: str, tmp_path: Path) -> None:  # noqa: ARG001
    """Somebody has to say that it is meant; nothing is left where it was not finished."""
    refused = await lockstep("devices", "export", "--out", str(tmp_path / "x.jsonl"), dsn=dsn)

    assert (refused.code, "--with-tokens" in refused.err) == (2, True)
    assert names_in(tmp_path) == []
