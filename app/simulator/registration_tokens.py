"""Remember every registration token that FCM ever gave an app on a virtual phone, and which are dead."""

import msgspec


class RegistrationToken(msgspec.Struct, frozen=True):
    """Say whose token this is and which Firebase project its app belongs to; the sender of another may not use it."""

    value: str
    phone_id: str
    project_id: str
    is_dead: bool = False


class RegistrationTokens:
    """Find tokens by value; forget none: FCM answers 404 for the dead."""

    def __init__(self) -> None:
        self._tokens: dict[str, RegistrationToken] = {}

    def find(self, value: str) -> RegistrationToken | None:
        """Give the token with this value, dead or alive."""
        return self._tokens.get(value)

    def add(self, token: RegistrationToken) -> None:
        """Make the token known."""
        self._tokens[token.value] = token

    def retire(self, value: str) -> None:
        """Let FCM answer 404 for the token from now on."""
        token = self._tokens.get(value)
        if token is not None:
            self._tokens[value] = msgspec.structs.replace(token, is_dead=True)
