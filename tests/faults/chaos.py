"""Kill processes and the database under load, and ask an oracle what is left.

python -m tests.faults.chaos [--small] [--seed N] [--kills N] [--record FILE] [--soak MINUTES] [--json] [--keep]

Many kills are dealt in rounds: each begins with an empty database and is judged to the end, and the first that breaks
a promise is the last. With `--record` every judged round is a line of a file; the same command, given again after
whatever ended it, deals the kills that are still missing.
"""

import argparse
import asyncio
import shutil
import sys
import time
from collections import Counter
from collections.abc import Iterable, Sequence
from pathlib import Path

import msgspec

from app.logs import set_up_logs
from tests.faults.fleet import HopelessError
from tests.faults.run import Result, run
from tests.faults.soak import soak
from tests.faults.soak import table as soak_table
from tests.faults.stage import Plan, new_folder

SMALL_KILLS, RELEASE_KILLS = 20, 1000
KILLS_A_ROUND = 100
SMALL_SOAK_MINUTES = 0.4
SHOWN_VIOLATIONS = 60
BROKEN, INTERRUPTED = 1, 130


def main() -> int:
    """Run round after round, print a table of each and of all; give 1 if any promise was broken."""
    given = _arguments()
    kills = given.kills or (SMALL_KILLS if given.small else RELEASE_KILLS)
    set_up_logs("error", "json")
    if given.soak is not None:
        return _soak(given.soak, given)
    results = _recorded(given.record)
    if results and any(each.violations for each in results):
        sys.stderr.write(f"{given.record} holds a round that broke a promise; begin another file\n")
        return BROKEN
    status = 0
    first_seed = _seed(given)
    while status == 0 and (missing := kills - sum(each.dealt for each in results)) > 0:
        seed = first_seed + len(results)
        plan = Plan(seed=seed, kills=min(missing, KILLS_A_ROUND), crowd=given.crowd)
        status = _round(plan, results, given)
    if len(results) > 1 and not given.json:
        sys.stdout.write(f"\nall rounds\n{table(results)}")
    if status == 0 and given.small:
        status = _soak(SMALL_SOAK_MINUTES, given)
    return status


def _soak(minutes: float, given: argparse.Namespace) -> int:
    """Soak, and tell what came of it."""
    folder = new_folder()
    plan = Plan(seed=_seed(given), kills=0, crowd=given.crowd // 2, each=1)
    try:
        result = asyncio.run(soak(plan, folder, minutes * 60))
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.stderr.write(f"seed {plan.seed}: interrupted. Its logs are in {folder}\n")
        return INTERRUPTED
    sys.stdout.write(msgspec.json.encode(result).decode() + "\n" if given.json else soak_table(result))
    sys.stdout.flush()
    return _told(result.violations, folder, f"--seed {plan.seed} --soak {minutes:g}", given)


def _seed(given: argparse.Namespace) -> int:
    return given.seed if given.seed is not None else int(time.time()) % 1_000_000


def _round(plan: Plan, results: list[Result], given: argparse.Namespace) -> int:
    """Run once, tell what came of it, and add it to the results."""
    folder = new_folder()
    try:
        result = asyncio.run(run(plan, folder))
    except HopelessError as error:
        sys.stderr.write(f"seed {plan.seed}: {error}\n")
        return BROKEN
    except (KeyboardInterrupt, asyncio.CancelledError):
        sys.stderr.write(f"seed {plan.seed}: interrupted; this round does not count. Its logs are in {folder}\n")
        return INTERRUPTED
    results.append(result)
    line = msgspec.json.encode(result).decode() + "\n"
    if given.record is not None:
        with given.record.open("a") as record:
            record.write(line)
    sys.stdout.write(line if given.json else table([result]))
    sys.stdout.flush()
    return _told(result.violations, folder, f"--seed {plan.seed} --kills {plan.kills}", given)


def _told(violations: Sequence[str], folder: Path, again: str, given: argparse.Namespace) -> int:
    """Tell every violation, and keep what it happened in; give the status."""
    for each in violations[:SHOWN_VIOLATIONS]:
        sys.stderr.write(f"VIOLATION {each}\n")
    if len(violations) > SHOWN_VIOLATIONS:
        sys.stderr.write(f"… and {len(violations) - SHOWN_VIOLATIONS} more\n")
    if given.keep or violations:
        sys.stderr.write(f"kept in {folder}; alike: make chaos ARGS='{again}'\n")
    else:
        shutil.rmtree(folder, ignore_errors=True)
    return BROKEN if violations else 0


def _recorded(record: Path | None) -> list[Result]:
    """Read the rounds of a file; none where there is no file yet."""
    if record is None or not record.exists():
        return []
    return [msgspec.json.decode(line, type=Result) for line in record.read_text().splitlines()]


def table(results: Sequence[Result]) -> str:
    """Give the summary of one round or of many for people."""
    load = sorted(each for result in results for each in result.under_way)
    busy = f"{load[0]} / {load[len(load) // 2]} / {load[-1]}" if load else "-"
    rows = [
        ("seed", ", ".join(str(each.plan.seed) for each in results)),
        ("processes", f"{results[0].plan.each} of each role: api, projector, matcher, dispatcher"),
        ("duration", f"{sum(each.seconds for each in results):.0f} s"),
        *((f"kill: {name}", count) for name, count in _sum(each.kills for each in results)),
        *((f"kill: exit {name}", count) for name, count in _sum(each.aimed for each in results)),
        ("kills in all", sum(each.dealt for each in results)),
        ("of these, processes of a role", sum(each.of_roles for each in results)),
        ("requests under way at a kill (least / median / most)", busy),
        *((name, _over(name, [each.counts.get(name, 0) for each in results])) for name in _names(results)),
        ("answers of the API", _pairs(_sum(each.answers for each in results))),
        ("answers of the simulated APNs", _pairs(_sum(each.pushes for each in results))),
        ("at rest after", f"{max(each.rest_seconds for each in results):.1f} s"),
        ("violations", sum(len(each.violations) for each in results)),
    ]
    width = max(len(name) for name, _ in rows)
    return "".join(f"{name:<{width}}  {value}\n" for name, value in rows)


def _names(results: Sequence[Result]) -> list[str]:
    """Give what was counted in any round, in the order of the first that did."""
    return list(dict.fromkeys(name for each in results for name in each.counts))


def _over(name: str, counts: Sequence[int]) -> int:
    return max(counts) if name.startswith("slowest") else sum(counts)


def _sum(counts: Iterable[dict[str, int]]) -> list[tuple[str, int]]:
    total: Counter[str] = Counter()
    for each in counts:
        total.update(each)
    return sorted(total.items())


def _pairs(counts: Sequence[tuple[str, int]]) -> str:
    return ", ".join(f"{name}: {count}" for name, count in counts)


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="make chaos", description=(__doc__ or "").partition("\n")[0])
    parser.add_argument("--small", action="store_true", help=f"{SMALL_KILLS} kills and a short soak, as in CI")
    parser.add_argument("--seed", type=int, help="of every choice of the harness; each round has the next")
    parser.add_argument("--kills", type=int, help=f"instead of {RELEASE_KILLS}")
    parser.add_argument("--crowd", type=int, default=16, help="customers at the same time")
    parser.add_argument("--record", type=Path, help="a line for each round; what is there already is not done again")
    parser.add_argument("--soak", type=float, metavar="MINUTES", help="no kills; one fault plan after another")
    parser.add_argument("--json", action="store_true", help="a line for each round instead of tables")
    parser.add_argument("--keep", action="store_true", help="keep database, logs and ledger of a good run, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
