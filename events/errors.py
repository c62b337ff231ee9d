"""What can go wrong in the log, as types that say what the caller may do."""

from collections.abc import Sequence

import msgspec


class LockstepError(Exception):
    """The root of every error of ours."""


class StoreUnavailableError(LockstepError):
    """Postgres cannot be reached or is restarting: nothing is known of the outcome, ask again with the same ids."""


class TooManyWaitingError(StoreUnavailableError):
    """Too many events wait to be stored here: nothing was done, ask again in a moment or elsewhere."""


class EmbeddedPostgresError(LockstepError):
    """The embedded Postgres cannot be used; the message says the cause and the cure."""


class MigrationError(LockstepError):
    """The schema and the migrations do not fit together; the message says the cause and the cure."""


class SchemaAheadError(MigrationError):
    """A newer release has migrated the database; do not begin to run on it, and go on if you do already."""


class SecretKeyError(LockstepError):
    """The secret key of the settings is missing, malformed, or not the one that this database was made with."""


class ArchiveError(LockstepError):
    """A file of an archive cannot be written, or is not one that can be read; the message says cause and cure."""


class Fault(msgspec.Struct, frozen=True):
    """One thing that is wrong with a document, and where.

    Attributes:
        pointer: JSON pointer (RFC 6901) into the document; "" is the whole of it.
        detail: what is wrong and what would be right; never a value of the document.
    """

    pointer: str
    detail: str


class DocumentError(LockstepError):
    """Bytes from outside are not a document we read; tell the sender every fault."""

    def __init__(self, faults: Sequence[Fault], *, too_large: bool = False) -> None:
        """Keep the faults, and whether size alone was the reason."""
        super().__init__("; ".join(f"{fault.pointer or 'document'}: {fault.detail}" for fault in faults))
        self.faults = tuple(faults)
        self.too_large = too_large


class EventError(LockstepError):
    """A document is not an event of the vocabulary; tell the sender every fault."""

    def __init__(self, faults: Sequence[Fault]) -> None:
        """Keep the faults; pointers are those of a CloudEvent: /id, /type, /data/…."""
        super().__init__("; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults))
        self.faults = tuple(faults)


class NewerEventError(LockstepError):
    """The log holds an event that only a newer release knows; leave its subject to such a worker."""

    def __init__(self, type_: str, schema_version: int) -> None:
        """Keep what is not known."""
        super().__init__(f"{type_} version {schema_version} is not known to this release")
        self.type = type_
        self.schema_version = schema_version


class UnreadableEventError(LockstepError):
    """A stored event does not have the shape its version promises; quarantine its subject."""

    def __init__(self, subject_id: str, version: int, detail: str) -> None:
        """Keep which event it is."""
        super().__init__(f"event {version} of {subject_id} cannot be read: {detail}")
        self.subject_id = subject_id
        self.version = version
        self.detail = detail
