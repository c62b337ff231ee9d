"""The words for cards on phones with Android: stages, rules and sentences are those of iPhones."""

import re
from typing import Final

_GOOGLES: Final = {"Apple": "Google", "APNs": "Firebase", "iOS": "Android", "iPhone": "phone"}
_APPLES = re.compile("|".join(rf"\b{each}" for each in _GOOGLES))


def in_googles_words(text: str) -> str:
    """Name Google's service and system where a sentence names Apple's."""
    return _APPLES.sub(lambda found: _GOOGLES[found[0]], text)
