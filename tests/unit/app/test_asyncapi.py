"""The AsyncAPI document is one, by the schema of AsyncAPI itself."""

from pathlib import Path

import jsonschema_rs
import msgspec

from app.asyncapi import describe_events
from events.vocabulary import public_types
from projections.card_fact import FactType

# Of the package @asyncapi/specs 6.11.1, Apache 2.0, without its white space.
RULES = msgspec.json.decode((Path(__file__).parents[2] / "golden/asyncapi-3.0.0.json").read_bytes())


def test_the_document_is_valid_and_names_every_event() -> None:
    """Those that are taken, and those that are told."""
    document = msgspec.json.decode(msgspec.json.encode(describe_events()))
    jsonschema_rs.Draft7Validator(RULES).validate(document)
    channels = document["channels"]
    assert [*channels["events"]["messages"]] == public_types()
    assert [*channels["cards"]["messages"]] == [each.value for each in FactType]
