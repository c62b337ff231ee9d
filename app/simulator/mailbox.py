"""Keep for one app what FCM could not deliver yet.

The rules: a message is kept until it has lived its time; one that lives for 0 seconds is delivered now or never. A
hundred are kept. With one more all are discarded, and when the phone is back the app is told that there were some,
and no more than that.

Source:
    Firebase, "Set the lifespan of a message"; "About FCM messages".
"""

from collections.abc import Sequence

import msgspec

from app.simulator.fcm_rules import Message

MOST_KEPT = 100


class Emptied(msgspec.Struct, frozen=True):
    """Hold what came out of a mailbox: what is to be delivered, what expired there, and whether some was discarded."""

    messages: Sequence[Message]
    expired: Sequence[Message]
    overflowed: bool


class Mailbox:
    """Hold messages, in the order in which they came."""

    def __init__(self) -> None:
        self._kept: list[Message] = []
        self._overflowed = False

    def __len__(self) -> int:
        return len(self._kept)

    def keep(self, message: Message) -> Sequence[Message]:
        """Keep a message; give those that are discarded for it."""
        if self._overflowed:
            return (message,)
        if len(self._kept) < MOST_KEPT:
            self._kept.append(message)
            return ()
        discarded, self._kept, self._overflowed = (*self._kept, message), [], True
        return discarded

    def empty(self, now: float) -> Emptied:
        """Take everything out, for a phone that can be reached again."""
        kept, overflowed = self._kept, self._overflowed
        self._kept, self._overflowed = [], False
        return Emptied(
            messages=[each for each in kept if now < each.expires_at],
            expired=[each for each in kept if now >= each.expires_at],
            overflowed=overflowed,
        )
