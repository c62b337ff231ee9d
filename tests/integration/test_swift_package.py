"""The Swift package, compiled, where there is a compiler."""

import shutil
import subprocess
from pathlib import Path

import msgspec
import pytest

from projections.card_refusals import read_card
from projections.swift_source import swift_source
from projections.widest import Writing, widest
from tests.examples.card_types import TOUR
from tests.house.swift_source import PACKAGE

DECODE_AND_ENCODE = """
import Foundation

let given = FileHandle.standardInput.readDataToEndOfFile()
let content = try JSONDecoder().decode(TourAttributes.ContentState.self, from: given)
FileHandle.standardOutput.write(try JSONEncoder().encode(content))
"""


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


def test_swift_decodes_every_type_of_a_card(tmp_path: Path) -> None:
    """What `lockstep card swift` writes compiles, keeps a word that it does not know, and loses nothing."""
    swiftc = shutil.which("swiftc")
    if swiftc is None:
        pytest.skip(
            "there is no Swift compiler here: tests/unit/projections/test_swift_source.py parses the same source"
        )
    card = read_card(TOUR).card
    content = widest(card.content_state, Writing.JOINED_EMOJI) | {"mood": "unheard_of", "done": 0.5, "balance": -1.25}
    (tmp_path / "TourAttributes.swift").write_text(swift_source(card, TOUR.kind), encoding="utf-8")
    (tmp_path / "main.swift").write_text(DECODE_AND_ENCODE, encoding="utf-8")
    sources = [PACKAGE / "Sources/LockstepCards/CardAttributes.swift", *tmp_path.glob("*.swift")]
    built = subprocess.run([swiftc, "-o", tmp_path / "tour", *sources], capture_output=True, text=True, check=False)  # noqa: S603
    assert built.returncode == 0, built.stderr

    ran = subprocess.run([tmp_path / "tour"], input=msgspec.json.encode(content), capture_output=True, check=True)  # noqa: S603

    assert msgspec.json.decode(ran.stdout) == content
