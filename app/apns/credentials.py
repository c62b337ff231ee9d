"""Which signing key authorises which push: several apps, teams and keys in one installation."""

from collections.abc import Sequence

from app.apns.request import Environment
from app.apns.served import Served
from app.apns.shared_token import SharedProviderToken
from projections.pause import ANY_APP, Route


class Credentials:
    """The keys of an installation; they may be replaced while pushes are sent."""

    def __init__(self, keys: Sequence[tuple[Served, SharedProviderToken]]) -> None:
        self._keys: dict[tuple[str, str], SharedProviderToken] = {}
        self.replace(keys)

    @property
    def routes(self) -> list[Route]:
        """List app, environment and key id of everything that is served."""
        return [(app, environment, token.key_id) for (app, environment), token in self._keys.items()]

    @property
    def names(self) -> list[str]:
        """Name the team and key of each credential that serves."""
        return sorted({token.credential for token in self._keys.values()})

    @property
    def issued_at(self) -> dict[str, int]:
        """Tell when the oldest token of each environment was given, in Unix seconds; nothing of those not asked yet."""
        oldest: dict[str, int] = {}
        for (_, environment), token in self._keys.items():
            if token.issued_at is not None:
                oldest[environment] = min(token.issued_at, oldest.get(environment, token.issued_at))
        return oldest

    def keys_in(self, environment: Environment) -> dict[str, str]:
        """Give the keys that serve an environment, as `key id/environment`, by the names of their credentials."""
        return {
            token.credential: f"{token.key_id}/{environment}"
            for (_, served), token in self._keys.items()
            if served == environment
        }

    def replace(self, keys: Sequence[tuple[Served, SharedProviderToken]]) -> None:
        """Serve by these keys from now on; what is under way keeps the one it has."""
        self._keys = {
            (app, environment): token
            for served, token in keys
            for app in served.apps
            for environment in served.environments
        }

    def find(self, app: str, environment: Environment) -> SharedProviderToken | None:
        """Give the token of the key that serves an app there; None when there is none."""
        return self._keys.get((app, environment)) or self._keys.get((ANY_APP, environment))


def no_key(app: str, environment: str) -> str:
    """Say that no key serves an app, and what to do."""
    if environment == Environment.FCM:
        return (
            f"No service account serves {app} on Android. Set LOCKSTEP_FCM_ACCOUNT_FILE, or add the app to "
            "LOCKSTEP_FCM_ACCOUNTS."
        )
    return (
        f"No signing key serves {app} in {environment}. Add it to LOCKSTEP_APNS_CREDENTIALS, or check what the app "
        "reports as its bundle id and environment."
    )
