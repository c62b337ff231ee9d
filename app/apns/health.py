"""What one sender has seen lately of each connection and each topic: pure counting, for the judge."""

from collections import Counter, deque
from typing import Final

from app.apns.answer import BAD_REGISTRATION_TOKEN, Answer
from app.apns.errors import Ambiguous, NotSent
from app.apns.request import Environment

WINDOW: Final = 50
"""Answers of a topic that are looked back on."""

BAD_TOKEN: Final = frozenset({"BadDeviceToken", "DeviceTokenNotForTopic", "SENDER_ID_MISMATCH", BAD_REGISTRATION_TOKEN})


class Health:
    """Counts what makes many failures of cards one failure of something they share.

    Every process counts its own answers; what it concludes is written where all read it.
    """

    def __init__(self) -> None:
        self._server_errors: Counter[tuple[Environment, str]] = Counter()
        self._bad_tokens: dict[tuple[str, Environment], deque[bool]] = {}

    def note(
        self, topic: str, environment: Environment, credential: str, outcome: Answer | NotSent | Ambiguous
    ) -> None:
        """Take an outcome into account."""
        if not isinstance(outcome, Answer):
            return
        lately = self._bad_tokens.setdefault((topic, environment), deque(maxlen=WINDOW))
        lately.append(outcome.reason in BAD_TOKEN)
        if outcome.status == 500:
            self._server_errors[environment, credential] += 1
        else:
            del self._server_errors[environment, credential]

    def server_errors(self, environment: Environment, credential: str) -> int:
        """Tell how many 500s in a row the credential's connection gave."""
        return self._server_errors[environment, credential]

    def bad_tokens(self, topic: str, environment: Environment) -> int:
        """Tell how many of the topic's last answers called a token bad."""
        return sum(self._bad_tokens.get((topic, environment), ()))

    def renewed(self, environment: Environment, credential: str) -> None:
        """Begin to count anew, with a new connection."""
        del self._server_errors[environment, credential]

    def paused(self, topic: str, environment: Environment) -> None:
        """Forget a topic that was paused: what is sent after the pause is judged by what it meets then."""
        self._bad_tokens.pop((topic, environment), None)
