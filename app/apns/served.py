"""What a signing key serves; read with the settings, long before a key is."""

from collections.abc import Iterable

import msgspec

from app.apns.request import APPLES, Environment
from app.errors import SettingsError
from projections.pause import ANY_APP


class Served(msgspec.Struct, frozen=True):
    """What a key serves.

    Attributes:
        apps: Bundle ids; ANY_APP stands for those that no other key names.
        environments: Those that the key is good for.
    """

    apps: tuple[str, ...] = (ANY_APP,)
    environments: tuple[Environment, ...] = APPLES


def refuse_two_for_the_same(setting: str, serving: Iterable[tuple[str, Served]], cure: str) -> None:
    """See that no app is served by two in one environment.

    Args:
        setting: Lists them.
        serving: Each by its name, with what it serves.
        cure: What to do about it.

    Raises:
        SettingsError: Two serve the same.
    """
    first: dict[tuple[str, Environment], str] = {}
    for name, served in serving:
        for app in served.apps:
            for environment in served.environments:
                other = first.setdefault((app, environment), name)
                if other != name:
                    which = "every app" if app == ANY_APP else app
                    raise SettingsError(f"{setting}: {other} and {name} both serve {which} in {environment}. {cure}")
