"""What a text for support looks like, and what it does not say."""

import re
from typing import Final

WHO_ACTS: Final = re.compile(
    r"(\d\. )?(Customer|Operator|Developer|Nobody)((,| until) (?:[^.:]|(?<=\d):(?=\d))+)?: \S.*[^:]|"
    r"See Next of the order, above\. The card needs nothing else\."
)
UNCLEAR: Final = re.compile(
    r"APNs|worked in|folded?\b|\bstale|\btold\b|taken from|Nothing:|release\b(?! ({order}|order-1))|"
    r"the start\b(?! token)|showAt"
)
"""Words of ours, second names of one thing, and what was misread."""
