"""Any request: schemathesis makes thousands from the API's own document, good and bad, against the whole service."""

import asyncio
import os
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Final

import msgspec
import pytest

from tests.acceptance.world import World, running_world
from tests.conftest import Clock
from tests.scale import scaled

SEED: Final = os.environ.get("LOCKSTEP_SEED", "1")
EXAMPLES: Final = os.environ.get("LOCKSTEP_EXAMPLES", str(scaled(75, 1_000)))
"""Requests that are made up for each route."""
PHASES: Final = ("fuzzing", "examples,coverage,fuzzing,stateful")[scaled(0, 1)]
"""Those that look at the edges of every schema are more than ten thousand."""
CONFIGURATION: Final = Path(__file__).with_name("schemathesis.toml")
PROGRAM: Final = Path(sys.executable).with_name("schemathesis")
FEWEST: Final = 3_000


@pytest.mark.faults
async def test_any_request_has_a_documented_answer(dsn: str, clock: Clock, tmp_path: Path) -> None:
    """No 5xx, no status and no body that the document does not know, and what its schemas refuse is refused."""
    async with running_world(dsn, clock, tmp_path / "certificates") as world:
        said = await _run(world, tmp_path)
    made = _statuses(tmp_path)
    assert said == "", said
    assert sum(made.values()) >= FEWEST
    assert [status for status in made if status >= 500] == []


async def _run(world: World, folder: Path) -> str:
    """Run every check; give what was found, or nothing."""
    process = await asyncio.create_subprocess_exec(
        PROGRAM, "--config-file", CONFIGURATION, "run", f"{world.service.url}/openapi.json",
        "--checks", "all", "--phases", PHASES, "--max-examples", EXAMPLES, "--seed", SEED, "--continue-on-failure",
        # a stream lasts as long as is asked for
        "--exclude-path-regex", "/stream$",
        "--header", f"Authorization: Bearer {world.api_key}",
        "--generation-database", "none", "--report", "ndjson", "--report-ndjson-path", folder / "run.ndjson",
        "--no-color",
        cwd=folder, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT,
    )  # fmt: skip
    said, _ = await process.communicate()
    return "" if process.returncode == 0 else said.decode()


def _statuses(folder: Path) -> Counter[int]:
    """Count the answers by status."""
    found: Counter[int] = Counter()
    for line in (folder / "run.ndjson").read_bytes().splitlines():
        for response in _responses(msgspec.json.decode(line)):
            found[response["status_code"]] += 1
    return found


def _responses(value: Any) -> list[dict[str, Any]]:
    if isinstance(value, dict):
        if "status_code" in value:
            return [value]
        return [each for member in value.values() for each in _responses(member)]
    return [each for member in value for each in _responses(member)] if isinstance(value, list) else []
