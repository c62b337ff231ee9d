"""Name what can go wrong when the demo runs."""


class DemoError(Exception):
    """Say that the demo cannot go on; the message names why."""


class NoCardError(DemoError):
    """Say that a card did not come.

    Attributes:
        order_id: whose.
        device_id: on which phone.
    """

    def __init__(self, why: str, *, order_id: str, device_id: str) -> None:
        super().__init__(why)
        self.order_id, self.device_id = order_id, device_id
