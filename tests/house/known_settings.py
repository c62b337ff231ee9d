"""The names of variables that the service knows, for whatever sets them."""

from typing import Final

from app.settings import Settings
from app.settings_sources import PREFIX

_SETTINGS: Final = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
KNOWN: Final = _SETTINGS | {f"{name}_FILE" for name in _SETTINGS}
"""The settings and thresholds, and their twins that name a file."""
