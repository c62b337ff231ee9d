"""What a person sees of a demo on terminals of any size, and in a file."""

import io
from pathlib import Path
from typing import Final

import pytest
from rich.console import Console

from app.cli.demo_invitation import YOUR_PHONE, Invitation
from app.cli.demo_screen import Screen
from app.simulator.card import Card
from app.simulator.declaration import ORDER

LINK: Final = "http://127.0.0.1:54321/#ticket=demo." + 43 * "x"
INVITATION: Final = Invitation(
    url="http://127.0.0.1:8080",
    link=LINK,
    api_key="lk_demo_" + 48 * "x",
    order="mine-1f3a",
    control_url="http://127.0.0.1:40000",
    folder=Path("/home/ada/src/lockstep/.lockstep/demo"),
    settings={},
)
LAST: Final = "Ctrl-C stops everything; the data stays."


def card(order_id: str) -> Card:
    """Give a card that is shown."""
    return Card(
        activity_id=order_id,
        declaration=ORDER,
        attributes={},
        content={"status": "courier_assigned", "progress": 0.6},
        shown_timestamp=1,
        started_at=1.0,
        by_push=True,
        card_id=None,
        subject=order_id,
    )


CARDS: Final = [
    (YOUR_PHONE, card("mine-1f3a")),
    *((f"greta-tablet-{each:06x}", card(f"demo-{each:06x}-before-sign-out")) for each in range(40)),
]


def screen_of(width: int, height: int, **more: str) -> tuple[Screen, io.TextIOWrapper]:
    """Give a demo's screen on a terminal of this size, with what was written to it."""
    file = io.TextIOWrapper(io.BytesIO(), encoding=more.pop("encoding", "utf-8"))
    console = Console(
        file=file, width=width, height=height, force_terminal=True, _environ={"TERM": "xterm-256color", **more}
    )
    screen = Screen(lambda: CARDS, INVITATION, console)
    for each in range(9):
        screen.tell(f"{each}: " + 20 * "many words, ")
    return screen, file


def drawn(screen: Screen, width: int, height: int) -> list[str]:
    """Give the lines of the part that moves."""
    console = Console(file=io.StringIO(), width=width, height=height)
    console.print(screen.render())
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().rstrip("\n").split("\n")


def lines_on(text: str, width: int) -> int:
    """Count the lines that a terminal makes of a text."""
    return sum(max(1, -(-len(line) // width)) for line in text.split("\n"))


@pytest.mark.parametrize(("width", "height"), [(80, 24), (80, 25), (100, 30), (120, 40), (200, 60)])
def test_all_that_is_printed_stays_in_sight(width: int, height: int) -> None:
    """The table takes what is left, with the guest's phone at the top, and nothing of it is cut or broken."""
    screen, _ = screen_of(width, height)
    below = drawn(screen, width, height)

    assert lines_on(str(INVITATION), width) - 1 + len(below) <= height - 1
    assert below[0].split()[:3] == ["phone", "order", "shows"]
    assert below[1].split()[:3] == [YOUR_PHONE, "mine-1f3a", "courier_assigned"]
    assert len(below) >= 6
    assert below[-1] == LAST
    assert not any(LINK in each for each in below)
    assert not any("…" in each for each in below[:4])


@pytest.mark.parametrize(("width", "height"), [(60, 20), (80, 20), (40, 12), (80, 10)])
def test_where_there_is_no_room_the_link_stands_at_the_bottom(width: int, height: int) -> None:
    """The table is at its shortest."""
    screen, _ = screen_of(width, height)
    below = drawn(screen, width, height)

    assert LINK in "".join(each.rstrip() for each in below)
    assert " ".join(below[-1].split()) == LAST[-len(below[-1].strip()) :]
    assert len(below) <= height - 1


def test_a_terminal_that_is_made_smaller_is_drawn_anew() -> None:
    """The size is that of the moment."""
    file = io.StringIO()
    console = Console(file=file, width=120, height=40, force_terminal=True)
    screen = Screen(lambda: CARDS, INVITATION, console)
    before = drawn(screen, 120, 40)
    console.size = (60, 20)

    assert len(drawn(screen, 60, 20)) < len(before)
    console.size = (120, 40)
    assert LINK in "".join(drawn(screen, 120, 40)), "nobody knows what is still in sight"


@pytest.mark.parametrize("more", [{"TERM": "dumb"}, {"encoding": "ascii"}])
def test_what_cannot_draw_is_told_in_lines(more: dict[str, str]) -> None:
    """A terminal without a cursor or without our letters: words alone, one after the other."""
    screen, file = screen_of(80, 24, **more)
    with screen:
        screen.tell("demo-1: order.placed")
    file.seek(0)
    said = file.read()

    assert said.isascii()
    assert "\x1b" not in said
    assert said.startswith(f"0: {20 * 'many words, '}\n")
    assert said.endswith(f"{INVITATION}\n{LAST}\n\ndemo-1: order.placed\n")


def test_no_printed_line_is_wider_than_the_smallest_terminal() -> None:
    """80 columns: what is copied comes without breaks."""
    assert [each for each in str(INVITATION).splitlines() if len(each) > 80 and "#ticket" not in each] == []
