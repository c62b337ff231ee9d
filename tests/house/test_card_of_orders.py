"""The card of orders is what apps were built for: its schema and its Swift are committed, and compared here.

LOCKSTEP_WRITE_GOLDEN=1 writes both anew, but no schema that builds which are out could not decode.
"""

import os
from typing import Any, Final

import msgspec

from projections.card_compatibility import Judgement, judge
from projections.card_refusals import read_card, schema_of
from projections.card_shape import CardShape, shape_of
from projections.content_state import CARD
from projections.swift_source import swift_source
from tests.house.swift_source import PACKAGE, REPOSITORY

SCHEMA: Final = REPOSITORY / "tests/golden/cards/OrderAttributes.schema.json"
SWIFT: Final = PACKAGE / "Sources/LockstepCards/OrderAttributes.swift"
WRITES: Final = bool(os.environ.get("LOCKSTEP_WRITE_GOLDEN"))


def test_every_build_can_decode_the_card_of_orders() -> None:
    """A field that some build needs goes only with a reason in the definition's `breaks`."""
    now = schema_of([CARD])
    judged = judge(shapes(msgspec.json.decode(SCHEMA.read_bytes())), list(shapes(now).values()), breaks())

    assert judged.refused == [], "docs/evolving.md, A changed card"
    if WRITES:
        SCHEMA.write_bytes(msgspec.json.format(msgspec.json.encode(now), indent=2) + b"\n")
    assert msgspec.json.decode(SCHEMA.read_bytes()) == now, "accept it with LOCKSTEP_WRITE_GOLDEN=1"


def test_the_swift_package_holds_what_the_command_writes() -> None:
    """There is one source of the card's structs, and nothing in them is refused."""
    card, refused = read_card(CARD)
    assert refused == []

    source = swift_source(card, CARD.kind)
    if WRITES:
        SWIFT.write_text(source, encoding="utf-8")
    assert SWIFT.read_text(encoding="utf-8") == source, "write it with LOCKSTEP_WRITE_GOLDEN=1"


def test_a_change_that_builds_cannot_decode_would_be_seen() -> None:
    """It is no test that nothing can fail."""
    committed = msgspec.json.decode(SCHEMA.read_bytes())
    without = schema_of([CARD])
    content = without["$defs"]["OrderAttributes"]["$defs"]["ContentState"]
    del content["properties"]["status"]

    judged: Judgement = judge(shapes(committed), list(shapes(without).values()), breaks())

    assert [each.field for each in judged.refused] == ["OrderAttributes.contentState.status"]


def shapes(schema: Any) -> dict[str, CardShape]:
    """Read the cards of a schema."""
    return {name: shape_of(each).card for name, each in schema["$defs"].items()}


def breaks() -> dict[str, Any]:
    """Give what the definition declares."""
    return {CARD.attributes_type: CARD.breaks}
