"""What is the matter with a card, in the words for a phone with Android: the stages and rules are the same."""

import re
from typing import Final

from msgspec.structs import replace

from projections.explanation import Finding

_GOOGLES: Final = {"Apple": "Google", "APNs": "Firebase", "iOS": "Android", "iPhone": "phone"}
_APPLES = re.compile("|".join(rf"\b{each}" for each in _GOOGLES))


def in_googles_words(finding: Finding) -> Finding:
    """Name Google's service and system where the sentences, which both share, name Apple's."""
    return replace(
        finding,
        state=_translated(finding.state),
        why=_translated(finding.why),
        next_step=_translated(finding.next_step),
    )


def _translated(text: str) -> str:
    return _APPLES.sub(lambda found: _GOOGLES[found[0]], text)
