"""Kill processes and the database under load, and ask an oracle what is left.

python -m tests.faults.chaos [--small] [--seed N] [--kills N] [--json] [--keep]
"""

import argparse
import asyncio
import shutil
import sys
import time

import msgspec

from app.logs import set_up_logs
from tests.faults.run import Plan, Result, new_folder, run

SMALL_KILLS, RELEASE_KILLS = 20, 1000
SHOWN_VIOLATIONS = 60


def main() -> int:
    """Run, print the table, and give 1 if any promise was broken."""
    given = _arguments()
    kills = given.kills or (SMALL_KILLS if given.small else RELEASE_KILLS)
    seed = given.seed if given.seed is not None else int(time.time()) % 1_000_000
    plan = Plan(seed=seed, kills=kills, crowd=given.crowd, apis=1 if given.small else 2, workers=2)
    set_up_logs("error", "json")
    folder = new_folder()
    result = asyncio.run(run(plan, folder))
    sys.stdout.write(table(result) if not given.json else msgspec.json.encode(result).decode() + "\n")
    for each in result.violations[:SHOWN_VIOLATIONS]:
        sys.stderr.write(f"VIOLATION {each}\n")
    if len(result.violations) > SHOWN_VIOLATIONS:
        sys.stderr.write(f"… and {len(result.violations) - SHOWN_VIOLATIONS} more\n")
    if given.keep or result.violations:
        sys.stderr.write(f"kept in {folder}\n")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return 1 if result.violations else 0


def table(result: Result) -> str:
    """Give the summary for people."""
    load = sorted(result.under_way)
    busy = f"{load[0]} / {load[len(load) // 2]} / {load[-1]}" if load else "-"
    rows = [
        ("seed", result.plan.seed),
        ("processes", f"{result.plan.apis} api, {result.plan.workers} projector+matcher+dispatcher"),
        ("duration", f"{result.seconds:.0f} s"),
        *((f"kill: {name}", count) for name, count in result.kills.items()),
        *((f"kill: exit {name}", count) for name, count in result.aimed.items()),
        ("kills in all", sum(result.kills.values()) + sum(result.aimed.values())),
        ("requests under way at a kill (least / median / most)", busy),
        *result.counts.items(),
        ("answers of the API", _pairs(result.answers)),
        ("answers of the simulated APNs", _pairs(result.pushes)),
        ("at rest after", f"{result.rest_seconds:.1f} s"),
        ("violations", len(result.violations)),
    ]
    width = max(len(name) for name, _ in rows)
    return "".join(f"{name:<{width}}  {value}\n" for name, value in rows)


def _pairs(counts: dict[str, int]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in counts.items())


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=__doc__)
    parser.add_argument("--small", action="store_true", help=f"{SMALL_KILLS} kills, as in CI")
    parser.add_argument("--seed", type=int, help="of every choice of the harness")
    parser.add_argument("--kills", type=int, help=f"instead of {RELEASE_KILLS}")
    parser.add_argument("--crowd", type=int, default=16, help="customers at the same time")
    parser.add_argument("--json", action="store_true", help="one line instead of the table")
    parser.add_argument("--keep", action="store_true", help="keep database, logs and ledger of a good run, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
