"""Names that are looked up slowly or lead nowhere: both engines on a network of their own."""

import asyncio
import sys
from pathlib import Path

import msgspec
import pytest

from tests.faults.lan import why_not
from tests.integration.engines import Make

pytestmark = [
    pytest.mark.faults,
    pytest.mark.skipif(why_not() is not None, reason=f"no network of one's own here: {why_not()}"),
]


async def _outcomes(make: Make, situation: str, folder: Path) -> list[str]:
    process = await asyncio.create_subprocess_exec(
        "unshare", "--net", "--mount", sys.executable,
        "-m", "tests.integration.named_network", make.name, situation, str(folder),
        stdout=asyncio.subprocess.PIPE,
    )  # fmt: skip
    said, _ = await process.communicate()
    assert process.returncode == 0
    return msgspec.json.decode(said, type=list[str])


@pytest.mark.parametrize("situation", ["dead_ipv6", "dead_first"])
async def test_one_dead_address_of_two_is_passed_over(make: Make, situation: str, tmp_path: Path) -> None:
    """Within the time for connecting the living one is reached, of the same protocol or the other."""
    assert await _outcomes(make, situation, tmp_path) == ["200"] * 3


async def test_dead_addresses_alone_are_not_sent(make: Make, tmp_path: Path) -> None:
    """The time for connecting ends it."""
    assert await _outcomes(make, "all_dead", tmp_path) == ["connect"] * 3


async def test_a_slow_name_is_waited_for(make: Make, tmp_path: Path) -> None:
    """As long as it comes within the time for connecting."""
    assert await _outcomes(make, "slow", tmp_path) == ["200"] * 3


async def test_a_name_that_does_not_come_is_not_sent(make: Make, tmp_path: Path) -> None:
    """Whichever time ends first, of connecting, of the push or of the resolver; and later the name is found."""
    expected = ["connect"] * 3 + ["deadline"] * 3 + ["dns"] + ["200"] * 2
    assert await _outcomes(make, "silent", tmp_path) == expected
