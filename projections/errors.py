"""What can go wrong with views, as types that say what the caller may do."""

from events.errors import LockstepError


class UnreadableViewError(LockstepError):
    """A stored view cannot be opened or read; leave its subject out: it is folded anew with its next event."""

    def __init__(self, subject_id: str) -> None:
        """Keep whose view it is."""
        super().__init__(f"the stored view of {subject_id} cannot be read")
        self.subject_id = subject_id


class MissingEventError(LockstepError):
    """The log lacks an event of a subject; what comes after it cannot be folded."""

    def __init__(self, subject_id: str, version: int) -> None:
        """Keep which event it is."""
        super().__init__(f"the log has no event {version} of {subject_id}")
        self.subject_id = subject_id
        self.version = version


class OtherFoldError(LockstepError):
    """Views were made, or are being made, by another fold version; ask the release that folds so."""


class RebuildError(LockstepError):
    """Another rebuild or rollback stands in the way; the message says which, and how it ends."""
