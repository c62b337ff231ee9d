"""What can go wrong with views, as types that say what the caller may do."""

from events.errors import LockstepError


class UnreadableViewError(LockstepError):
    """A stored view cannot be opened or read; leave its subject out: it is folded anew with its next event."""

    def __init__(self, subject_id: str) -> None:
        """Keep whose view it is."""
        super().__init__(f"the stored view of {subject_id} cannot be read")
        self.subject_id = subject_id
