"""How much a test does: little in CI, as much as a release promises with `LOCKSTEP_TEST_RELEASE=1`."""

import os
from typing import Final

RELEASE: Final = os.environ.get("LOCKSTEP_TEST_RELEASE") == "1"


def scaled(ci: int, release: int) -> int:
    """Give the number that this run is to do."""
    return release if RELEASE else ci
