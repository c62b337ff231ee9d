"""What a team's code raised, told without the words of the error: they may quote a personal value."""

import traceback
from pathlib import Path
from typing import Final

_OURS: Final = str(Path(__file__).parent)


def raised(name: str, error: Exception) -> str:
    """Say what a function raised, and where: `evolve raised KeyError in booking.py, line 41`."""
    frames = [each for each in traceback.extract_tb(error.__traceback__) if not each.filename.startswith(_OURS)]
    place = f" in {Path(frames[-1].filename).name}, line {frames[-1].lineno}" if frames else ""
    return f"{name} raised {type(error).__name__}{place}"
