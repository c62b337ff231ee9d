"""What every fact has in common, and the types that its fields are made of.

JSON names are camelCase. A field that a fact does not have is refused, so that a typo is seen. Personal fields carry
`PERSONAL`; they are found by that mark, and sealed. A personal field that must be given is typed `… | None` without a
default: upstream has to send it, and None says that it was erased.
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Annotated, ClassVar

from msgspec import Meta, Struct

from events.errors import Fault

PERSONAL = {"personal": True}

Key = Annotated[str, Meta(min_length=1, max_length=128, description="An id or a name of a picture.")]
Text = Annotated[str, Meta(min_length=1, max_length=1000, description="Words for people.")]
PersonName = Annotated[str, Meta(min_length=1, max_length=1000, description="A name. Personal.", extra=PERSONAL)]
PersonalText = Annotated[
    str, Meta(min_length=1, max_length=1000, description="Words for people. Personal.", extra=PERSONAL)
]
YEARS = {"pattern": "^(?!(2000-01-01|2100-12-31)T.*[+-](?!00:00))(20[0-9]{2}|2100)-"}
"""Of a time, for those who read its schema; the codec looks at the time itself.

The first and the last day may be of another year by UTC, and are not promised with an offset.
"""
Moment = Annotated[
    datetime, Meta(tz=True, description="RFC 3339 with an offset, from 2000 to 2100.", extra_json_schema=YEARS)
]
ImageKey = Annotated[
    str, Meta(min_length=1, max_length=128, description="Names a picture that the app has on the phone.")
]


class Fact(Struct, frozen=True, forbid_unknown_fields=True, omit_defaults=True, rename="camel", kw_only=True, gc=False):
    """Something that has happened; `TYPE` names it, `booking.made`."""

    TYPE: ClassVar[str]


class Judged(Fact, frozen=True, kw_only=True):
    """A fact that is also looked at as a whole when it comes in, and never again: limits may change, the log stays."""

    def faults(self) -> Iterator[Fault]:
        """Name what is wrong with it beside its fields; pointers are from its data on."""
        yield from ()
