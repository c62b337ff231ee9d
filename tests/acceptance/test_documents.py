"""Every command that a document tells its reader to type does what it says, in the order of its page."""

import re
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import pytest

from app.demo.declared import declared
from app.simulator.declaration import ORDER, Declaration
from projections.registry import Registry
from tests.acceptance.reader import Reader
from tests.acceptance.world import running_world
from tests.conftest import Clock
from tests.documents import DOCUMENTS, REPOSITORY, Command, commands_in, name_of

pytestmark = pytest.mark.faults

MATCH: Final = Declaration(
    name="MatchAttributes",
    attributes={"cardId": "str", "home": "str", "away": "str"},
    content={"score": "[int]"},
    subject="subject",
)
Before = Callable[[Reader], Awaitable[None]]

ELSEWHERE: Final[Mapping[str, str]] = {
    r"([A-Z_]+=\S+ )?make ": "Makefile",
    r"docker (compose (?!exec)|build|run)|docker compose exec -T postgres": "tests/integration/test_compose.py",
    r"kubectl ": "docs/deploy/kubernetes",
    r"pg_(dump|restore) |lockstep (recover|stop|erase again)": "tests/acceptance/test_restoring.py",
    r"lockstep devices import ": "tests/acceptance/test_migrating.py",
    r"([A-Z_]+=\S+ )?lockstep (demo|simulator --)": "tests/faults/test_demo.py",
}
"""What is not run here by what runs it."""


@dataclass(frozen=True)
class Page:
    """What is so for a page.

    Attributes:
        at_first: before its first command.
        before: before the first command that begins so.
        elsewhere: commands that begin so would spoil what comes below them, and are run for another page.
        noes: what the commands that begin so say, because there is nothing to do for them.
    """

    at_first: Before | None = Reader.order_under_way
    before: Mapping[str, Before] = field(default_factory=dict)
    elsewhere: Mapping[str, str] = field(default_factory=dict)
    noes: Mapping[str, str] = field(default_factory=dict)


GET: Final = 'curl -H "$AUTH" http://127.0.0.1:8080'
PUT: Final = 'curl -X PUT -H "$AUTH" -H "$JSON" http://127.0.0.1:8080'
POST: Final = 'curl -H "$AUTH" -H "$JSON" http://127.0.0.1:8080'
PAGES: Final[Mapping[str, Page]] = {
    "README.md": Page(at_first=None),
    "docs/access.md": Page(before={"lockstep secret retire": Reader.keys_are_old}),
    "docs/api.md": Page(
        at_first=None,
        before={
            'curl -H "$AUTH" "http://127.0.0.1:8080/v1/events': Reader.feed_is_open,
            f"{POST}/v1/orders/order-4711/cards/resend": Reader.may_do_everything,
            'curl -X DELETE -H "$AUTH" http://127.0.0.1:8080/v1/pauses': Reader.app_is_paused,
        },
        noes={'curl -X POST -H "$AUTH" http://127.0.0.1:8080/v1/orders/order-4711/release': "is set aside"},
    ),
    "docs/audiences.md": Page(
        before={
            f"{POST}/v1/orders/match-77": Reader.apple_refuses_the_next,
        }
    ),
    "docs/archiving.md": Page(at_first=Reader.order_finished),
    "docs/images.md": Page(before={f"{PUT}/v1/devices/phone-1/assets": Reader.app_is_told_of_pictures}),
    "docs/webhooks.md": Page(before={f'{POST}/v1/webhooks/crm/resend -d \'{{"id"': Reader.card_is_dismissed}),
    "docs/operations.md": Page(
        before={
            "lockstep events export --out orders.jsonl": Reader.exports_are_gone,
        },
        elsewhere={
            "lockstep erase ": "docs/erasing.md",
            "lockstep secret ": "docs/access.md",  # a rotation takes a minute
            "lockstep events export --out orders.jsonl --resume": "tests/integration/test_cli_export.py",
        },
        noes={
            "lockstep order release": "is not set aside",
            "lockstep archive restore": "cannot be read",
            **dict.fromkeys((f"lockstep audience {verb}" for verb in ("show", "stop", "resume")), "is for no audience"),
            "lockstep webhooks resend": "There was nothing to send again",
        },
    ),
}


def here(text: str) -> list[Command]:
    """Give the commands of a document that are run here."""
    return [each for each in commands_in(text) if not any(re.match(known, each.text) for known in ELSEWHERE)]


COMMANDS: Final = {name_of(path): here(path.read_text(encoding="utf-8")) for path in DOCUMENTS}


@pytest.mark.parametrize("page", [name for name, commands in COMMANDS.items() if commands])
async def test_a_page_works_as_it_stands(
    page: str, dsn: str, clock: Clock, certificates: Path, cards: Registry, tmp_path: Path
) -> None:
    """Whoever types it from top to bottom gets no error that the page does not tell of."""
    known = PAGES.get(page, Page())
    modules = ("app.demo.upload_card",)
    async with running_world(dsn, clock, certificates, cards=modules) as world:
        assert cards.modules == modules
        reader = Reader(
            world,
            await world.phone("customer-7", (ORDER, *map(declared, cards.cards), MATCH), locale="de-AT"),
            dsn,
            tmp_path,
        )
        if known.at_first:
            await known.at_first(reader)
        hooked = set[str]()
        for command in COMMANDS[page]:
            if command.text.startswith(tuple(known.elsewhere)):
                continue
            for beginning in (each for each in known.before if command.text.startswith(each)):
                await known.before[beginning](reader)
                hooked.add(beginning)
            text = await reader.real(command.text)
            no = next((said for beginning, said in known.noes.items() if command.text.startswith(beginning)), None)
            await reader.terminal.type(Command(text, command.answer), no=no)
            await world.come_to_rest()
        assert hooked == known.before.keys()


def test_what_is_run_elsewhere_is() -> None:
    """The files are there."""
    named = [*ELSEWHERE.values(), *(file for page in PAGES.values() for file in page.elsewhere.values())]

    assert [each for each in named if not (REPOSITORY / each).exists()] == []
