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
        state=translated(finding.state),
        why=translated(finding.why),
        next_step=translated(finding.next_step),
        since_what=None if finding.since_what is None else translated(finding.since_what),
    )


def translated(text: str) -> str:
    """Give a sentence about a card on an iPhone as one about a card on a phone with Android."""
    return _APPLES.sub(lambda found: _GOOGLES[found[0]], text)
