"""Every stored shape stays readable: one file for each type and version, added and never edited."""

import base64
import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import msgspec
import pytest

from events.codec import decode
from events.envelope import RecordedEvent
from events.vocabulary import TODAY_VERSION
from tests.examples.events import NOON, new_event

HERE = Path(__file__).parent / "events"
FILES = sorted(HERE.glob("*.json"))


def stored(golden: dict[str, Any], *, personal: bool = True) -> RecordedEvent:
    """Give the golden document as the log would hand it out."""
    half = golden["personal"] if personal else None
    return RecordedEvent(
        "order-1",
        1,
        "shop",
        "event-1",
        golden["type"],
        golden["schemaVersion"],
        json.dumps(golden["data"]),
        None if half is None else json.dumps(half).encode(),
        NOON,
        NOON + timedelta(seconds=1),
    )


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_stored_shape_reads_as_todays_fact(path: Path) -> None:
    """Bytes that were ever stored read as the fact they stood for."""
    golden = json.loads(path.read_text())

    fact = decode(stored(golden))

    assert msgspec.json.decode(msgspec.json.encode(fact)) == golden["today"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_a_stored_shape_reads_without_its_personal_half(path: Path) -> None:
    """Every stored shape survives erasure, and no personal value comes back."""
    golden = json.loads(path.read_text())

    fact = decode(stored(golden, personal=False))

    assert msgspec.json.decode(msgspec.json.encode(fact)) == golden["erased"]


@pytest.mark.parametrize("path", FILES, ids=lambda path: path.stem)
def test_the_same_document_is_stored_the_same_for_ever(path: Path) -> None:
    """Halves and digest are pinned, or a retry across a release would look like a reused id."""
    golden = json.loads(path.read_text())

    event = new_event(golden["type"], golden["document"], schema_version=golden["schemaVersion"])

    assert json.loads(event.data) == golden["data"]
    assert (None if event.personal is None else json.loads(event.personal)) == golden["personal"]
    assert base64.b64encode(event.digest).decode() == golden["digest"]


def test_every_type_and_version_has_its_golden_file() -> None:
    """A new version comes with its file."""
    wanted = {f"{name}.v{version}" for name, newest in TODAY_VERSION.items() for version in range(1, newest + 1)}

    assert {path.stem for path in FILES} == wanted
