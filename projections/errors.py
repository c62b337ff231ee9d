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


class RenderError(LockstepError):
    """A card cannot be drawn from a view; it fails alone, and says why, which holds no value of its subject."""

    def __init__(self, attributes_type: str, why: str) -> None:
        """Keep which card it is."""
        super().__init__(f"{attributes_type}: {why}")
        self.attributes_type = attributes_type


class UnknownCardError(RenderError):
    """No definition here is of this attributes type, or of subjects of this kind; a process with its module has it."""


class CardModuleError(LockstepError):
    """Modules of cards cannot be used; the message lists everything that is wrong, and how to mend it."""


class EvolveError(LockstepError):
    """A definition's code cannot fold an event; its subject is quarantined, and says why without a value of its."""

    def __init__(self, kind: str, why: str) -> None:
        """Keep the kind of the subject."""
        super().__init__(f"{kind}: {why}")
        self.kind = kind


class OutdatedViewError(LockstepError):
    """A view was folded by another version of its definition; fold its subject again."""

    def __init__(self, kind: str, made_by: int, version: int) -> None:
        """Keep which versions they are."""
        super().__init__(f"folded by version {made_by} of {kind}, and this process has version {version}")
        self.kind = kind
        self.made_by = made_by


class CardTypesError(LockstepError):
    """The types of a card cannot be told; the message says which they are."""


class FilterError(LockstepError):
    """A filter of a segment cannot be read.

    Attributes:
        at: Where, in characters from 0.
        why: What is wrong there, and what would be right; it quotes nothing.
    """

    def __init__(self, at: int, why: str) -> None:
        """Keep the place."""
        super().__init__(f"at character {at + 1}: {why}")
        self.at = at
        self.why = why


class SegmentUnknownError(LockstepError):
    """There is no segment of this name."""

    def __init__(self, name: str) -> None:
        """Keep the name."""
        super().__init__(f"There is no segment {name}.")
        self.name = name
