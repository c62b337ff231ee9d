"""Name what can go wrong when the simulator is steered."""


class SimulatorError(Exception):
    """Say that the simulator cannot do what it was told; the message names why."""


class UnknownPhoneError(SimulatorError):
    """Say that no phone has this id; the caller may install one."""

    def __init__(self, phone_id: str) -> None:
        self.phone_id = phone_id
        super().__init__(f"no phone has the id {phone_id!r}")


class UnknownCardError(SimulatorError):
    """Say that the phone has no such card; the caller may look at the phone's cards first."""

    def __init__(self, card: str) -> None:
        self.card = card
        super().__init__(f"the phone has no card {card!r}")
