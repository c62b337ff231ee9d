"""Types for the fields of a card, which say more than Python's: a unit, or what may stand in a text."""

from typing import Annotated, Final

from msgspec import Meta

UNIX_SECONDS: Final = "Unix seconds"
CARD_ID_CHARACTERS: Final = 36
SUBJECT_ID_CHARACTERS: Final = 128

UnixSeconds = Annotated[int, Meta(ge=0, le=9_999_999_999, extra_json_schema={"unit": UNIX_SECONDS})]
"""A time. Swift gets an `Int`, and a computed `Date` beside it; ten digits, so that milliseconds are refused."""

Fraction = Annotated[float, Meta(ge=0, le=1)]
"""A share of a whole."""

Word = Annotated[str, Meta(max_length=32, pattern="^[a-z0-9_]*$")]
"""One of the server's own words, such as a step: every character is one byte."""

CardId = Annotated[str, Meta(max_length=CARD_ID_CHARACTERS, description="Lockstep's id of the card.")]

SubjectId = Annotated[
    str, Meta(max_length=SUBJECT_ID_CHARACTERS, pattern="^[!-~]*$", description="What the card is about.")
]
"""An id as events bring it: visible ASCII."""
