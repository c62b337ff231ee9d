"""What can be wrong with a webhook."""

from events.errors import Fault, LockstepError


class WebhookError(LockstepError):
    """A webhook cannot be set up like this; each fault names the field and the fix."""

    def __init__(self, *faults: Fault) -> None:
        """Keep the faults."""
        super().__init__("; ".join(f"{each.pointer.removeprefix('/')} {each.detail}".strip() for each in faults))
        self.faults = faults


class NoSuchWebhookError(LockstepError):
    """There is no webhook of this name, or nothing of this id; see `lockstep webhooks list`."""


class ForbiddenAddressError(LockstepError, OSError):
    """A name leads to no address that webhooks may be sent to; the message says which setting would allow it."""
