"""What can be wrong with what a caller shows."""

from events.errors import LockstepError


class TicketError(LockstepError):
    """The ticket is not ours, was changed, or is out of its time; ask the shop's backend for a new one."""


class KeySetError(LockstepError):
    """What the shop's key set URL gave is no set of keys that could be used; the message says what it is instead."""


class KeysUnavailableError(LockstepError):
    """The shop's keys are not known, and their URL does not give them now; the same request may succeed later."""
