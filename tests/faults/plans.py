"""Play the demo under every fault plan, one after another, and say which ended with the phones as they must be.

python -m tests.faults.plans [NAME ...] [--seed N] [--engine httpx|rust]
"""

import argparse
import os
import subprocess
import sys
import tempfile
import time

import msgspec

from app.simulator.fault_plans import PLANS

LOCKSTEP = (sys.executable, "-c", "from app.cli.main import main; main()")


def main() -> int:
    """Play, print a line a plan, and give 1 if any ended with phones that differ."""
    parser = argparse.ArgumentParser(prog="plans", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("names", nargs="*", metavar="NAME", help="those to play; all unless given")
    parser.add_argument("--seed", type=int, default=1, help="chooses the cast and how the phones behave")
    parser.add_argument(
        "--engine", choices=("httpx", "rust"), help="what speaks HTTP/2; the default engine unless given"
    )
    given = parser.parse_args()
    failed: list[str] = []
    with tempfile.TemporaryDirectory(prefix="lockstep-plans-") as folder:
        for name in given.names or PLANS:
            began = time.monotonic()
            outcome, faults, differences = play(name, given.seed, folder, given.engine)
            sys.stdout.write(f"{name:36} {outcome:7} {time.monotonic() - began:5.1f} s   {faults}\n")
            sys.stdout.flush()
            if outcome != "match":
                failed.append(name)
                sys.stderr.write(differences)
    sys.stdout.write(f"{len(given.names or PLANS)} plans, {len(failed)} with phones that differ\n")
    return 1 if failed else 0


def play(name: str, seed: int, folder: str, engine: str | None) -> tuple[str, str, str]:
    """Play one plan in a process of its own; give `match` or what else it came to, what went wrong, what differs."""
    command = [*LOCKSTEP, "demo", "--once", "--json", "--seed", str(seed), "--fault", name]
    done = subprocess.run(command, env=_surroundings(folder, engine), check=False, capture_output=True, text=True)  # noqa: S603 - our own command
    if not done.stdout:
        return f"exit {done.returncode}", "", done.stderr
    result = msgspec.json.decode(done.stdout, type=dict[str, object])
    faults = result["faults"]
    counts = ", ".join(f"{count} {each}" for each, count in faults.items()) if isinstance(faults, dict) else ""
    if not counts:
        return "nothing", counts, "nothing went wrong: the plan did not play\n"
    lost = result.get("lost_starts")
    if isinstance(lost, list):
        counts += f", {len(lost)} starts lost"
    return ("match" if result["phones_match"] is True else "differ"), counts, done.stderr


def _surroundings(folder: str, engine: str | None) -> dict[str, str]:
    clean = {name: value for name, value in os.environ.items() if not name.startswith("LOCKSTEP_")}
    chosen = {} if engine is None else {"LOCKSTEP_APNS_ENGINE": engine}
    return clean | chosen | {"LOCKSTEP_DATA_DIRECTORY": folder, "LOCKSTEP_LOG_LEVEL": "error"}


if __name__ == "__main__":
    sys.exit(main())
