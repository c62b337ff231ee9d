"""What can go wrong at the edges."""

from events.errors import LockstepError


class SettingsError(LockstepError):
    """The settings cannot be used; the message lists everything that is wrong and how to mend it."""


class ExportFileError(LockstepError):
    """An export's file cannot be written; the message says cause and cure."""


class PointError(LockstepError):
    """Nothing can be told of the time or version that was asked about; the message says why, for whoever asked."""


class TooManyLinesError(LockstepError):
    """No more can follow here now; try again in a moment."""
