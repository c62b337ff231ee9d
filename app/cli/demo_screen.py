"""Shows a demo's phones while it runs: a live table on a terminal, lines elsewhere."""

from collections import deque
from collections.abc import Iterator
from types import TracebackType
from typing import Final, Self

import typer
from rich.console import Console, Group
from rich.live import Live
from rich.table import Table
from rich.text import Text

from app.demo.run import DemoResult
from app.demo.shown import lines_of
from app.simulator.card import Card
from app.simulator.simulator import Simulator

MOST_ROWS: Final = 16
LINES: Final = 6
FRAMES_A_SECOND: Final = 4


class Screen:
    """What a person sees of a running demo; enter it to begin.

    Args:
        simulator: Whose phones are shown.
        first: The phone at the top.
    """

    def __init__(self, simulator: Simulator, *, first: str) -> None:
        self._simulator, self._first = simulator, first
        self._lines: deque[str] = deque(maxlen=LINES)
        self._console = Console()
        self._live = Live(console=self._console, get_renderable=self._render, refresh_per_second=FRAMES_A_SECOND)

    def __enter__(self) -> Self:
        if self._console.is_terminal:
            self._live.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._console.is_terminal:
            self._live.stop()

    def tell(self, text: str) -> None:
        """Say what has just happened."""
        if self._console.is_terminal:
            self._lines.append(text)
        else:
            typer.echo(text)

    def show_result(self, result: DemoResult) -> None:
        """Say how a round of the scenario ended."""
        self.tell(
            f"{result.orders} orders played, {result.events} events: "
            + ("every phone shows what it should." if result.phones_match else "phones differ:")
        )
        for each in result.differences:
            self.tell(each)

    def _render(self) -> Group:
        table = Table("phone", "order", "shows", "progress", "state", "alerts", box=None)
        newest_first = reversed(list(self._simulator.phones.values()))
        rows = [
            (agent.phone_id, card)
            for agent in sorted(newest_first, key=lambda each: each.phone_id != self._first)
            if agent.phone.customer_id is not None
            for card in reversed(list(agent.phone.cards.values()))
        ]
        lines = [line for phone_id, card in rows[:MOST_ROWS] for line in _lines(phone_id, card)]
        for line in lines[:MOST_ROWS]:
            table.add_row(*map(Text, line))
        return Group(table, Text("\n".join(self._lines), style="dim"))


def _lines(phone_id: str, card: Card) -> Iterator[tuple[str, ...]]:
    """Give the line of a card, or one for each of the orders on it."""
    beside = False
    for subject, shown in lines_of(card).items():
        progress = shown.get("progress", shown.get("percent", 0) / 100)
        bar = "━" * round(10 * progress) + "╌" * round(10 * (1 - progress))
        line = (subject, str(shown.get("status", "-")), bar)
        yield ("", *line, "", "") if beside else (phone_id, *line, card.state, str(card.alerts))
        beside = True
    if "more" in card.content:
        yield "", f"and {card.content['more']} more", "", "", "", ""
