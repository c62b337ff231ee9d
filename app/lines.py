"""How long a line lasts on which a client is told of news, and how it is kept."""

from typing import Final

QUIET_SECONDS: Final = 15.0
"""A line that is silent for so long is sent something, so that nobody in between hangs up."""
LINE_SECONDS: Final = 900.0
"""A line ends after so long: whoever goes on shows key or ticket again, and is spread over the processes anew."""
