"""The page for teams that move here, followed command by command with phones of a backend that is not Lockstep."""

import re
import shlex
from pathlib import Path
from typing import Any, Final

import msgspec

from app.takeover.line import read_line
from tests.acceptance.foreign_backend import ForeignBackend, shown
from tests.acceptance.world import World
from tests.documents import REPOSITORY, commands_in, section_of
from tests.integration.command_line import Done, lockstep

PAGE: Final = (REPOSITORY / "docs/migrating.md").read_text(encoding="utf-8")
ORDER: Final = "order-4711"


def commands_below(heading: str) -> list[list[str]]:
    """Give the commands of a section in their order."""
    return [shlex.split(command.text) for command in commands_in(section_of(PAGE, heading))]


async def typed(words: list[str], folder: Path, dsn: str) -> Done:
    """Run a command as it stands on the page, with its files in a folder."""
    named = [str(folder / each) if each.endswith(".jsonl") else each for each in words[1:]]
    return await lockstep(*named, dsn=dsn)


def test_the_line_on_the_page_is_one() -> None:
    """It is read as a file's line is, with what it says of the phone and of its card."""
    [example] = re.findall(r"^```json\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
    phone = read_line(msgspec.json.encode(msgspec.json.decode(example)))

    assert (phone.device.customer_id, [each.subject for each in phone.cards]) == ("customer-7", [ORDER])


async def test_the_way_back_is_on_the_page(world: World, dsn: str, tmp_path: Path) -> None:
    """What it writes is read where it came from, and changes nothing there."""
    await world.phone("customer-7")
    await world.place(ORDER, "customer-7")
    await world.come_to_rest()
    said = [await typed(words, tmp_path, dsn) for words in commands_below("Going back")]
    again = await lockstep("devices", "import", str(tmp_path / "back.jsonl"), "--json", dsn=dsn)

    assert [done.code for done in said] == [0, 0], said
    assert again.json["phones"]["known"] == again.json["cards"]["known"] == 1


async def test_a_team_moves_here_by_the_page(world: World, dsn: str, tmp_path: Path) -> None:
    """Nobody's card stands still or comes twice, and each command does what the page says."""
    async with ForeignBackend(world) as foreign:
        one, two = foreign.phone("customer-7"), foreign.phone("customer-8")
        await world.place(ORDER, "customer-7")
        await foreign.start(one, ORDER)
        foreign.export(tmp_path / "phones.jsonl", one, two)
        said: list[Any] = []
        for words in commands_below("Cutting over"):
            if "last.jsonl" in words:
                await world.place("order-4712", "customer-8")
                await world.come_to_rest()
                await foreign.start(two, "order-4712")
                foreign.export(tmp_path / "last.jsonl", one, two)
            said.append(await typed(words, tmp_path, dsn))
        await world.come_to_rest()
        for order in (ORDER, "order-4712"):
            await world.happen_and_rest(order, "order.courier_arriving")

        assert [done.code for done in said] == [0] * len(said), said
        foreseen = re.findall(r"^    (line 1: .*\n)    (  order.*\n)", PAGE, re.MULTILINE)[0]
        device_id = foreseen[0].split()[2]
        assert "".join(foreseen).replace(device_id, one.phone.device_id) in said[1].out
        assert [shown(each) for each in (one, two)] == [("active", "courier_arriving")] * 2
        assert sum(push.event == "start" for push in world.pushes) == 2
