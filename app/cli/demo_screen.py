"""Shows a demo's phones while it runs: a live table on a terminal, lines elsewhere.

On a terminal the words of the invitation stay in sight above the table where there is room for both. Where there is
not, the table is short and the link, which opens the console, stands below it.
"""

from collections import deque
from collections.abc import Callable, Iterator, Sequence
from types import TracebackType
from typing import Final, Self

import typer
from rich.cells import cell_len
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from app.cli.demo_invitation import YOUR_PHONE, Invitation
from app.demo.run import DemoResult
from app.demo.shown import lines_of
from app.simulator.card import Card
from app.simulator.simulator import Simulator

MOST_ROWS: Final = 16
MOST_LINES: Final = 6
FEWEST_ROWS: Final = 3
FEWEST_LINES: Final = 1
WIDE: Final = 100
"""Columns that all of the table takes."""
FRAMES_A_SECOND: Final = 4
_LAST: Final = "Ctrl-C stops everything; the data stays."


class Screen:
    """What a person sees of a running demo; enter it to begin.

    Args:
        cards: Gives the cards that phones have, each with the phone's id, those first that matter most.
        invitation: Says how to take part.
        console: The terminal, or file.
    """

    def __init__(
        self,
        cards: Callable[[], Sequence[tuple[str, Card]]],
        invitation: Invitation,
        console: Console | None = None,
    ) -> None:
        self._cards, self._invitation = cards, invitation
        self._console = console or Console()
        self._size, self._resized = self._console.size, False
        self._told: deque[str] = deque(maxlen=MOST_LINES)
        # a terminal that knows no cursor, or no letters but its own, gets lines
        self._moves = (
            self._console.is_terminal
            and not self._console.is_dumb_terminal
            and self._console.encoding.lower().startswith("utf")
        )
        self._live = Live(
            console=self._console,
            get_renderable=self.render,
            refresh_per_second=FRAMES_A_SECOND,
            vertical_overflow="crop",
        )

    def __enter__(self) -> Self:
        typer.echo(self._invitation, file=self._console.file)
        if self._moves:
            self._live.start()
        else:
            typer.echo(f"{_LAST}\n", file=self._console.file)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._moves:
            self._live.stop()

    def tell(self, text: str) -> None:
        """Say what has just happened."""
        if self._moves:
            self._told.append(text)
        else:
            typer.echo(text, file=self._console.file)

    def show_result(self, result: DemoResult) -> None:
        """Say how a round of the scenario ended."""
        self.tell(
            f"{result.orders} orders played, {result.events} events: "
            + ("every phone shows what it should." if result.phones_match else "phones differ:")
        )
        for each in result.differences:
            self.tell(each)

    def render(self) -> Group:
        """Give the table with what was told last, as much as leaves the link in sight."""
        width, height = self._console.size
        # what the shell writes once we have left takes a line
        room = height - _height(str(self._invitation), width) - 1
        foot = [_LAST]
        # a terminal that is made smaller keeps its lower end, and nobody tells what has left it by the upper
        self._resized |= (width, height) != self._size
        if self._resized or room < FEWEST_ROWS + FEWEST_LINES + len(foot) + 1:
            foot = [f"Console, once: {self._invitation.link}", *foot]
            room = 0
        below = _height("\n".join(foot), width)
        lines = max(FEWEST_LINES, min(MOST_LINES, (room - below) // 3))
        rows = max(FEWEST_ROWS, min(MOST_ROWS, room - below - lines - 1))
        told = Text("\n".join(list(self._told)[-lines:]), style="dim", no_wrap=True, overflow="ellipsis")
        return Group(self._table(rows, wide=width >= WIDE), told, Text("\n".join(foot)))

    def _table(self, most: int, *, wide: bool) -> Table:
        table = Table(box=None, pad_edge=False, padding=(0, 1, 0, 0))
        for title in ("phone", "order", "shows", "", "state", *(("alerts",) if wide else ())):
            table.add_column(title, no_wrap=True)
        lines = [
            line for phone_id, card in self._cards()[:most] for line in _lines(phone_id, card, cells=10 if wide else 5)
        ]
        for line in lines[:most]:
            table.add_row(*map(Text, line[: len(table.columns)]))
        return table


def cards_of(simulator: Simulator) -> list[tuple[str, Card]]:
    """Give the cards of phones whose user is signed in, with the phone's id.

    First comes the guest's newest, last those of the guest that earlier demos have left.
    """
    cards = [
        (agent.phone_id, card)
        for agent in reversed(list(simulator.phones.values()))
        if agent.phone.customer_id is not None
        for card in reversed(list(agent.phone.cards.values()))
    ]
    guests = [each for each in cards if each[0] == YOUR_PHONE]
    guests.sort(key=lambda each: each[1].shown_timestamp, reverse=True)
    others = [each for each in cards if each[0] != YOUR_PHONE]
    others.sort(key=lambda each: each[1].state != "active")
    return [*guests[:1], *others, *guests[1:]]


def _height(text: str, width: int) -> int:
    """Give how many lines of a terminal a text takes, which breaks what is too long for one."""
    return sum(max(1, -(-cell_len(line) // width)) for line in text.split("\n"))


def _lines(phone_id: str, card: Card, *, cells: int) -> Iterator[tuple[str, ...]]:
    """Give the line of a card, or one for each of the orders on it."""
    beside = False
    for subject, shown in lines_of(card).items():
        progress = shown.get("progress", shown.get("percent", 0) / 100)
        full = round(cells * progress)
        bar = "━" * full + "╌" * (cells - full)
        line = (subject, str(shown.get("status", "-")), bar)
        yield ("", *line, "", "") if beside else (phone_id, *line, card.state, str(card.alerts))
        beside = True
    if "more" in card.content:
        yield "", f"and {card.content['more']} more", "", "", "", ""
