"""What keeps a command from running."""

from events.errors import LockstepError


class CommandError(LockstepError):
    """The command could not do its work; the message says cause and cure."""
