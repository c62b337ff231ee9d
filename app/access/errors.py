"""What can be wrong with what a caller shows."""

from events.errors import LockstepError


class TicketError(LockstepError):
    """The ticket is not ours, was changed, or is out of its time; ask the shop's backend for a new one."""
