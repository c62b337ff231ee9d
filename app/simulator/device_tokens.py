"""Remember every device token the virtual phones ever had, and when one died."""

from typing import Literal

import msgspec

Environment = Literal["sandbox", "production"]
TokenKind = Literal["start", "update", "alert"]


class DeviceToken(msgspec.Struct, frozen=True):
    """Say whose token this is, for which topic and environment, and since when it is dead.

    Start and alert tokens have no `activity_id`: they serve the app, an update token one activity. `issued_at` is in
    Unix seconds, by APNs' clock.
    """

    value: str
    phone_id: str
    kind: TokenKind
    topic: str
    environment: Environment
    activity_id: str | None = None
    issued_at: float = 0.0
    dead_since_ms: int | None = None
    dead_reason: Literal["Unregistered", "ExpiredToken"] = "Unregistered"


class DeviceTokens:
    """Find tokens by value; forget none, because APNs answers 410 for the dead."""

    def __init__(self) -> None:
        self._tokens: dict[str, DeviceToken] = {}

    def find(self, value: str) -> DeviceToken | None:
        """Give the token with this value, dead or alive."""
        return self._tokens.get(value)

    def add(self, token: DeviceToken) -> None:
        """Make the token known."""
        self._tokens[token.value] = token

    def retire(self, value: str, reason: Literal["Unregistered", "ExpiredToken"], *, now: float) -> None:
        """Let APNs answer 410 for the token from now on; a token that is dead already stays as it is."""
        token = self._tokens.get(value)
        if token is not None and token.dead_since_ms is None:
            died = int(now * 1000)
            self._tokens[value] = msgspec.structs.replace(token, dead_since_ms=died, dead_reason=reason)
