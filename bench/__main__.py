"""Run the benchmarks: `python -m bench [name …] [--quick] [--json]`."""

import argparse
import asyncio
import importlib
import sys

import uvloop

from app.logs import set_up_logs
from bench.report import Figure, show

NAMES = (
    "append",
    "eta",
    "project",
    "http",
    "edges",
    "latency",
    "catch_up",
    "claim",
    "waiting",
    "recovery",
    "outage",
    "sweep",
    "memory",
    "flood",
    "overload",
    "hostile",
    "drain",
    "audience",
    "engine",
    "dispatcher",
    "faults",
    "replay",
    "replay_live",
    "console",
)
ON_REQUEST = ("replay_large",)
"""Run by name alone."""


def main() -> int:
    """Run what was asked for and print it; 1 when a target was missed."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("names", nargs="*", metavar="name", help=", ".join(NAMES + ON_REQUEST))
    parser.add_argument("--quick", action="store_true", help="shorter, for a look")
    parser.add_argument("--json", action="store_true", help="one JSON object a line")
    asked = parser.parse_args()
    set_up_logs("warning", "console")
    unknown = set(asked.names) - {*NAMES, *ON_REQUEST}
    if unknown:
        parser.error(f"no benchmark is called {', '.join(sorted(unknown))}; there are {', '.join(NAMES)}")
    figures: list[Figure] = []
    for name in asked.names or NAMES:
        module = importlib.import_module(f"bench.{name}")
        with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
            measured = runner.run(module.run(quick=asked.quick))
        figures += measured
        if asked.json:
            show(measured, as_json=True)
    if not asked.json:
        show(figures, as_json=False)
    return 0 if all(each.met is not False for each in figures) else 1


sys.exit(main())
