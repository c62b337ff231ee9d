"""One figure as a row of the table or as a line of JSON."""

import sys
from dataclasses import dataclass

import msgspec
from rich.console import Console
from rich.table import Table


@dataclass(frozen=True)
class Figure:
    """A measured value, what it is held against, and the target.

    Attributes:
        against: The limit or peer, with its own value; empty where there is none.
        ratio: value divided by the peer's; None where there is no peer.
        target: A comparison with the ratio where there is one, with the value otherwise.
    """

    bench: str
    metric: str
    value: float
    unit: str
    against: str = ""
    ratio: float | None = None
    target: str = ""

    @property
    def met(self) -> bool | None:
        """Tell whether the target is met; None where there is none."""
        if not self.target:
            return None
        sign, _, limit = self.target.partition(" ")
        held = self.value if self.ratio is None else self.ratio
        return held >= float(limit) if sign == "≥" else held <= float(limit)


def beside(bench: str, metric: str, value: float, unit: str, peer: str, peer_value: float, target: str = "") -> Figure:
    """Give a figure beside its limit or peer."""
    return Figure(bench, metric, value, unit, f"{peer}: {peer_value:,.0f} {unit}", value / peer_value, target)


def show(figures: list[Figure], *, as_json: bool) -> None:
    """Print the figures."""
    if as_json:
        for each in figures:
            row = {
                "bench": each.bench,
                "metric": each.metric,
                "value": round(each.value, 3),
                "unit": each.unit,
                "against": each.against,
                "ratio": None if each.ratio is None else round(each.ratio, 3),
                "target": each.target,
                "met": each.met,
            }
            sys.stdout.write(msgspec.json.encode(row).decode() + "\n")
        sys.stdout.flush()
        return
    table = Table()
    for name in ("bench", "metric", "value", "against", "ratio", "target", ""):
        table.add_column(name, justify="right" if name in ("value", "ratio") else "left")
    for each in figures:
        mark = {True: "met", False: "missed", None: ""}[each.met]
        ratio = "" if each.ratio is None else f"{each.ratio:.2f}"
        value = f"{each.value:,.1f} {each.unit}" if each.value < 1_000 else f"{each.value:,.0f} {each.unit}"
        table.add_row(each.bench, each.metric, value, each.against, ratio, each.target, mark)
    Console(width=max(Console().width, 140)).print(table)
