"""What a text for support looks like, and what it does not say."""

import re
from typing import Final

_WHO: Final = (
    r"(?:\d\. )?(?:Customer|Operator|You|Nobody(?: else)?|"
    r"Developer of (?:the app|the card's definition|Lockstep|the system that sends order events))"
    r"(?:(?:,| until) (?:[^.:\n]|(?<=\d):(?=\d))+)?: "
)
_STEP: Final = rf"{_WHO}(?!.*\blockstep )\S.*(?:[^:\n]|:(?:\n    lockstep \S.*[^.\n])+)"
NEXT_STEP: Final = re.compile(rf"{_STEP}(?:\n{_STEP})*|See Next of the order, above\. The card needs nothing else\.")
"""A line for each who acts; commands stand alone, each on a line below the one that ends in a colon."""
UNCLEAR: Final = re.compile(
    r"APNs|worked in|folded?\b|\bstale|\btold\b(?! this phone)|taken from|Nothing:|release\b(?! ({order}|order-1))|"
    r"the start\b(?! token)|showAt|\bmend|\banew\b|stands? still|\bstuck\b|[Cc]ard is over|[Cc]ard is gone|"
    r"not accepted by Apple"
)
"""Words of ours, second names of one thing, and what was misread."""
