"""The Swift package, compiled, where there is a compiler."""

import shutil
import subprocess
from pathlib import Path

import pytest

from tests.house.swift_source import PACKAGE


def test_the_package_decodes_every_golden_document(tmp_path: Path) -> None:
    """Its own tests compile what Foundation alone can, and read `tests/golden` as ActivityKit would."""
    swift = shutil.which("swift")
    if swift is None:
        pytest.skip("there is no Swift compiler here: names, types and paths are compared by tests/house/test_swift.py")
    ran = subprocess.run(  # noqa: S603
        [swift, "test", "--package-path", PACKAGE, "--scratch-path", tmp_path],
        capture_output=True,
        text=True,
        check=False,
    )

    assert ran.returncode == 0, f"{ran.stdout}\n{ran.stderr}"
