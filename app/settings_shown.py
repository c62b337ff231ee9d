"""Tells every setting for people: its value, without what is secret, and where it comes from."""

import difflib
import os
from typing import Any, Final
from urllib.parse import urlsplit

import msgspec
from pydantic import SecretStr
from pydantic_settings import DotEnvSettingsSource, EnvSettingsSource

from app.settings import Settings
from app.settings_sources import PREFIX, FileSettingsSource
from app.thresholds import thresholds

HIDDEN: Final = "(set, not shown)"
# what the files that start containers read by themselves
_OF_OTHERS: Final = frozenset({f"{PREFIX}APNS_KEY_PATH"})


class ShownSetting(msgspec.Struct, frozen=True):
    """A setting as people may see it.

    Attributes:
        name: Of its variable.
        value: As it counts; None where there is none.
        origin: `command line`, `variable`, `file`, `.env`, `profile fast`, or `default`.
    """

    name: str
    value: str | None
    origin: str


class UnknownVariable(msgspec.Struct, frozen=True):
    """A variable that looks like a setting and is none.

    Attributes:
        meant: The setting with the most alike name, if any is alike.
    """

    name: str
    meant: str | None


def shown_settings(settings: Settings) -> list[ShownSetting]:
    """List every setting, the thresholds last."""
    read = (
        ("variable", EnvSettingsSource(Settings)()),
        ("file", FileSettingsSource(Settings)()),
        (".env", DotEnvSettingsSource(Settings)()),
    )
    sources = [("command line", settings.given), *read]
    defaults = {each.name: each.fast if settings.profile == "fast" else each.default for each in thresholds()}
    changed = {each.name for each in thresholds() if each.fast != each.default} if settings.profile == "fast" else set()
    names = [name for name in Settings.model_fields if name not in defaults] + list(defaults)
    return [
        ShownSetting(
            f"{PREFIX}{name.upper()}",
            _shown(name, _value(settings, name, defaults)),
            next(
                (origin for origin, found in sources if found.get(name) is not None),
                "profile fast" if name in changed else "default",
            ),
        )
        for name in names
    ]


def unknown_variables() -> list[UnknownVariable]:
    """List variables that begin like ours and are none, such as misspelled ones; those of `.env` are not looked at."""
    known = {f"{PREFIX}{name.upper()}" for name in Settings.model_fields}
    known |= {f"{name}_FILE" for name in known} | _OF_OTHERS
    found = sorted(name for name in os.environ if name.upper().startswith(PREFIX) and name.upper() not in known)
    return [
        UnknownVariable(name, next(iter(difflib.get_close_matches(name.upper(), sorted(known), 1, 0.8)), None))
        for name in found
    ]


def without_password(url: str) -> str:
    """Give a URL without its password and without its query, which may hold one; what cannot be read is hidden."""
    try:
        parts = urlsplit(url)
        port = "" if parts.port is None else f":{parts.port}"
    except ValueError:
        return HIDDEN
    if not parts.scheme or parts.netloc.count("@") > 1 or "@" in parts.path:
        return HIDDEN
    user = "" if parts.username is None else f"{parts.username}{':***' if parts.password is not None else ''}@"
    host = f"[{parts.hostname}]" if parts.hostname is not None and ":" in parts.hostname else parts.hostname or ""
    return f"{parts.scheme}://{user}{host}{port}{parts.path}{'?***' if parts.query else ''}"


def _value(settings: Settings, name: str, defaults: dict[str, float]) -> Any:
    value = getattr(settings, name)
    return defaults[name] if value is None and name in defaults else value


def _shown(name: str, value: Any) -> str | None:
    match value:
        case None:
            return None
        case SecretStr():
            return HIDDEN
        case bool():
            return str(value).lower()
        case tuple():
            return ",".join(map(str, value))
        case float():
            return f"{value:g}"
        case str() if name.endswith("_url"):
            return without_password(value)
        case _:
            return str(value)
