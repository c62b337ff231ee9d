"""What can go wrong with devices."""

from events.errors import LockstepError


class UnknownDeviceError(LockstepError):
    """The device has not registered: the app sends its launch report first."""

    def __init__(self, device_id: str) -> None:
        super().__init__(f"The device {device_id} has not registered.")
        self.device_id = device_id
