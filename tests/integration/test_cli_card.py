"""`lockstep card`, as whoever writes a card of their own types it."""

import json
from pathlib import Path
from typing import Any

import pytest

from tests.house.test_card_of_orders import SCHEMA, SWIFT
from tests.integration.command_line import Done, lockstep

BRIEF = "tests.cards.order_in_brief"


async def card(*arguments: str, **settings: str) -> Done:
    """Run a command; none of them needs a database."""
    return await lockstep("card", *arguments, dsn=None, **settings)


async def test_the_commands_print_what_is_committed() -> None:
    """Without a module they speak of the cards of the settings, that of orders among them."""
    schema, swift = await card("schema"), await card("swift")

    assert (schema.code, json.loads(schema.out)) == (0, json.loads(SCHEMA.read_text(encoding="utf-8")))
    assert (swift.code, swift.out) == (0, SWIFT.read_text(encoding="utf-8"))


async def test_a_module_is_spoken_of_alone() -> None:
    """Or beside that of orders, where the settings name it."""
    alone, all_of_them = await card("swift", BRIEF, "--json"), await card("check", "--json", LOCKSTEP_CARDS=BRIEF)

    [brief] = alone.json["cards"]
    assert brief["attributesType"] == "BriefAttributes"
    assert "public var merchant: String" in brief["swift"]
    assert all_of_them.code == 0
    assert [each["attributesType"] for each in all_of_them.json["cards"]] == ["OrderAttributes", "BriefAttributes"]


async def test_a_check_tells_bytes_and_what_is_refused(tmp_path: Path) -> None:
    """A schema of before is compared; what its builds need and nobody sends is refused."""
    before = tmp_path / "brief.schema.json"
    before.write_text((await card("schema", BRIEF)).out, encoding="utf-8")
    same = await card("check", BRIEF, "--against", str(before), "--json")

    document: Any = json.loads(before.read_text(encoding="utf-8"))
    content = document["$defs"]["BriefAttributes"]["$defs"]["BriefContent"]
    content["properties"]["seat"] = {"type": "string", "maxLength": 4}
    content["required"].append("seat")
    before.write_text(json.dumps(document), encoding="utf-8")
    broken = await card("check", BRIEF, "--against", str(before))

    assert (same.code, same.json["refused"]) == (0, [])
    [brief] = same.json["cards"]
    assert brief["limitBytes"] == 4_096
    assert [each["push"] for each in brief["pushes"]][:3] == ["start", "update", "end"]
    assert {"contentState.line", "attributes.cardId", "alert"} <= {each["field"] for each in brief["fields"]}
    assert broken.code == 1
    assert "Refused: BriefAttributes.contentState.seat is gone, and builds from before need it" in broken.out
    assert 'breaks={"contentState.seat": "builds before 42 are gone"}' in broken.out
    assert "BriefAttributes, in bytes of 4,096" in broken.out


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("check", "shop.nothing"), "shop.nothing cannot be imported"),
        (("check", "--against", "nowhere.json"), "nowhere.json cannot be read: No such file"),
        (("check", "--against", "pyproject.toml"), "pyproject.toml holds no schema of cards"),
        (("check", "--against", "tests/golden/wire/start.json"), "Write one with `lockstep card schema`"),
    ],
)
async def test_what_cannot_be_read_could_not_run(arguments: tuple[str, ...], said: str) -> None:
    """The message says what is missing and how to come by it."""
    done = await card(*arguments)

    assert done.code == 2
    assert said in done.err
